//! Who comes, who goes, who is called something else, and what a channel is called.

use super::{Nothing, Reader, required, string, time_of};
use crate::ids;
use relay_contract::{Envelope, Event, MemberChange};
use serde_json::Value;

/// Said in the whole workspace, about anything in somebody's profile (<https://docs.slack.dev/reference/events/user_change/>).
pub const PROFILE: &str = "user_change";
/// What a channel says when it has another name: with whoever named it, which the event of the same does not tell
/// (<https://docs.slack.dev/reference/events/message/channel_name/>).
pub(super) const NAMED: &[&str] = &["channel_name", "group_name"];

impl Reader<'_> {
    pub(super) fn member(&self, event: &Value, joined: bool) -> Result<Envelope, Nothing> {
        let version = required(event, "event_ts")?.to_owned();
        Ok(Envelope {
            origin: self.room(event)?,
            author: Some(self.person(required(event, "user")?)),
            at: time_of(&version)?,
            event: Event::Member {
                change: if joined { MemberChange::Joined } else { MemberChange::Left },
                version,
            },
        })
    }

    /// One for each channel that they are in; what they were called before was noted when it came in.
    pub(super) fn called(&self, event: &Value) -> Result<Vec<Envelope>, Nothing> {
        let Some(renamed) = &self.added.renamed else {
            return Err(Nothing::Ignored("profile"));
        };
        let user = event.get("user").unwrap_or(&Value::Null);
        let version = required(event, "event_ts")?.to_owned();
        let at = time_of(&version)?;
        let author = self.person(required(user, "id")?);
        let envelope = |room: &String| Envelope {
            origin: ids::room(&self.added.own.team, room),
            author: Some(author.clone()),
            at,
            event: Event::Member {
                change: MemberChange::Renamed(renamed.before.clone()),
                version: version.clone(),
            },
        };
        Ok(renamed.rooms.iter().map(envelope).collect())
    }

    pub(super) fn named(&self, event: &Value) -> Result<Envelope, Nothing> {
        let version = required(event, "ts")?.to_owned();
        Ok(Envelope {
            origin: self.room(event)?,
            author: string(event, "user").map(|user| self.person(user)),
            at: time_of(&version)?,
            event: Event::Renamed { name: required(event, "name")?.to_owned(), version },
        })
    }
}
