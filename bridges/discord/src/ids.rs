//! Snowflakes, and how a message of ours was posted.

use relay_contract::{MessageRef, NativeId};
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker, WebhookMarker};

/// Milliseconds between 1970 and Discord's first moment.
///
/// <https://discord.com/developers/docs/reference#snowflakes>
const DISCORD_EPOCH: i64 = 1_420_070_400_000;

/// A native id as Discord's number.
pub fn snowflake<M>(id: &NativeId) -> Option<Id<M>> {
    id.as_str().parse().ok().and_then(Id::new_checked)
}

/// When the thing with this id was made, in milliseconds since the epoch.
pub fn made_at(id: &str) -> Option<i64> {
    let id: u64 = id.parse().ok()?;
    i64::try_from(id >> 22).ok().map(|since| since + DISCORD_EPOCH)
}

/// The id that comes before everything made at this moment, in milliseconds since the epoch.
pub fn id_before(moment: i64) -> u64 {
    let since = u64::try_from(moment.saturating_sub(DISCORD_EPOCH)).unwrap_or_default();
    (since.min(u64::MAX >> 22) << 22).saturating_sub(1)
}

/// How a message of ours was posted: decides how it is edited and deleted.
///
/// In a `MessageRef` it is the `thread`: `w:WEBHOOK` or `w:WEBHOOK:THREAD`; for the bot's own messages, and for those of people, the
/// thread alone or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostedBy {
    /// The bot or a person, in the room or a thread of it.
    User(Option<Id<ChannelMarker>>),
    /// A webhook, perhaps in a thread of its channel.
    Webhook(Id<WebhookMarker>, Option<Id<ChannelMarker>>),
}

impl PostedBy {
    /// From a reference that was made by [`PostedBy::reference`]. `None` for anything else.
    pub fn read(message: &MessageRef) -> Option<(Id<MessageMarker>, Self)> {
        let id = snowflake(&message.id)?;
        let Some(thread) = &message.thread else {
            return Some((id, Self::User(None)));
        };
        let Some(by_webhook) = thread.as_str().strip_prefix("w:") else {
            return Some((id, Self::User(Some(snowflake(thread)?))));
        };
        let mut pieces = by_webhook.split(':');
        let webhook = snowflake(&pieces.next()?.into())?;
        let thread = match pieces.next() {
            Some(thread) => Some(snowflake(&thread.into())?),
            None => None,
        };
        Some((id, Self::Webhook(webhook, thread)))
    }

    /// The reference to a message that was posted this way.
    pub fn reference(self, message: Id<MessageMarker>) -> MessageRef {
        let thread = match self {
            Self::User(thread) => thread.map(|thread| thread.to_string()),
            Self::Webhook(webhook, None) => Some(format!("w:{webhook}")),
            Self::Webhook(webhook, Some(thread)) => Some(format!("w:{webhook}:{thread}")),
        };
        MessageRef::plain(message.to_string()).within(thread.map(NativeId::from))
    }

    /// The thread that it stands in.
    pub fn thread(self) -> Option<Id<ChannelMarker>> {
        match self {
            Self::User(thread) | Self::Webhook(_, thread) => thread,
        }
    }
}

/// The thread that the `thread` of a reference names, however the message in it was posted.
pub fn thread_in(thread: &NativeId) -> Option<Id<ChannelMarker>> {
    let any = MessageRef::plain("1").within(Some(thread.clone()));
    PostedBy::read(&any).and_then(|(_, by)| by.thread())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reference_tells_how_it_was_posted() {
        for by in [
            PostedBy::User(None),
            PostedBy::User(Some(Id::new(8))),
            PostedBy::Webhook(Id::new(7), None),
            PostedBy::Webhook(Id::new(7), Some(Id::new(8))),
        ] {
            assert_eq!(PostedBy::read(&by.reference(Id::new(5))), Some((Id::new(5), by)));
        }
        for (id, thread) in
            [("x", None), ("0", None), ("5", Some("x")), ("5", Some("w:x")), ("5", Some("w:7:x"))]
        {
            let broken = MessageRef::plain(id).within(thread.map(NativeId::from));
            assert_eq!(PostedBy::read(&broken), None);
        }
    }

    #[test]
    fn a_thread_is_named_in_more_than_one_way() {
        for (written, thread) in [("8", Some(8)), ("w:7:8", Some(8)), ("w:7", None), ("owl", None)] {
            assert_eq!(thread_in(&written.into()).map(Id::get), thread, "{written}");
        }
    }

    #[test]
    fn snowflakes_tell_the_time() {
        // The example of Discord's own documentation: 2016-04-30 11:18:25.796 UTC.
        assert_eq!(made_at("175928847299117063"), Some(1_462_015_105_796));
        assert_eq!(made_at("owl"), None);
        let before = id_before(1_462_015_105_796);
        assert_eq!(made_at(&before.to_string()), Some(1_462_015_105_795));
        assert_eq!(made_at(&(before + 1).to_string()), Some(1_462_015_105_796));
        assert_eq!((id_before(0), id_before(i64::MIN)), (0, 0));
    }
}
