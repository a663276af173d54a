//! Every channel that people talk in, of every guild that the bot is in.

use crate::connector::{Discord, Us};
use crate::errors::Failure;
use crate::guilds::{self, Channel, out_of_reach};
use crate::rest::Rest;
use futures::StreamExt;
use relay_contract::{Listed, Listing, OpenError};
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use twilight_model::channel::ChannelType;
use twilight_model::id::Id;
use twilight_model::id::marker::GuildMarker;

/// How long it may take. What was not told by then is left out, and the list is not complete.
const WITHIN: Duration = Duration::from_secs(30);
/// How many guilds are asked about at the same time.
const AT_ONCE: usize = 4;
/// How many guilds are told at once, which is the most that Discord gives.
///
/// <https://discord.com/developers/docs/resources/user#get-current-user-guilds>
const PAGE: u16 = 200;

/// A guild in the list of ours.
#[derive(Deserialize)]
struct Ours {
    id: Id<GuildMarker>,
}

impl Discord {
    /// `find`. Active threads are left out: they are linked by their id.
    pub(crate) async fn list_rooms(&self) -> Result<Listing, OpenError> {
        let until = Instant::now() + WITHIN;
        let late =
            |_| OpenError::Unavailable(format!("Discord did not answer within {} seconds", WITHIN.as_secs()));
        let rest = self.rest().map_err(OpenError::Refused)?;
        let us = timeout_at(until, self.us_or_ask(&rest)).await.map_err(late)??;
        let guilds = timeout_at(until, our_guilds(&rest, until)).await.map_err(late)??;
        let mut listing = Listing { rooms: Vec::new(), complete: true };
        let mut failed = None;
        let mut asked = futures::stream::iter(guilds)
            .map(|Ours { id }| {
                let rooms = self.rooms_of(&rest, us, id);
                async move { (id, rooms.await) }
            })
            .buffered(AT_ONCE);
        loop {
            match timeout_at(until, asked.next()).await {
                Ok(None) => break,
                Ok(Some((_, Ok(rooms)))) => listing.rooms.extend(rooms),
                Ok(Some((_, Err(failure)))) if failure.is_unauthorized() => return Err(failure.into()),
                // We have left it since.
                Ok(Some((_, Err(Failure::Refused { status: 403 | 404, .. })))) => {}
                Ok(Some((guild, Err(failure)))) => {
                    tracing::warn!(%guild, why = failure.words(), "the channels of a server cannot be listed");
                    listing.complete = false;
                    failed = Some(failure);
                }
                Err(_) => {
                    tracing::warn!(within = ?WITHIN, "not all servers told their channels in time");
                    listing.complete = false;
                    break;
                }
            }
        }
        match failed {
            Some(failure) if listing.rooms.is_empty() => Err(failure.into()),
            _ => Ok(listing),
        }
    }

    async fn rooms_of(&self, rest: &Rest, us: Us, guild: Id<GuildMarker>) -> Result<Vec<Listed>, Failure> {
        let home = guilds::home(rest, us.user, guild).await?;
        let channels: Vec<Channel> = rest.ask(rest.client().guild_channels(guild)).await?;
        let listed = in_order(channels).into_iter().map(|channel| {
            let (report, allowed) = home.report(self.config.network(), us, &channel, &channel);
            Listed { report, problem: out_of_reach(allowed) }
        });
        Ok(listed.collect())
    }
}

/// Pages through our guilds. Waits out the limit of this one list, as nobody but us asks for its pages.
async fn our_guilds(rest: &Rest, until: Instant) -> Result<Vec<Ours>, Failure> {
    let mut all: Vec<Ours> = Vec::new();
    loop {
        let mut request = rest.client().current_user_guilds().limit(PAGE);
        if let Some(last) = all.last() {
            request = request.after(last.id);
        }
        let page: Vec<Ours> = match rest.ask(request).await {
            Err(Failure::RateLimited(wait, _)) if Instant::now() + wait < until => {
                tokio::time::sleep(wait).await;
                continue;
            }
            answer => answer?,
        };
        let more = page.len() == usize::from(PAGE);
        all.extend(page);
        if !more {
            return Ok(all);
        }
    }
}

/// The channels that people talk in, as a client shows them: by category, and in each by place.
fn in_order(channels: Vec<Channel>) -> Vec<Channel> {
    let is_talk = |channel: &Channel| {
        matches!(channel.kind, ChannelType::GuildText | ChannelType::GuildAnnouncement) || channel.is_forum()
    };
    let places: HashMap<_, _> = channels.iter().map(|channel| (channel.id, channel.position)).collect();
    let mut talk: Vec<Channel> = channels.into_iter().filter(is_talk).collect();
    talk.sort_by_key(|channel| {
        let category = channel.parent_id.map(|parent| places.get(&parent).copied().unwrap_or(i64::MAX));
        (category, channel.position, channel.id)
    });
    talk
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn channels_and_forums_by_category_and_place() {
        let channel = |id: &str, kind: u8, parent: Option<&str>, position: i64| {
            let channel = json!({"id": id, "type": kind, "parent_id": parent, "position": position});
            serde_json::from_value(channel).unwrap()
        };
        let channels = vec![
            channel("1", 4, None, 2),
            channel("2", 4, None, 1),
            channel("3", 0, Some("1"), 0),
            channel("4", 5, Some("2"), 1),
            channel("5", 0, Some("2"), 0),
            channel("6", 0, None, 9),
            channel("7", 2, None, 0),
            channel("8", 15, None, 0),
        ];
        let ids: Vec<u64> = in_order(channels).iter().map(|channel| channel.id.get()).collect();
        assert_eq!(ids, [8, 6, 5, 4, 3]);
    }
}
