//! `/relay disconnect [CHANNEL]`: a room leaves a Relay channel.

use super::connect::named;
use super::{Commands, Refused, shown};
use crate::config::Joined;
use crate::config::joined::Entry;
use crate::engine::RunningAccount;
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
            (_, []) => return Err("This room is not joined to any channel.".into()),
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
        let known = self.core.known.get(&link.at.account, &link.at.room);
        let shown_name = known.as_ref().map_or_else(
            || link.at.room.to_string(),
            |known| match known.space_name == known.name || known.space_name.is_empty() {
                true => known.name.clone(),
                false => format!("{} of {}", known.name, known.space_name),
            },
        );
        let entry = Entry {
            room: format!("{}:{}", link.at.account, link.at.room),
            name: shown_name.clone(),
            by: named(&call.asker),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let (name, at) = (channel.clone(), link.at.clone());
        let on_disk = move |changed: &mut Joined| {
            changed.links.retain(|other| other.room != entry.room);
            // What the admin wrote stays written: it is noted that it does not count.
            if !link.joined {
                changed.disconnected.retain(|other| other.room != entry.room);
                changed.disconnected.push(entry);
            }
        };
        self.change(&channel, on_disk, move |channels| {
            let Some(channel) = channels.get_mut(&name) else { return };
            let (gone, stay) = std::mem::take(&mut channel.links).into_iter().partition(|link| link.at == at);
            channel.links = stay;
            channel.disconnected.extend(Vec::into_iter(gone).filter(|link| !link.joined));
        })
        .await?;
        tracing::info!(account = %account.name, room = %call.room, channel, by = %call.asker.id, "a room has left");
        let words = format!("{shown_name} ({}) has left {channel}.", shown(&call.room.platform));
        self.tell(account, &call.room, &channel, &words).await;
        Ok(format!(
            "This room has left {channel}: from now on nothing is carried between them. /relay connect {channel} joins it again."
        ))
    }
}
