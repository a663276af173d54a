//! The platform `relay`: what is posted through the API is its event, and what a channel carries is delivered to it. Deliveries are
//! kept by the ledger with their completion, so that `deliver` has only to name them.

use crate::adapt::plain;
use crate::store::stream::PLATFORM;
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Cell, Connector, DeliverError, Draft, Emoji, Envelope, Feature,
    Identity, Inbox, ListenError, Listing, Located, MessageRef, NativeId, OpenError, Operation, Part,
    Pictures, Platform, Preflight, RawEvent, Receipt, RoomKey, RoomReport, Settled, SpaceRef, Support, Takes,
    TextLimit, Timestamp, Translation, Unit, Visibility,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// The name of the API's account, in links and in the status.
pub const ACCOUNT: &str = "api";
/// What programs are told of people, in the stream and by webhooks: who they are, as the API says it.
pub const TAKES: Takes = Takes { pictures: Pictures::Address, ids: true };
/// Where its room ids are unique.
const NETWORK: &str = "api";
/// Requests that wait for the reader; more than this wait outside.
const WAITING: usize = 256;
/// So many are on their way into the ledger at once: they share its syncs.
const OVERLAP: usize = 128;
/// Longest wait for the ledger.
const PATIENCE: Duration = Duration::from_secs(20);

/// The room of a channel.
pub fn room(channel: &str) -> RoomKey {
    RoomKey::new(PLATFORM, NETWORK, channel)
}

/// Whether a message's id can be one that was given by the API or by the ledger.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

/// A connector, and the way in for what is posted.
pub fn open() -> (Arc<dyn Connector>, Entrance) {
    let (entrance, posts) = mpsc::channel(WAITING);
    (Arc::new(Own { posts: Mutex::new(posts) }), Entrance(entrance))
}

/// Something that was posted, and whoever waits until it is on disk.
struct Handed {
    raw: RawEvent,
    done: oneshot::Sender<()>,
}

/// Where requests hand in what they bring.
#[derive(Clone)]
pub struct Entrance(mpsc::Sender<Handed>);

/// It is not known to be on disk: Relay stops, its disk is full, or it is too busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken;

impl Entrance {
    /// Resolves when the event is on disk, or was dropped by rule.
    pub async fn hand_in(&self, channel: &str, envelope: &Envelope) -> Result<(), NotTaken> {
        let payload = serde_json::to_value(envelope).map_err(|_| NotTaken)?;
        let raw = RawEvent { space: channel.into(), payload, cursor: None };
        let (done, taken) = oneshot::channel();
        let taken = async {
            self.0.send(Handed { raw, done }).await.map_err(|_| NotTaken)?;
            taken.await.map_err(|_| NotTaken)
        };
        tokio::time::timeout(PATIENCE, taken).await.unwrap_or(Err(NotTaken))
    }
}

struct Own {
    posts: Mutex<mpsc::Receiver<Handed>>,
}

fn report(id: &NativeId) -> RoomReport {
    RoomReport {
        key: room(id.as_str()),
        space: SpaceRef { id: id.clone(), name: "API".into() },
        name: id.to_string(),
        visibility: Visibility::Private,
        members: None,
        warnings: Vec::new(),
    }
}

/// What can be used through the API; all but typing is told.
fn cell(feature: Feature) -> Cell {
    use Feature::{Delete, Edit, Emoji, File, Persona, Reaction, Reply, Text, Typing};
    let heard = match feature {
        Text | Edit | Delete | Reply | Reaction | File | Persona | Emoji => Support::Native,
        _ => Support::Dropped,
    };
    match feature {
        Typing => Cell::NONE,
        // A thread is told by the message that it hangs from; there is nothing to open.
        Feature::Thread | Feature::Topic => Cell::SHOWN_OTHERWISE,
        _ => Cell::new(Support::Native, heard),
    }
}

#[async_trait]
impl Connector for Own {
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
        let mut posts = self.posts.lock().await;
        let mut under_way = FuturesOrdered::new();
        inbox.connected();
        loop {
            let handed = tokio::select! {
                biased;
                () = inbox.stopped() => break,
                Some(()) = under_way.next(), if !under_way.is_empty() => continue,
                handed = posts.recv(), if under_way.len() < OVERLAP => handed,
            };
            // The entrance lives as long as the process.
            let Some(Handed { raw, done }) = handed else { break };
            under_way.push_back(async move {
                if inbox.accept(raw).await.is_ok() {
                    // Whoever has gone away asks again, with the same key.
                    let _ = done.send(());
                }
            });
        }
        while under_way.next().await.is_some() {}
        inbox.stopped().await;
        Ok(())
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        match serde_json::from_value(raw.payload.clone()) {
            Ok(envelope) => Translation::Events(vec![envelope]),
            Err(error) => Translation::Unreadable(format!("not an envelope: {error}")),
        }
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
        match attempt.operation {
            Operation::Post { part, key, .. } => {
                // The first part of a delivery is its message.
                let id = key.strip_suffix(".0").unwrap_or(key);
                let no_text = part.text.is_empty() && !part.files.is_empty();
                Ok(Receipt::of(MessageRef::plain(id).holding(part.files.clone(), no_text)))
            }
            Operation::Edit { target, part } => {
                let files = part.files.clone();
                Ok(Receipt::of(MessageRef { files, ..target.clone() }))
            }
            Operation::Delete { target }
            | Operation::React { target, .. }
            | Operation::Pin { target, .. } => Ok(Receipt::of(target.clone())),
            Operation::Open { .. } => Err(DeliverError::Rejected("there are no threads to open".into())),
        }
    }

    fn tells(&self, _: &RoomKey) -> bool {
        true
    }

    async fn settle(&self, _: Attempt<'_>, _: Timestamp) -> Result<Settled, DeliverError> {
        // What was not completed is nowhere.
        Ok(Settled::Found(Vec::new()))
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
        "a token with the scope `admin`"
    }

    async fn answer(&self, _: &Call, _: &Answer) -> Result<(), DeliverError> {
        Err(DeliverError::Rejected("nobody gives commands through the API".into()))
    }
}
