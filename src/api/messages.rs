//! What is posted: a person's message to every room of the channel, and on disk before it is answered.

use super::answers::Refusal;
use super::connector;
use super::files::{self, Named};
use super::hash;
use super::serve::{Api, In, no_message};
use super::tokens::Scope;
use crate::adapt::{names, presentable};
use crate::store::EnvelopeId;
use crate::store::stream::PERSONA;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use relay_contract::{
    Author, Envelope, Event, Message, MessageKey, MessageRef, NativeId, Reply, Standing, Text, Timestamp,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest text, in characters.
const LONGEST_TEXT: usize = 65_536;
/// How long the answer to a delete waits for its fan-out.
const FAN_OUT: Duration = Duration::from_secs(2);
/// Longest URL, in bytes.
const LONGEST_URL: usize = 2048;
/// Longest `Idempotency-Key`, in bytes.
const LONGEST_KEY: usize = 255;

/// A message to post.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// What it says: plain text. Not needed beside files.
    #[serde(default)]
    text: Option<String>,
    /// The files that go with it, as they were sent to `…/files`.
    #[serde(default)]
    files: Vec<Named>,
    /// The id of the message that it answers.
    #[serde(default)]
    reply_to: Option<String>,
    /// Under which name, instead of the token's own: with the scope `persona`.
    #[serde(default)]
    name: Option<String>,
    /// The URL of a picture to that name.
    #[serde(default)]
    avatar: Option<String>,
}

/// A message as it is to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What it says.
    text: String,
}

/// A message that was posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posted {
    /// Its id.
    pub message: String,
    /// The channel.
    pub channel: String,
}

/// `POST /api/v1/channels/{channel}/messages`. Answered when it is on disk; the same `Idempotency-Key` again posts nothing again and has
/// the same answer, whatever happened in between.
pub async fn post(
    State(api): State<Arc<Api>>,
    room: In,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Posted>), Refusal> {
    room.caller.must(Scope::Write)?;
    let new: NewMessage = read(&headers, body)?;
    let body = match &new.text {
        Some(text) if new.files.is_empty() || !text.is_empty() => said(text)?,
        None if new.files.is_empty() => {
            return Err(Refusal::bad("the message has neither text nor files", "Write text, or name files."));
        }
        _ => Text::default(),
    };
    let id = match key(&headers)? {
        // The same for the same caller and channel, for ever.
        Some(key) => hash::id(&[&room.caller.id, &room.channel, key]),
        None => ulid::Ulid::new().to_string(),
    };
    let NewMessage { reply_to, name, avatar, files, .. } = new;
    let new = New { body, reply_to, name, avatar, files };
    publish(&api, &room, &id, new).await?;
    Ok((StatusCode::CREATED, Json(Posted { message: id, channel: room.channel })))
}

/// A message that is to be posted.
pub struct New {
    /// What it says.
    pub body: Text,
    /// The id of the message that it answers.
    pub reply_to: Option<String>,
    /// Under which name; the token's own when none.
    pub name: Option<String>,
    /// The URL of a picture to that name.
    pub avatar: Option<String>,
    /// Its files.
    pub files: Vec<Named>,
}

impl New {
    /// Whether a message that is there already is this one: the same key may have come with something else before.
    fn is(&self, there: &Message) -> bool {
        let reply_to = there.reply.as_ref().map(|reply| reply.target.as_str());
        let files = there.attachments.iter().map(|file| file.source.as_deref());
        there.body == self.body
            && reply_to == self.reply_to.as_deref()
            && files.eq(self.files.iter().map(|file| Some(file.id.as_str())))
    }
}

/// Posts; returns when it is on disk.
pub async fn publish(api: &Api, room: &In, id: &str, new: New) -> Result<(), Refusal> {
    if let Some(known) = known(api, room, id)? {
        return known.is(&new);
    }
    let reply = match &new.reply_to {
        Some(target) if connector::is_id(target) => {
            if !is_known(api, room, target)? {
                return Err(unknown(api, &key_of(room, target))?);
            }
            Some(Reply { target: target.as_str().into(), author: None, excerpt: None })
        }
        Some(_) => {
            let fix = "Write the `message` of an event.";
            return Err(Refusal::bad("reply_to is not the id of a message", fix));
        }
        None => None,
    };
    let author = author(room, new.name.as_deref(), new.avatar.clone())?;
    let attachments = files::borne(api, room, &new.files).await?;
    let message = Message { reply, attachments, ..Message::new(MessageRef::plain(id), new.body.clone()) };
    let event = Event::Posted(message);
    let envelope = Envelope { origin: room.room.clone(), author: Some(author), at: Timestamp::now(), event };
    take(api, room, &envelope).await?;
    let known = known(api, room, id)?.ok_or_else(Refusal::not_now)?;
    known.is(&new)?;
    if let (Known::There(subject, _), Event::Posted(message)) = (&known, &envelope.event) {
        files::adopt(api, *subject, message).await;
    }
    Ok(())
}

