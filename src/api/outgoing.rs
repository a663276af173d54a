//! Outgoing webhooks: a platform of its own, `webhook`, with a room for each. What a channel carries is delivered to it like to any room, in order, with
//! the retries, dead letters and commands that every lane has; each attempt is a call that is signed by Standard Webhooks.
//!
//! Only a receiver that answers with 2xx has it. It may come twice where an answer was lost: `webhook-id` is the same then.

use super::connector::TAKES;
use super::events::{self, Event, File};
use super::files;
use crate::adapt::plain;
use crate::config::OutgoingSection;
use crate::engine::{By, Core};
use crate::media::{Answered, Sender, Unanswered};
use crate::store::stream::PLATFORM as OWN;
use crate::store::{EnvelopeId, StoreError};
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Cell, Connector, DeliverError, Draft, Emoji, Envelope, Feature,
    Identity, Inbox, ListenError, Listing, Located, MessageRef, NativeId, OpenError, Operation, Part,
    Platform, Preflight, Problem, RawEvent, Receipt, RoomKey, RoomReport, Scope, SpaceRef, Support, Takes,
    TextLimit, Timestamp, Translation, Unit, Upload, Visibility,
};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

/// The name of the account, in links and in the status.
pub const ACCOUNT: &str = "webhooks";
/// The platform.
const PLATFORM: Platform = Platform::new("webhook");
/// Where its room ids are unique.
const NETWORK: &str = "webhooks";
/// How long is waited where a receiver asks for it and does not say how long.
const USUAL_WAIT: Duration = Duration::from_secs(5);

/// All outgoing webhooks.
pub struct Outgoing {
    webhooks: HashMap<NativeId, Webhook>,
    journal: OnceLock<Weak<Core>>,
    /// What was attempted last in each room and is not done: the next attempt at the same bears the same id.
    begun: Mutex<HashMap<NativeId, (String, String)>>,
}

struct Webhook {
    section: OutgoingSection,
    sender: Sender,
}

/// A call's body.
#[derive(Serialize)]
struct Body<'a> {
    /// The event's type.
    #[serde(rename = "type")]
    kind: &'a str,
    /// When it happened, by RFC 3339.
    timestamp: String,
    /// As the API tells it.
    data: &'a Event,
}

impl Outgoing {
    /// Opens them; else says what is wrong.
    pub fn open(sections: &[OutgoingSection]) -> Result<Arc<Self>, Problem> {
        let webhook = |section: &OutgoingSection| {
            let sender = Sender::new(section.private)
                .map_err(|why| Problem::new(why, "Look at this machine's memory and open files."))?;
            Ok((section.name.as_str().into(), Webhook { section: section.clone(), sender }))
        };
        let webhooks = sections.iter().map(webhook).collect::<Result<_, Problem>>()?;
        Ok(Arc::new(Self { webhooks, journal: OnceLock::new(), begun: Mutex::default() }))
    }

    /// Says where it is written who said what: before this nothing is delivered.
    pub fn reads(&self, core: &Arc<Core>) {
        let _ = self.journal.set(Arc::downgrade(core));
    }

    /// What happened, as the API tells it, and the id of the call.
    async fn event(
        &self,
        webhook: &Webhook,
        operation: &Operation<'_>,
    ) -> Result<(Event, Option<String>), DeliverError> {
        let mut event =
            Event { channel: webhook.section.channel.clone(), at: Timestamp::now().0, ..Event::default() };
        let mut key = None;
        match operation {
            Operation::Post { part, reply_to, files, key: of_part, .. } => {
                let room = RoomKey::new(PLATFORM, NETWORK, webhook.section.name.as_str());
                let (envelope, by) = self.envelope(&room, of_part).await?;
                // What takes the place of what was there before is said by a person, too.
                event.kind = match envelope.event {
                    relay_contract::Event::Posted(_) | relay_contract::Event::Edited { .. } => "posted",
                    _ => "noticed",
                };
                event.message = match envelope.subject() {
                    Some(own) if envelope.origin.platform == OWN => own.id.to_string(),
                    _ => of_part.split('.').next().unwrap_or_default().to_owned(),
                };
                event.at = envelope.at.0;
                event.author = by.map(|by| events::by(envelope.origin.platform.as_str(), &by));
                event.text = Some(part.text.clone());
                event.reply_to = reply_to.map(|target| target.id.to_string());
                event.files = files.iter().map(|file| shown(&event, file)).collect();
                key = Some((*of_part).to_owned());
            }
            Operation::Edit { target, part } => {
                (event.kind, event.message) = ("edited", target.id.to_string());
                event.text = Some(part.text.clone());
            }
            Operation::Delete { target } => (event.kind, event.message) = ("deleted", target.id.to_string()),
            Operation::React { target, emoji, on } => {
                (event.kind, event.message) = ("reacted", target.id.to_string());
                (event.emoji, event.added) = (Some((*emoji).to_owned()), Some(*on));
            }
            Operation::Pin { target, on } => {
                (event.kind, event.message, event.added) = ("pinned", target.id.to_string(), Some(*on));
            }
            Operation::Open { .. } => {
                return Err(DeliverError::Rejected("there are no threads to open".into()));
            }
        }
        Ok((event, key))
    }

