//! `/relay disconnect [CHANNEL]` in a room, and `relay disconnect CHANNEL ROOM` on the command line: a room leaves a Relay
//! channel.

use super::words::{named, named_in, now, shown};
use super::{COMMAND_LINE, Commands, Refused, Reply, offer};
use crate::api;
use crate::config::Joined;
use crate::config::joined::Entry;
use crate::engine::{PlannedLink, RunningAccount};
use crate::routing::LinkSettings;
use crate::text;
use crate::texts::Language;
use relay_contract::{Call, Offer};
use std::sync::Arc;

impl Commands {
    pub(super) async fn disconnect(
        &self,
        account: &Arc<RunningAccount>,
        call: &Call,
        channel: Option<&str>,
    ) -> Result<Reply, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        let joined = self.core.joined(&call.room);
        let (channel, link) = match (channel, joined.as_slice()) {
            (_, []) => return Err(text!(language, "status-not-joined")),
            (None, [only]) => only.clone(),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                let words = text!(language, "disconnect-which", channels = names.join(", "));
                let leave = |name: &&str| Offer {
                    grave: true,
                    ..offer((*name).to_owned(), format!("disconnect {name}"))
                };
                return Ok(Reply::offering(words, names.iter().map(leave).collect()));
            }
            (Some(named), all) => match all.iter().find(|(name, _)| name == named) {
                Some(found) => found.clone(),
                None => return Err(text!(language, "disconnect-not-joined", channel = named)),
            },
        };
        self.leave(account, &channel, link, named(&call.asker)).await?;
        let back = offer(text!(language, "connect-back"), format!("connect {channel}"));
        Ok(Reply::offering(text!(language, "disconnect-done", channel = channel), vec![back]))
    }

    /// On the command line: whoever runs Relay takes any room out.
    pub async fn disconnect_named(&self, channel: &str, room: &str) -> Result<String, Refused> {
        let channels = self.core.channels();
        let Some(found) = channels.get(channel) else {
            let all: Vec<&str> = channels.keys().map(String::as_str).collect();
            return Err(format!("There is no channel `{channel}`. There is: {}.", all.join(", ")));
        };
        let account = room.split_once(':').map(|(account, _)| account);
        if account == Some(api::WEBHOOKS) {
            return Err("A webhook is no room that was joined: take its [api.outgoing.NAME] out of the config, and start Relay again.".into());
        }
        if account == Some(api::ACCOUNT) {
            return Err(format!(
                "The API is no room that was joined: `channels` in [api] says which channels it has. Leave {channel} out there, and start \
                 Relay again."
            ));
        }
        let written = |link: &PlannedLink| format!("{}:{}", link.at.account, link.at.room);
        let is_meant = |link: &&PlannedLink| {
            let named = self.core.known.get(&link.at.account, &link.at.room).map(|known| {
                let (space, name) = (known.space_name, known.name);
                [known.key.room.to_string(), format!("{space}/{name}"), name]
            });
            let mut names = named.iter().flatten().map(|name| format!("{}:{name}", link.at.account));
            written(link) == room || names.any(|name| name == room)
        };
        let links = found
            .links
            .iter()
            .filter(|link| ![api::ACCOUNT, api::WEBHOOKS].contains(&link.at.account.0.as_str()));
        let meant: Vec<&PlannedLink> = links.clone().filter(is_meant).collect();
        let exact = meant.iter().find(|link| written(link) == room).copied();
        let link = match (exact, meant.as_slice()) {
            (Some(link), _) => link.clone(),
            (None, [link]) => (*link).clone(),
            (None, []) => {
                let all: Vec<String> = links.map(|link| format!("\"{}\"", written(link))).collect();
                return Err(match all.is_empty() {
                    true => format!("`{room}` is not joined to {channel}, and nor is any other room."),
                    false => format!("`{room}` is not joined to {channel}. Joined are: {}.", all.join(", ")),
                });
            }
            (None, several) => {
                let all: Vec<String> = several.iter().map(|link| format!("\"{}\"", written(link))).collect();
                return Err(format!("`{room}` may be one of: {}. Write one of these.", all.join(", ")));
            }
        };
        let Some(account) = self.core.accounts.get(&link.at.account) else {
            return Err(format!("There is no account `{}`.", link.at.account));
        };
        let name = self.leave(&account, channel, link, COMMAND_LINE.into()).await?;
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
        let shown_name = known.as_ref().map_or_else(
            || link.at.room.to_string(),
            |known| named_in(Language::English, &known.name, &known.space_name),
        );
        // One room may be written in two ways: all of them go.
        let key = known.as_ref().map(|known| known.key.clone());
        if let Some(key) = &key
            && let Err(error) = self.core.let_all_go(key).await
        {
            tracing::error!(%error, "what was held of a room that leaves stays held");
        }
        let is_it = |other: &PlannedLink| {
            other.at == link.at || key.as_ref().is_some_and(|key| self.is_room(&other.at, key))
        };
        let channels = self.core.channels();
        let gone: Vec<PlannedLink> = channels
            .get(channel)
            .into_iter()
            .flat_map(|channel| &channel.links)
            .filter(|link| is_it(link))
            .cloned()
            .collect();
        let entries: Vec<(Entry, bool)> = gone
            .iter()
            .map(|link| {
                let entry = Entry {
                    room: format!("{}:{}", link.at.account, link.at.room),
                    id: key.as_ref().map(|key| key.room.to_string()),
                    name: shown_name.clone(),
                    by: by.clone(),
                    at: now(),
                    told: true,
                };
                (entry, link.joined)
            })
            .collect();
        let (name, places) =
            (channel.to_owned(), gone.iter().map(|link| link.at.clone()).collect::<Vec<_>>());
        let on_disk = move |changed: &mut Joined| {
            for (entry, joined) in entries {
                changed.links.retain(|other| other.room != entry.room);
                changed.names.retain(|other| other.room != entry.room);
                // What the admin wrote stays written: it is noted that it does not count.
                if !joined {
                    changed.disconnected.retain(|other| other.room != entry.room);
                    changed.disconnected.push(entry);
                }
            }
            true
        };
        self.change(channel, on_disk, move |channels| {
            let Some(channel) = channels.get_mut(&name) else { return };
            let (gone, stay) =
                std::mem::take(&mut channel.links).into_iter().partition(|link| places.contains(&link.at));
            channel.links = stay;
            // Joined again, it is as the admin wrote it.
            let gone = Vec::into_iter(gone).filter(|link| !link.joined);
            let own = |link: PlannedLink| {
                let settings = LinkSettings { name: link.own_name.clone(), ..link.settings.clone() };
                PlannedLink { settings, ..link }
            };
            channel.disconnected.extend(gone.map(own));
        })
        .await?;
        if let Some(key) = &key {
            // What waits for it is closed, also where the lane waits for something else.
            self.core.look_at_lane(key);
        }
        if let Some(key) = key.as_ref().filter(|key| self.core.joined(key).is_empty()) {
            self.forget_moderation(key).await;
        }
        let room = key.as_ref().map(ToString::to_string);
        tracing::info!(account = %account.name, room, name = shown_name, channel, by, "a room has left");
        if let Some(known) = known {
            let language = self.core.language_in(channel);
            let room = named_in(language, &known.name, &known.space_name);
            let platform = shown(&known.key.platform);
            let words = text!(language, "room-left", room = room, platform = platform, channel = channel);
            self.tell(account, &known.key, channel, &words).await;
        }
        Ok(shown_name)
    }
}
