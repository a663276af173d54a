//! `/relay disconnect [CHANNEL]` in a room, and `relay disconnect CHANNEL ROOM` on the command line: a room leaves a Relay
//! channel.

use super::words::{named, named_in, shown};
use super::{COMMAND_LINE, Commands, Refused};
use crate::config::Joined;
use crate::config::joined::Entry;
use crate::engine::{PlannedLink, RunningAccount};
use relay_contract::Call;
use std::sync::Arc;

impl Commands {
    pub(super) async fn disconnect(
        &self,
        account: &Arc<RunningAccount>,
        call: &Call,
        channel: Option<&str>,
    ) -> Result<String, Refused> {
        self.must_manage(account, call).await?;
        let joined = self.core.joined(&call.room);
        let (channel, link) = match (channel, joined.as_slice()) {
            (_, []) => return Err("This room is not joined to any Relay channel.".into()),
            (None, [only]) => only.clone(),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                return Err(format!(
                    "From which? Write /relay disconnect with one of: {}.",
                    names.join(", ")
                ));
            }
            (Some(named), all) => match all.iter().find(|(name, _)| name == named) {
                Some(found) => found.clone(),
                None => return Err(format!("This room is not joined to {named}.")),
            },
        };
        self.leave(account, &channel, link, named(&call.asker)).await?;
        Ok(format!(
            "This room has left {channel}: from now on nothing is carried between them. /relay connect {channel} joins it again."
        ))
    }

    /// On the command line: whoever runs Relay takes any room out.
    pub async fn disconnect_named(&self, channel: &str, room: &str) -> Result<String, Refused> {
        let channels = self.core.channels();
        let Some(found) = channels.get(channel) else {
            let all: Vec<&str> = channels.keys().map(String::as_str).collect();
            return Err(format!("There is no channel `{channel}`. There is: {}.", all.join(", ")));
        };
        let written = |link: &PlannedLink| format!("{}:{}", link.at.account, link.at.room);
        let is_meant = |link: &&PlannedLink| {
            let named = self.core.known.get(&link.at.account, &link.at.room).map(|known| {
                let (space, name) = (known.space_name, known.name);
                [known.key.room.to_string(), format!("{space}/{name}"), name]
            });
            let mut names = named.iter().flatten().map(|name| format!("{}:{name}", link.at.account));
            written(link) == room || names.any(|name| name == room)
        };
        let Some(link) = found.links.iter().find(is_meant).cloned() else {
            let all: Vec<String> = found.links.iter().map(|link| format!("\"{}\"", written(link))).collect();
            return Err(format!("`{room}` is not joined to {channel}. Joined are: {}.", all.join(", ")));
        };
        let Some(account) = self.core.accounts.get(&link.at.account) else {
            return Err(format!("There is no account `{}`.", link.at.account));
        };
        let name = self.leave(account, channel, link, COMMAND_LINE.into()).await?;
        Ok(format!("{name} has left {channel}, and every room of it is told."))
    }

    /// Takes a room out: on disk, in force, and the others are told. Answers what the room is called.
    async fn leave(
        &self,
        account: &RunningAccount,
        channel: &str,
        link: PlannedLink,
        by: String,
    ) -> Result<String, Refused> {
        let known = self.core.known.get(&link.at.account, &link.at.room);
        let shown_name = known
            .as_ref()
            .map_or_else(|| link.at.room.to_string(), |known| named_in(&known.name, &known.space_name));
        let entry = Entry {
            room: format!("{}:{}", link.at.account, link.at.room),
            name: shown_name.clone(),
            by: by.clone(),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let (name, at) = (channel.to_owned(), link.at.clone());
        let on_disk = move |changed: &mut Joined| {
            changed.links.retain(|other| other.room != entry.room);
            // What the admin wrote stays written: it is noted that it does not count.
            if !link.joined {
                changed.disconnected.retain(|other| other.room != entry.room);
                changed.disconnected.push(entry);
            }
        };
        self.change(channel, on_disk, move |channels| {
            let Some(channel) = channels.get_mut(&name) else { return };
            let (gone, stay) = std::mem::take(&mut channel.links).into_iter().partition(|link| link.at == at);
            channel.links = stay;
            channel.disconnected.extend(Vec::into_iter(gone).filter(|link| !link.joined));
        })
        .await?;
        let room = known.as_ref().map(|known| known.key.to_string());
        tracing::info!(account = %account.name, room, name = shown_name, channel, by, "a room has left");
        if let Some(known) = known {
            let words = format!("{shown_name} ({}) has left {channel}.", shown(&known.key.platform));
            self.tell(account, &known.key, channel, &words).await;
        }
        Ok(shown_name)
    }
}