    /// The envelope that a part comes of, with its author as the webhook may know them.
    async fn envelope(&self, room: &RoomKey, key: &str) -> Result<(Envelope, Option<By>), DeliverError> {
        let not_now = || DeliverError::Unavailable("Relay begins or stops".into());
        let core = self.journal.get().and_then(Weak::upgrade).ok_or_else(not_now)?;
        let id = key.split('.').next().and_then(EnvelopeId::parse);
        let id = id.ok_or_else(|| DeliverError::Rejected("it is of no envelope".into()))?;
        let room = room.clone();
        let read = tokio::task::spawn_blocking(move || {
            let Some(envelope) = core.ledger.envelope(id)?.map(Arc::unwrap_or_clone) else { return Ok(None) };
            let by = core.by_in(&room, id, &envelope, TAKES)?;
            Ok::<_, StoreError>(Some((Envelope { author: None, ..envelope }, by)))
        });
        let read = read.await.map_err(|_| not_now())?;
        let read = read.map_err(|error| DeliverError::Unavailable(error.to_string()))?;
        read.ok_or_else(|| DeliverError::Rejected("its envelope is forgotten".into()))
    }

    /// The id of a call that has none by itself: that of the last attempt, where this is the same again.
    fn again(&self, room: &NativeId, what: &str) -> String {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, id)) = begun.get(room).filter(|(before, _)| before == what) {
            return id.clone();
        }
        let id = ulid::Ulid::new().to_string();
        begun.insert(room.clone(), (what.to_owned(), id.clone()));
        id
    }

    fn done(&self, room: &NativeId) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(room);
    }
}

fn shown(event: &Event, file: &Upload) -> File {
    File {
        number: file.index,
        name: file.name.clone(),
        kind: file.kind,
        mime: Some(file.mime.clone()),
        size: Some(file.size),
        description: file.alt.clone(),
        url: files::url(&event.channel, &event.message, file.index),
    }
}

/// What an answer means.
fn outcome(answered: Result<Answered, Unanswered>) -> Result<(), DeliverError> {
    let parked = |what: String, fix: &str| Err(DeliverError::Forbidden(Problem::new(what, fix)));
    match answered {
        Ok(Answered { code: 200..=299, .. }) => Ok(()),
        Ok(Answered { code: 429, retry_after }) => Err(DeliverError::RateLimited {
            retry_after: retry_after.unwrap_or(USUAL_WAIT),
            scope: Scope::Room,
        }),
        Ok(Answered { code: 503, retry_after: Some(retry_after) }) => {
            Err(DeliverError::RateLimited { retry_after, scope: Scope::Room })
        }
        Ok(Answered { code: code @ (408 | 425 | 500..), .. }) => {
            Err(DeliverError::Unavailable(format!("its receiver answered {code}")))
        }
        Ok(Answered { code: 410, .. }) => parked(
            "Its receiver answered 410: it wants no more of it.".into(),
            "Take [api.outgoing.NAME] out of the config, or have the receiver take it again.",
        ),
        Ok(Answered { code: code @ 300..=399, .. }) => parked(
            format!("Its receiver answered {code}, which leads elsewhere; that is not followed."),
            "Write the address that it leads to as `url`.",
        ),
        Ok(Answered { code: code @ (401 | 403 | 404 | 405), .. }) => parked(
            format!("Its receiver answered {code}."),
            "Look at `url` and `secret` of [api.outgoing.NAME], and at the receiver's log.",
        ),
        Ok(Answered { code, .. }) => Err(DeliverError::Rejected(format!("its receiver answered {code}"))),
        Err(Unanswered::NotPublic) => parked(
            "Its receiver is not on the public Internet.".into(),
            "Write private = true where it is one of your own.",
        ),
        Err(Unanswered::NotSent(why)) => Err(DeliverError::Unavailable(why)),
        Err(Unanswered::Unsure(why)) => Err(DeliverError::Unsure(why)),
    }
}

