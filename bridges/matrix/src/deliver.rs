//! One attempt at one part (<https://spec.matrix.org/v1.11/client-server-api/#sending-events-to-a-room>).

use crate::api::{Api, CallError};
use crate::errors::{Doing, delivering};
use crate::known::{Known, Original};
use crate::render::{self, Formatting};
use crate::{beside, ghosts, ids, upload};
use relay_contract::{
    Attempt, DeliverError, FileKind, MessageRef, NativeId, Operation, Part, Receipt, Speaker, Timestamp,
    Upload,
};
use ruma::api::client::message::send_message_event;
use ruma::api::client::redact::redact_event;
use ruma::api::client::room::get_room_event;
use ruma::events::MessageLikeEventType;
use ruma::serde::Raw;
use ruma::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, TransactionId, UInt,
    UserId,
};
use serde_json::{Value, json};
use std::time::Duration;

/// One request. After that its outcome is unknown.
pub const REQUEST: Duration = Duration::from_secs(15);

/// A room of the homeserver.
pub struct Room<'a> {
    /// The homeserver.
    pub api: &'a Api,
    /// What is remembered.
    pub known: &'a Known,
    /// The room.
    pub id: OwnedRoomId,
    /// The ghost that does it; none for Relay itself.
    pub ghost: Option<OwnedUserId>,
    /// When it was done elsewhere: the time that an application service may give its events
    /// (<https://spec.matrix.org/v1.11/application-service-api/#timestamp-massaging>).
    pub at: Option<Timestamp>,
}

/// In the content of what an application service posts: which part of which delivery it is.
pub const KEY: &str = "relay.key";

/// Does it.
pub async fn deliver(
    api: &Api,
    known: &Known,
    attempt: &Attempt<'_>,
    by: Option<&Speaker>,
) -> Result<Receipt, DeliverError> {
    let id = RoomId::parse(attempt.room.room.as_str())
        .map_err(|_| DeliverError::Rejected("this is no room of Matrix".into()))?;
    let mut room = Room::of(api, known, id);
    if api.service.is_some() {
        room.at = by.map(|by| by.at);
    }
    let done = match &attempt.operation {
        Operation::Post { part, persona, reply_to, thread, files, key } => {
            if let (Some(_), Some(by), Some(_)) = (persona, by, &api.service) {
                room.ghost = Some(ghosts::ready(&room, by).await?);
            }
            room.post(part, *reply_to, *thread, files, key).await
        }
        Operation::Edit { target, part } => {
            room.ghost = room.whose(target).await?;
            room.edit(target, part).await
        }
        Operation::Delete { target } => {
            room.ghost = room.whose(target).await?;
            room.redact(&event(target)?).await.map_err(|error| delivering(error, Doing::Change))?;
            Ok((*target).clone())
        }
        Operation::React { target, emoji, on } => {
            room.ghost = match by.filter(|_| api.service.is_some()) {
                Some(by) if *on => Some(ghosts::ready(&room, by).await?),
                Some(by) => Some(ghosts::id_of(&room, by)?),
                None => None,
            };
            beside::react(&room, &event(target)?, emoji, *on).await?;
            Ok((*target).clone())
        }
        Operation::Pin { target, on } => {
            beside::pin(&room, target.id.as_str(), *on).await?;
            Ok((*target).clone())
        }
        // A thread is there as soon as something is said in it.
        Operation::Open { root: Some(root), .. } => {
            Ok((*root).clone().within(Some(ids::thread_of(root).into())))
        }
        Operation::Open { root: None, .. } => Err(DeliverError::Rejected(
            "a thread on Matrix hangs from a message: post one, and answer it in a thread".to_owned(),
        )),
    };
    done.map(Receipt::of)
}

/// The event of a message.
pub fn event(message: &MessageRef) -> Result<OwnedEventId, DeliverError> {
    EventId::parse(message.id.as_str()).map_err(|_| DeliverError::TargetGone)
}

/// The message that an attempt to post makes, by its event.
pub fn made(event: &str, thread: Option<&NativeId>, files: &[Upload], part: &Part) -> MessageRef {
    let places: Vec<u16> = files.iter().map(|file| file.index).collect();
    ids::message(event, thread.map(NativeId::as_str)).holding(places, part.text.is_empty())
}

impl<'a> Room<'a> {
    /// Where Relay itself does something.
    pub fn of(api: &'a Api, known: &'a Known, id: OwnedRoomId) -> Self {
        Self { api, known, id, ghost: None, at: None }
    }
}

