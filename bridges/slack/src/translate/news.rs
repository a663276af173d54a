//! What becomes of channels, and of Relay in them.

use super::{Nothing, Reader, ignored_event, required};
use crate::ids;
use relay_contract::RoomNews;
use serde_json::Value;

/// Events about one channel, which each names as `channel`: its id, or an object with it
/// (<https://docs.slack.dev/reference/events/channel_rename/> and the others' pages).
pub const ABOUT_A_CHANNEL: &[&str] = &[
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_rename",
    "group_unarchive",
];

/// Events about somebody's coming and going; Relay's own change what it may do.
pub const ABOUT_MEMBERS: &[&str] = &["member_joined_channel", "member_left_channel"];

/// A private channel gets another id when it is shared with another workspace
/// (<https://docs.slack.dev/reference/events/channel_id_changed/>).
pub const MOVED: &str = "channel_id_changed";

/// Messages in a channel that tell of a change for which there is no event of its own
/// (<https://docs.slack.dev/reference/events/message/channel_convert_to_private/>).
pub(super) const CONVERTED: &[&str] = &["channel_convert_to_private", "channel_convert_to_public"];

impl Reader<'_> {
    pub(super) fn news(&self, kind: &str, event: &Value) -> Result<RoomNews, Nothing> {
        let team = &self.added.own.team;
        if kind == MOVED {
            let room = |key: &str| Ok(ids::room(team, required(event, key)?));
            return Ok(RoomNews::Moved { from: room("old_channel_id")?, to: room("new_channel_id")? });
        }
        if !ABOUT_MEMBERS.contains(&kind) && !ABOUT_A_CHANNEL.contains(&kind) {
            return Err(Nothing::Ignored(ignored_event(kind)));
        }
        let channel = event.get("channel").filter(|channel| channel.is_object());
        let id = match channel {
            Some(channel) => required(channel, "id")?,
            None => required(event, "channel")?,
        };
        Ok(RoomNews::Changed(id.into()))
    }
}