/// All that the API tells, in the same way; nobody says anything there.
fn cell(feature: Feature) -> Cell {
    match feature {
        Feature::Typing => Cell::NONE,
        Feature::Thread | Feature::Topic => Cell::SHOWN_OTHERWISE,
        _ => Cell::new(Support::Native, Support::Dropped),
    }
}

fn report(id: &NativeId) -> RoomReport {
    RoomReport {
        key: RoomKey::new(PLATFORM, NETWORK, id.clone()),
        space: SpaceRef { id: NETWORK.into(), name: "Webhooks".into() },
        name: id.to_string(),
        visibility: Visibility::Private,
        members: None,
        warnings: Vec::new(),
    }
}

#[async_trait]
impl Connector for Outgoing {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    fn has_programs(&self) -> bool {
        true
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        Ok(Preflight {
            identity: Identity { id: ACCOUNT.into(), name: "Relay".into() },
            warnings: Vec::new(),
            rooms: rooms.iter().map(|id| (id.clone(), Ok(report(id)))).collect(),
        })
    }

    async fn listen(&self, _: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        inbox.connected();
        inbox.stopped().await;
        Ok(())
    }

    fn translate(&self, _: &RawEvent) -> Translation {
        Translation::Ignored("nobody says anything there")
    }

    fn capabilities(&self, _: &RoomKey) -> Capabilities {
        Capabilities::new(cell, TextLimit { most: usize::MAX, unit: Unit::Bytes })
    }

    fn takes(&self, _: &RoomKey) -> Takes {
        TAKES
    }

    fn permalink(&self, _: &RoomKey, _: &MessageRef) -> Option<String> {
        None
    }

    fn render(&self, _: &RoomKey, draft: &Draft) -> Vec<Part> {
        let files = draft.files.iter().map(|file| file.index).collect();
        vec![Part { text: plain::text(&draft.body), formatting: serde_json::Value::Null, files }]
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        let room = &attempt.room.room;
        let Some(webhook) = self.webhooks.get(room) else {
            return Err(DeliverError::Rejected("there is no such webhook in the config any more".into()));
        };
        let (event, key) = self.event(webhook, &attempt.operation).await?;
        let at = jiff::Timestamp::from_millisecond(event.at).unwrap_or_default().to_string();
        let body = Body { kind: event.kind, timestamp: at, data: &event };
        let body = serde_json::to_vec(&body).map_err(|error| DeliverError::Rejected(error.to_string()))?;
        let id = key.unwrap_or_else(|| self.again(room, &format!("{:?}", attempt.operation)));
        let now = Timestamp::now().0 / 1000;
        let signature = webhook.section.key.sign(&id, now, &body);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [("id", id.as_str()), ("timestamp", &now.to_string()), ("signature", &signature)]
        {
            let name = HeaderName::try_from(format!("webhook-{name}"));
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        outcome(webhook.sender.post(&webhook.section.url, headers, body.into()).await)?;
        self.done(room);
        Ok(match attempt.operation {
            Operation::Post { part, .. } => {
                let no_text = part.text.is_empty() && !part.files.is_empty();
                Receipt::of(MessageRef::plain(event.message.as_str()).holding(part.files.clone(), no_text))
            }
            Operation::Edit { target, part } => {
                Receipt::of(MessageRef { files: part.files.clone(), ..target.clone() })
            }
            Operation::Delete { target }
            | Operation::React { target, .. }
            | Operation::Pin { target, .. } => Receipt::of(target.clone()),
            Operation::Open { .. } => {
                return Err(DeliverError::Rejected("there are no threads to open".into()));
            }
        })
    }

    async fn locate(&self, _: &RoomKey, _: &MessageRef, _: &str) -> Result<Located, DeliverError> {
        Err(DeliverError::TargetGone)
    }

    fn reaction(&self, _: &RoomKey, emoji: &Emoji) -> Option<String> {
        Some(emoji.name.clone())
    }

    async fn find(&self) -> Result<Listing, OpenError> {
        Ok(Listing { rooms: Vec::new(), complete: true })
    }

    async fn may_manage(&self, _: &Call) -> Result<bool, DeliverError> {
        Ok(false)
    }

    fn manages(&self) -> &'static str {
        "the config of Relay"
    }

    async fn answer(&self, _: &Call, _: &Answer) -> Result<(), DeliverError> {
        Err(DeliverError::Rejected("nobody gives commands through a webhook".into()))
    }
}
