//! What a message says, what is attached to it, and the thread that it stands in.

use super::{Nothing, Reader, required, string};
use crate::{ids, parse};
use relay_contract::{Message, Thread};
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
        Ok(Message {
            attachments: attachments.chain(shown).collect(),
            thread: at.thread.clone().map(|id| Thread { root: Some(id.clone()), id, name: None }),
            forward: read.forward,
            quoted: read.quoted,
            ..Message::new(at, read.body)
        })
    }
}
