//! A platform without a wire: what it says is made up here, and what it is to show is taken at once. It looks whether each room gets
//! everything, once and in order.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use relay_contract::*;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use tokio::sync::mpsc;

const PLATFORM: Platform = Platform::new("instant");
/// Events that wait for the ledger, as with the connectors that overlap them.
const AT_ONCE: usize = 256;
/// Who talks.
pub const PEOPLE: u64 = 50;

/// One account of it. Its rooms are called by their numbers.
pub struct Instant {
    network: String,
    orders: tokio::sync::Mutex<mpsc::Receiver<Say>>,
    shown: AtomicU64,
    last: Mutex<HashMap<RoomKey, u64>>,
    disorder: AtomicU64,
}

/// So many messages are to be said, in so many rooms in turn, numbered from here on.
pub struct Say {
    /// The first number.
    pub from: u64,
    /// How many.
    pub messages: u64,
    /// In how many rooms.
    pub rooms: u64,
}

impl Instant {
    /// An account, and the way to make its people talk.
    pub fn new(network: &str) -> (Self, mpsc::Sender<Say>) {
        let (say, orders) = mpsc::channel(1);
        let account = Self {
            network: network.to_owned(),
            orders: tokio::sync::Mutex::new(orders),
            shown: AtomicU64::new(0),
            last: Mutex::default(),
            disorder: AtomicU64::new(0),
        };
        (account, say)
    }

    /// How many messages it was given to show.
    pub fn shown(&self) -> u64 {
        self.shown.load(Ordering::Acquire)
    }

    /// How many came after one that was said later in their room, or a second time.
    pub fn disorder(&self) -> u64 {
        self.disorder.load(Ordering::Acquire)
    }

    pub fn key(&self, room: &str) -> RoomKey {
        RoomKey::new(PLATFORM, self.network.as_str(), room)
    }

    /// What the ledger gets of a message.
    pub fn envelope(&self, number: u64) -> Option<Envelope> {
        match self.translate(&Self::said(number, 1)) {
            Translation::Events(events) => events.into_iter().next(),
            _ => None,
        }
    }

    fn said(number: u64, rooms: u64) -> RawEvent {
        let payload = json!({
            "room": (number % rooms).to_string(),
            "by": number % PEOPLE,
            "text": format!("{number} is a line as people write it, with some words in it and no more."),
        });
        RawEvent { space: "space".into(), payload, cursor: None }
    }
}

#[async_trait]
impl Connector for Instant {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let report = |id: &NativeId| RoomReport {
            key: self.key(id.as_str()),
            space: SpaceRef { id: "space".into(), name: "Space".into() },
            name: id.to_string(),
            visibility: Visibility::Space,
            members: None,
            warnings: vec![],
        };
        Ok(Preflight {
            identity: Identity { id: "relay".into(), name: "Relay".into() },
            warnings: vec![],
            rooms: rooms.iter().map(|id| (id.clone(), Ok(report(id)))).collect(),
        })
    }

    async fn listen(&self, _: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        inbox.connected();
        let mut orders = self.orders.lock().await;
        let mut accepting = FuturesOrdered::new();
        loop {
            let say = tokio::select! {
                Some(say) = orders.recv() => say,
                () = inbox.stopped() => return Ok(()),
            };
            for number in say.from..say.from + say.messages {
                if accepting.len() >= AT_ONCE
                    && accepting.next().await.is_some_and(|accepted: Result<(), Stopped>| accepted.is_err())
                {
                    return Ok(());
                }
                let mut one = inbox.accept(Self::said(number, say.rooms));
                // Begun here and now, so that calls begin in order.
                match futures::poll!(&mut one) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Ok(()),
                    Poll::Pending => accepting.push_back(one),
                }
            }
            while let Some(accepted) = accepting.next().await {
                if accepted.is_err() {
                    return Ok(());
                }
            }
        }
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        let word = |field: &str| raw.payload[field].as_str().unwrap_or_default();
        let by = raw.payload["by"].as_u64().unwrap_or_default();
        let text = word("text");
        let author = Author {
            id: by.to_string().into(),
            name: format!("Person {by}"),
            avatar: None,
            standing: Standing::Person,
        };
        let number = text.split_whitespace().next().unwrap_or_default();
        Translation::Events(vec![Envelope {
            origin: self.key(word("room")),
            author: Some(author),
            at: Timestamp::now(),
            event: Event::Posted(Message::new(MessageRef::plain(number), Text::plain(text))),
        }])
    }

    fn capabilities(&self, _: &RoomKey) -> Capabilities {
        Capabilities::new(|_| Cell::NATIVE, TextLimit { most: 2_000, unit: Unit::Chars })
    }

    async fn locate(&self, _: &RoomKey, _: &MessageRef, _: &str) -> Result<Located, DeliverError> {
        Err(DeliverError::TargetGone)
    }

    fn reaction(&self, _: &RoomKey, emoji: &Emoji) -> Option<String> {
        Some(emoji.name.clone())
    }

    fn permalink(&self, _: &RoomKey, _: &MessageRef) -> Option<String> {
        None
    }

    fn render(&self, _: &RoomKey, draft: &Draft) -> Vec<Part> {
        vec![Part::text(draft.body.excerpt(2_000), Value::Null)]
    }

    async fn find(&self) -> Result<Listing, OpenError> {
        Ok(Listing::default())
    }

    fn manages(&self) -> &'static str {
        "nobody"
    }

    async fn may_manage(&self, _: &Call) -> Result<bool, DeliverError> {
        Ok(false)
    }

    async fn answer(&self, _: &Call, _: &Answer) -> Result<(), DeliverError> {
        Ok(())
    }

    fn tells(&self, _: &RoomKey) -> bool {
        true
    }

    async fn settle(&self, attempt: Attempt<'_>, _: Timestamp) -> Result<Settled, DeliverError> {
        let Operation::Post { part, .. } = attempt.operation else { return Ok(Settled::CannotTell) };
        let number = number_of(part)?;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(attempt.room).copied();
        let found = last.filter(|last| number <= *last).map(|_| Receipt::of(copy_of(number)));
        Ok(Settled::Found(found.into_iter().collect()))
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        let Operation::Post { part, .. } = attempt.operation else { return Err(DeliverError::TargetGone) };
        let number = number_of(part)?;
        let before = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.insert(attempt.room.clone(), number)
        };
        if before.is_some_and(|before| before >= number) {
            self.disorder.fetch_add(1, Ordering::AcqRel);
        }
        self.shown.fetch_add(1, Ordering::AcqRel);
        Ok(Receipt::of(copy_of(number)))
    }
}

fn number_of(part: &Part) -> Result<u64, DeliverError> {
    let number = part.text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    number.ok_or(DeliverError::Rejected("it bears no number".into()))
}

fn copy_of(number: u64) -> MessageRef {
    MessageRef::plain(format!("copy-{number}"))
}
