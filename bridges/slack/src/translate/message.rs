//! What a message says, what is attached to it, and the thread that it stands in.

use super::{Nothing, Reader, required, string};
use crate::{ids, parse};
use relay_contract::{Forward, Message, MessageKey, NativeId, Thread};
use serde_json::Value;

impl Reader<'_> {
    /// Slack answers in threads only: an answer is a message of the thread that hangs from what is answered.
    pub(super) fn content(&self, message: &Value) -> Result<Message, Nothing> {
        let ts = required(message, "ts")?;
        let at = ids::message(ts, string(message, "thread_ts"));
        let read = parse::content(message, &self.names);
        let listed = message.get("files").and_then(Value::as_array).into_iter().flatten();
        let attachments = listed.filter_map(|file| self.file(file));
        let shown = read.shown.iter().filter_map(|shown| self.shown(shown));
        let own = &self.added.own;
        // Of what Relay posted, the author is another: the message tells.
        let is_own = |id: &NativeId| id.as_str() == own.user || own.bot.as_deref() == Some(id.as_str());
        let forward =
            read.forward.map(|from| Forward { author_id: from.author_id.filter(|id| !is_own(id)), ..from });
        let key =
            |(room, id): (NativeId, NativeId)| MessageKey { room: ids::room(&own.team, room.as_str()), id };
        Ok(Message {
            attachments: attachments.chain(shown).collect(),
            thread: at.thread.clone().map(|id| Thread { root: Some(id.clone()), id, name: None }),
            forward,
            quoted: read.quoted.into_iter().filter(|id| !is_own(id)).collect(),
            words_of: read.words_of.into_iter().map(key).collect(),
            ..Message::new(at, read.body)
        })
    }
}