impl Room<'_> {
    /// The ghost that posted a message, and that alone may change it; none where Relay itself or a person did.
    async fn whose(&self, target: &MessageRef) -> Result<Option<OwnedUserId>, DeliverError> {
        if self.api.service.is_none() {
            return Ok(None);
        }
        let Some(own) = self.known.own() else {
            return Err(DeliverError::Unavailable("there has been no preflight".into()));
        };
        let original = match self.known.original(target.id.as_str()) {
            Some(original) => original,
            None => {
                let request = get_room_event::v3::Request::new(self.id.clone(), event(target)?);
                let answer = self.api.call(request, REQUEST).await;
                let answer = answer.map_err(|error| match delivering(error, Doing::Change) {
                    DeliverError::Unsure(why) => DeliverError::Unavailable(why),
                    other => other,
                })?;
                let original = Original::of(&answer).ok_or(DeliverError::TargetGone)?;
                self.known.original_is(target.id.as_str(), original.clone());
                original
            }
        };
        if original.sender == own.user || !own.is(&original.sender) {
            return Ok(None);
        }
        let Ok(ghost) = UserId::parse(original.sender) else { return Ok(None) };
        ghosts::enter(self, &ghost).await?;
        Ok(Some(ghost))
    }

    async fn post(
        &self,
        part: &Part,
        reply_to: Option<&MessageRef>,
        thread: Option<&NativeId>,
        files: &[Upload],
        key: &str,
    ) -> Result<MessageRef, DeliverError> {
        let mut content = match files.first() {
            Some(file) => upload::content(self.api, file).await?,
            None => render::message(part),
        };
        if let Some(relation) = relation(reply_to, thread) {
            content["m.relates_to"] = relation;
        }
        if self.api.service.is_some() {
            content[KEY] = key.into();
        }
        let kind = match Formatting::of(part) {
            Formatting { poll: Some(_), .. } => render::poll::KIND,
            Formatting { file: Some(FileKind::Sticker), .. } => "m.sticker",
            _ => "m.room.message",
        };
        let sent = self.send(kind, key, &content).await.map_err(|error| delivering(error, Doing::Post))?;
        match sent {
            Some(event) => Ok(made(&event, thread, files, part)),
            None => Err(DeliverError::Unsure("the homeserver's answer names no event".into())),
        }
    }

    async fn edit(&self, target: &MessageRef, part: &Part) -> Result<MessageRef, DeliverError> {
        // What a file's message shows is the file, which stays.
        if !part.text.is_empty() {
            event(target)?;
            let content = render::edit(target.id.as_str(), part);
            let key = TransactionId::new();
            let sent = self.send("m.room.message", key.as_str(), &content).await;
            sent.map_err(|error| delivering(error, Doing::Change))?;
        }
        Ok(target.clone())
    }

    /// Sends an event; answers its id. Two with one key are one, for as long as the server remembers the key.
    pub async fn send(&self, kind: &str, key: &str, content: &Value) -> Result<Option<String>, CallError> {
        let body = Raw::from_json_string(content.to_string())
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        let kind = MessageLikeEventType::from(kind);
        let mut request = send_message_event::v3::Request::new_raw(self.id.clone(), key.into(), kind, body);
        request.timestamp = self.at.and_then(|at| UInt::try_from(at.0).ok()).map(MilliSecondsSinceUnixEpoch);
        let sent = self.api.call_as(self.ghost.as_deref(), request, REQUEST).await;
        if let (Err(CallError::Answered(answer)), Some(ghost)) = (&sent, &self.ghost)
            && answer.status == 403
        {
            // It may have been taken out of the room: the next attempt has it in again.
            self.known.ghosts.is_in(self.id.as_str(), ghost.as_str(), false);
        }
        let answer = sent?;
        Ok(answer.get("event_id").and_then(Value::as_str).map(str::to_owned))
    }

    /// Redacts an event. One that is redacted already stays so.
    pub async fn redact(&self, event: &EventId) -> Result<(), CallError> {
        let request = redact_event::v3::Request::new(self.id.clone(), event.to_owned(), TransactionId::new());
        self.api.call_as(self.ghost.as_deref(), request, REQUEST).await.map(|_| ())
    }
}

/// What a message answers, and its thread. Clients without threads are told that it answers what began the thread
/// (<https://spec.matrix.org/v1.11/client-server-api/#fallback-for-unthreaded-clients>).
pub fn relation(reply_to: Option<&MessageRef>, thread: Option<&NativeId>) -> Option<Value> {
    let answers = |event: &str| json!({ "event_id": event });
    match (thread, reply_to) {
        (Some(thread), reply_to) => Some(json!({
            "rel_type": "m.thread", "event_id": thread, "is_falling_back": reply_to.is_none(),
            "m.in_reply_to": answers(reply_to.map_or(thread, |to| &to.id).as_str()),
        })),
        (None, Some(to)) => Some(json!({ "m.in_reply_to": answers(to.id.as_str()) })),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_answers() {
        let (to, thread) = (MessageRef::plain("$2"), NativeId::from("$1"));
        let threaded = |event: &str, falls_back: bool| {
            json!({
                "rel_type": "m.thread", "event_id": "$1", "is_falling_back": falls_back,
                "m.in_reply_to": { "event_id": event },
            })
        };
        let cases = [
            (None, None, None),
            (Some(&to), None, Some(json!({ "m.in_reply_to": { "event_id": "$2" } }))),
            (None, Some(&thread), Some(threaded("$1", true))),
            (Some(&to), Some(&thread), Some(threaded("$2", false))),
        ];
        for (reply_to, thread, expected) in cases {
            assert_eq!(relation(reply_to, thread), expected);
        }
    }
}
