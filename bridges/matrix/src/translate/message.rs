//! Messages, changes of them, and commands.

use super::{Nothing, Reader, one, poll, required, string};
use crate::commands::ReplyTo;
use crate::known::local_part;
use crate::{attachments, ids, parse};
use relay_contract::{
    Ask, Asker, Call, Event, Message, NativeId, Reply, SpaceRef, Standing, Text, Thread, Translation,
};
use serde_json::Value;

/// What a command begins with. A client that has a command line of its own keeps what begins with a slash.
const COMMANDS: [&str; 2] = ["!relay", "/relay"];

impl Reader<'_> {
    pub(super) fn message(&self, kind: &str) -> Result<Translation, Nothing> {
        let content = self.event.get("content").filter(|content| content.is_object());
        let content = content.ok_or_else(|| Nothing::Unreadable("`content` is missing".into()))?;
        // What was redacted comes without a word from servers that do not say why.
        if content.as_object().is_some_and(serde_json::Map::is_empty) {
            return Err(Nothing::Ignored("redacted"));
        }
        let relation = content.get("m.relates_to").unwrap_or(&Value::Null);
        let author = self.sender()?;
        if string(relation, "rel_type") == Some("m.replace") {
            return self.edited(kind, content, required(relation, "event_id")?);
        }
        if author.standing == Standing::Person
            && let Some(call) = self.command(content, relation)?
        {
            return Ok(Translation::Command(call));
        }
        let message = self.content(kind, content, self.id()?, relation)?;
        Ok(one(self.envelope(author, Event::Posted(message))?))
    }

    /// An edit of what somebody else wrote is none (<https://spec.matrix.org/v1.11/client-server-api/#validity-of-replacement-events>).
    fn edited(&self, kind: &str, content: &Value, target: &str) -> Result<Translation, Nothing> {
        let original = self.added.original.as_ref();
        if original.is_some_and(|original| string(self.event, "sender") != Some(&original.sender)) {
            return Err(Nothing::Ignored("edit of somebody else's message"));
        }
        let new = content.get("m.new_content").filter(|new| new.is_object());
        let new = new.ok_or_else(|| Nothing::Unreadable("an edit without `m.new_content`".into()))?;
        let relation = original.map(|original| &original.relates_to).unwrap_or(&Value::Null);
        let to = self.content(kind, new, target.into(), relation)?;
        let version = self.id()?.as_str().to_owned();
        Ok(one(self.envelope(self.sender()?, Event::Edited { to, version })?))
    }

    fn content(
        &self,
        kind: &str,
        content: &Value,
        id: NativeId,
        relation: &Value,
    ) -> Result<Message, Nothing> {
        if string(content, "msgtype") == Some("m.key.verification.request") {
            return Err(Nothing::Ignored("verification"));
        }
        let thread = thread(relation);
        let at = ids::message(id.as_str(), thread);
        let attachment = attachments::attachment(kind, content);
        let poll = if kind.ends_with("poll.start") { poll::poll(content) } else { None };
        let body = match (&attachment, &poll) {
            (_, Some(_)) => Text::default(),
            // A sticker's body says what it shows, a file's what it is called unless it has a name beside it.
            (Some(_), _) => attachments::caption(kind, content).map(parse::content).unwrap_or_default(),
            (None, None) => parse::content(content),
        };
        let message = Message {
            attachments: attachment.into_iter().collect(),
            reply: answered(relation).map(|target| Reply {
                target: target.into(),
                author: None,
                excerpt: None,
            }),
            thread: thread.map(|root| Thread { id: root.into(), root: Some(root.into()), name: None }),
            poll,
            ..Message::new(at, body)
        };
        match message.body.is_empty() && message.attachments.is_empty() && message.poll.is_none() {
            true => Err(Nothing::Ignored("empty")),
            false => Ok(message),
        }
    }

    /// `!relay …`, as a message of its own or as an answer to the one that it is about.
    fn command(&self, content: &Value, relation: &Value) -> Result<Option<Call>, Nothing> {
        if string(content, "msgtype") != Some("m.text") {
            return Ok(None);
        }
        let words = parse::words(content);
        let words = words.trim();
        let Some(rest) = COMMANDS.iter().find_map(|command| words.strip_prefix(command)) else {
            return Ok(None);
        };
        if rest.chars().next().is_some_and(|c| !c.is_whitespace()) {
            return Ok(None);
        }
        let thread = thread(relation);
        let about = answered(relation).map(|target| ids::message(target, thread));
        let user = required(self.event, "sender")?;
        let reply = ReplyTo { event: self.id()?, thread: thread.map(Into::into) };
        let room = self.room.room.clone();
        let name = self.added.room_name.clone().unwrap_or_else(|| room.to_string());
        Ok(Some(Call {
            room: self.room.clone(),
            space: SpaceRef { id: room, name },
            asker: Asker {
                id: user.into(),
                name: self.added.name.clone().unwrap_or_else(|| local_part(user).to_owned()),
            },
            locale: None,
            ask: Ask::parse(rest).about(about),
            at: self.at()?,
            message: Some(self.id()?),
            // A struct of strings always has a JSON form.
            reply: serde_json::to_value(reply).unwrap_or_default(),
        }))
    }
}

/// The message that a thread hangs from (<https://spec.matrix.org/v1.11/client-server-api/#threading>).
fn thread(relation: &Value) -> Option<&str> {
    string(relation, "event_id").filter(|_| string(relation, "rel_type") == Some("m.thread"))
}

/// What is answered. In a thread, clients without threads are told of an answer that nobody gave.
fn answered(relation: &Value) -> Option<&str> {
    let falls_back = relation.get("is_falling_back").and_then(Value::as_bool).unwrap_or(false);
    let target = relation.pointer("/m.in_reply_to/event_id").and_then(Value::as_str)?;
    (!target.is_empty() && (!falls_back || thread(relation).is_none())).then_some(target)
}