/// What is there under an id already.
enum Known {
    /// This message, in the journal.
    There(EnvelopeId, Arc<Envelope>),
    /// This one, at the door.
    Held(Box<Envelope>),
    /// It was posted, and dropped by a purge or forgotten before it went on.
    Gone,
}

impl Known {
    /// Nothing is posted twice; something else under the same key is refused.
    fn is(&self, new: &New) -> Result<(), Refusal> {
        let event = match self {
            Self::There(_, envelope) => &envelope.event,
            Self::Held(envelope) => &envelope.event,
            // Nobody knows any more what it said.
            Self::Gone => return Ok(()),
        };
        match event {
            Event::Posted(there) if new.is(there) => Ok(()),
            _ => Err(Refusal::new(
                StatusCode::CONFLICT,
                "this Idempotency-Key was used for another message",
                "Send each new message with a key of its own.",
            )),
        }
    }
}

fn known(api: &Api, room: &In, id: &str) -> Result<Option<Known>, Refusal> {
    let (message, ledger) = (key_of(room, id), &api.core.ledger);
    if let Some(found) = api.core.lookup.find(&message)? {
        let envelope = ledger.envelope(found.envelope)?;
        return Ok(Some(envelope.map_or(Known::Gone, |envelope| Known::There(found.envelope, envelope))));
    }
    if let Some(held) = ledger.held_message(&message)? {
        return Ok(Some(Known::Held(Box::new(held.envelope))));
    }
    Ok(ledger.was_posted(&message)?.then_some(Known::Gone))
}

/// Whether there is such a message in the channel.
pub fn is_known(api: &Api, room: &In, id: &str) -> Result<bool, Refusal> {
    Ok(api.core.lookup.find(&key_of(room, id))?.is_some())
}

fn key_of(room: &In, id: &str) -> MessageKey {
    MessageKey { room: room.room.clone(), id: id.into() }
}

/// What is said of a message that was not found: there is none, or it is held at the door and comes later.
fn unknown(api: &Api, message: &MessageKey) -> Result<Refusal, Refusal> {
    Ok(match api.core.ledger.is_held(message)? {
        true => Refusal::new(
            StatusCode::CONFLICT,
            "this message is held for a while, because more was said than anybody types",
            "Try again when it is in the history.",
        ),
        false => no_message(),
    })
}

/// Hands it to the engine; returns when it is on disk.
pub async fn take(api: &Api, room: &In, envelope: &Envelope) -> Result<(), Refusal> {
    let core = &api.core;
    if !core.routes.borrow().hears(&room.room) || core.disk.state().full {
        // Relay begins, or cannot keep anything.
        return Err(Refusal::not_now());
    }
    api.entrance.hand_in(&room.channel, envelope).await.map_err(|_| Refusal::not_now())
}

/// Who posts: the token, or whom it says it is.
fn author(room: &In, name: Option<&str>, avatar: Option<String>) -> Result<Author, Refusal> {
    let caller = &room.caller;
    if name.is_some() || avatar.is_some() {
        caller.must(Scope::Persona)?;
    }
    if name.is_some_and(|name| presentable(name) != name) {
        let fix = "Write up to 56 characters that can be seen, on one line.";
        return Err(Refusal::bad("name cannot be shown", fix));
    }
    if avatar.as_deref().is_some_and(|avatar| !is_picture(avatar)) {
        return Err(Refusal::bad("avatar is not the URL of a picture", "Write one with https."));
    }
    Ok(Author {
        id: name.map_or_else(|| caller.id.clone(), |name| format!("{}{PERSONA}{name}", caller.id)).into(),
        name: name.unwrap_or(&caller.name).to_owned(),
        avatar,
        standing: Standing::Person,
    })
}

