//! `/relay …`, clicks on the buttons below answers, and the app's message shortcuts, which also work in threads, where slash commands do not.
//!
//! Payloads: <https://docs.slack.dev/interactivity/implementing-slash-commands/> and
//! <https://api.slack.com/reference/interaction-payloads/shortcuts>.

use super::{Nothing, Reader, required, string};
use crate::buttons;
use crate::commands::ReplyTo;
use crate::ids;
use relay_contract::{Ask, Asker, Call, SpaceRef};
use serde_json::{Value, json};

/// The shortcuts by their callback ids, and what they ask of the message on which they are chosen. An app has at most five of them
/// (<https://developer.salesforce.com/docs/platform/salesforce-slack-sdk/guide/actions_interact.html>).
pub const SHORTCUTS: &[(&str, Ask)] = &[
    ("relay_who", Ask::Who { message: None }),
    ("relay_trace", Ask::Trace { message: None }),
    ("relay_delete", Ask::Delete { message: None }),
    ("relay_status", Ask::Status),
    ("relay_help", Ask::Help),
];

/// What is kept of an envelope's payload: neither the verification token nor the text of a message on which a shortcut was
/// chosen or a button clicked. Without an asker and a room there is nothing to answer, and the response URL, a secret, is left out too.
pub fn kept(kind: &str, payload: &Value) -> Value {
    let at = |path: &str| payload.pointer(path).cloned().unwrap_or_default();
    let mut event = match (kind, string(payload, "type")) {
        ("slash_commands", _) => json!({
            "command": at("/command"), "text": at("/text"), "user": at("/user_id"), "user_name": at("/user_name"),
            "channel": at("/channel_id"),
        }),
        ("interactive", Some("message_action")) => json!({
            "type": "message_action", "callback_id": at("/callback_id"), "user": at("/user/id"),
            "user_name": at("/user/name"), "channel": at("/channel/id"), "ts": at("/message_ts"),
            "thread_ts": at("/message/thread_ts"),
        }),
        ("interactive", Some("block_actions")) => match buttons::words(payload) {
            Some(words) => json!({
                "type": "block_actions", "text": words, "user": at("/user/id"), "user_name": at("/user/name"),
                "channel": at("/container/channel_id"), "ts": at("/container/message_ts"),
                "thread_ts": at("/container/thread_ts"),
            }),
            None => json!({ "type": "block_actions" }),
        },
        (_, kind) => json!({ "type": kind }),
    };
    if string(&event, "user").is_some() && string(&event, "channel").is_some() {
        event["response_url"] = at("/response_url");
    }
    event
}

impl Reader<'_> {
    /// From what [`kept`] left. Whatever the command is called in the app's settings, it is for Relay.
    pub(super) fn command(&self, kind: &str, event: &Value) -> Result<Call, Nothing> {
        let ask = match (kind, string(event, "type")) {
            ("slash_commands", _) => Ask::parse(string(event, "text").unwrap_or_default()),
            (_, Some("block_actions")) => {
                Ask::parse(string(event, "text").ok_or(Nothing::Ignored("not a button of ours"))?)
            }
            _ => self.shortcut(event)?,
        };
        let (user, own) = (required(event, "user")?, &self.added.own);
        let name = self.added.people.get(user).map(|person| person.name.as_str());
        // On a thread's first message it was chosen in the channel.
        let thread = string(event, "thread_ts").filter(|thread| string(event, "ts") != Some(thread));
        let reply = ReplyTo {
            response_url: string(event, "response_url").map(str::to_owned),
            thread: thread.map(Into::into),
        };
        Ok(Call {
            room: self.room(event)?,
            space: SpaceRef {
                id: own.team.as_str().into(),
                name: if own.team_name.is_empty() { own.team.clone() } else { own.team_name.clone() },
            },
            asker: Asker {
                id: user.into(),
                name: name.or(string(event, "user_name")).unwrap_or(user).to_owned(),
            },
            locale: self.added.people.get(user).and_then(|person| person.locale.clone()),
            ask,
            at: self.added.heard.ok_or_else(|| Nothing::Unreadable("a command without a time".into()))?,
            message: None,
            // A struct of strings always has a JSON form.
            reply: serde_json::to_value(reply).unwrap_or_default(),
        })
    }

    fn shortcut(&self, event: &Value) -> Result<Ask, Nothing> {
        if string(event, "type") != Some("message_action") {
            return Err(Nothing::Ignored("interaction"));
        }
        let id = required(event, "callback_id")?;
        let known = SHORTCUTS.iter().find(|(callback_id, _)| *callback_id == id);
        let message = string(event, "ts").map(|ts| ids::message(ts, string(event, "thread_ts")));
        known.map(|(_, ask)| ask.clone().about(message)).ok_or(Nothing::Ignored("unknown shortcut"))
    }
}