/// Whether it is the URL of something on the web.
pub fn is_picture(avatar: &str) -> bool {
    let url = url::Url::parse(avatar);
    avatar.len() <= LONGEST_URL && url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// `PATCH /api/v1/channels/{channel}/messages/{message}`: of one's own.
pub async fn edit(
    State(api): State<Arc<Api>>,
    room: In,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    room.caller.must(Scope::Write)?;
    let change: Change = read(&headers, body)?;
    let body = said(&change.text)?;
    let (_, before) = named(&api, &room)?;
    if !is_own(&room, &before) {
        return Err(not_own());
    }
    // The same edit again is the same event; the next one is another.
    let version = match key(&headers)? {
        Some(key) => hash::id(&[&room.caller.id, &room.message, key]),
        None => ulid::Ulid::new().to_string(),
    };
    let Event::Posted(message) = &before.event else { return Err(no_message()) };
    let to = Message { body, ..message.clone() };
    let (author, at) = (before.author.clone(), Timestamp::now());
    let event = Event::Edited { to, version };
    take(&api, &room, &Envelope { origin: room.room.clone(), author, at, event }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/channels/{channel}/messages/{message}`: of one's own; with the scope `admin` of anybody's, as `/relay delete` does.
pub async fn delete(State(api): State<Arc<Api>>, room: In) -> Result<StatusCode, Refusal> {
    let target = NativeId::from(room.message.as_str());
    let (subject, posted) = named(&api, &room)?;
    let is_own = is_own(&room, &posted);
    let event = match is_own {
        true => Event::Deleted { target },
        false if room.caller.may(Scope::Admin) => Event::Removed { target },
        false => return Err(not_own()),
    };
    room.caller.must(if is_own { Scope::Write } else { Scope::Admin })?;
    let author = Some(author(&room, None, None)?);
    take(&api, &room, &Envelope { origin: room.room.clone(), author, at: Timestamp::now(), event }).await?;
    // From now on it is nowhere, for whoever asks next; that is so once it is fanned out.
    let began = Instant::now();
    while !is_deleted(&api, subject)? && began.elapsed() < FAN_OUT {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether whoever asks has posted a message.
fn is_own(room: &In, posted: &Envelope) -> bool {
    let author = posted.author.as_ref().map_or("", |author| author.id.as_str());
    posted.origin == room.room && room.caller.is(author)
}

/// The message that is named, as it was posted, with its envelope's id. One that was deleted is not there; one that is held at the door is
/// not there yet.
pub fn named(api: &Api, room: &In) -> Result<(EnvelopeId, Arc<Envelope>), Refusal> {
    let message = key_of(room, &room.message);
    let Some(found) = api.core.lookup.find(&message)? else { return Err(unknown(api, &message)?) };
    let subject = found.envelope;
    if is_deleted(api, subject)? {
        return Err(no_message());
    }
    let posted = api.core.ledger.envelope(subject)?.ok_or_else(no_message)?;
    Ok((subject, posted))
}

fn is_deleted(api: &Api, subject: EnvelopeId) -> Result<bool, Refusal> {
    let newest = api.core.ledger.newest_change(subject)?;
    Ok(newest.is_some_and(|newest| matches!(newest.event, Event::Deleted { .. } | Event::Removed { .. })))
}

fn not_own() -> Refusal {
    let fix = "Only who posted a message changes it; a token with the scope `admin` deletes it.";
    Refusal::new(StatusCode::FORBIDDEN, "this message is somebody else's", fix)
}

/// A text that can be posted.
pub fn said(text: &str) -> Result<Text, Refusal> {
    let body = Text::plain(text);
    if body.is_empty() || text.chars().all(|c| c.is_control() || names::shows_nothing(c)) {
        return Err(Refusal::bad("text says nothing", "Write at least one character that can be seen."));
    }
    if text.chars().count() > LONGEST_TEXT {
        let fix = format!("Write at most {LONGEST_TEXT} characters.");
        return Err(Refusal::bad("text is too long", fix));
    }
    Ok(body)
}

/// The key by which the same request is known again.
pub fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all("idempotency-key").iter();
    let Some(key) = all.next() else { return Ok(None) };
    if all.any(|other| other != key) {
        return Err(Refusal::bad("Idempotency-Key is there twice", "Send one."));
    }
    let is_one = |key: &&str| {
        let visible = key.bytes().all(|b| b.is_ascii_graphic());
        visible && (1..=LONGEST_KEY).contains(&key.len())
    };
    let key = key.to_str().ok().filter(is_one);
    let fix = || format!("Write 1 to {LONGEST_KEY} visible ASCII characters: a UUID, for example.");
    key.map(Some).ok_or_else(|| Refusal::bad("Idempotency-Key cannot be used", fix()))
}

/// The body of a request.
pub fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("application/json")) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(
            status,
            "the body is not JSON",
            "Send JSON with Content-Type: application/json.",
        ));
    }
    let body = whole(body)?;
    // A list would be taken for the fields in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::bad("the body is no JSON object", "/api/v1/openapi.json tells what it has."));
    }
    serde_json::from_slice(&body).map_err(|error| {
        Refusal::bad(format!("the body cannot be read: {error}"), "/api/v1/openapi.json tells what it has.")
    })
}

/// The bytes of a request.
pub fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    body.map_err(|_| {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Refusal::new(status, "the body is too large, or was broken off", "Send at most 256 KiB.")
    })
}
