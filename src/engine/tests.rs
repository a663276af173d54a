//! The engine with a platform of its own: what panics costs itself and nothing else, and rooms that move or become visible.

mod absence;
mod consent;
mod folding;
mod levels;
mod linked;
mod resting;

use super::space::Crash;
use super::supervisor::SpaceOf;
use super::*;
use crate::policy::{CatchUpLimits, Unsure};
use crate::routing::Direction;
use crate::store::ledger::FannedOut;
use crate::store::records::KnownRoom;
use crate::store::{OutboxRow, Verdict};
use async_trait::async_trait;
use relay_contract::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;
use tokio::sync::mpsc;

const PLATFORM: Platform = Platform::new("puppet");

/// A platform of one room, whose events the test writes and whose posts it reads.
struct Puppet {
    events: tokio::sync::Mutex<mpsc::Receiver<Value>>,
    posted: Mutex<Vec<String>>,
    /// What was said in the room `here` while nobody listened, with its times; the connection says that there is such a gap.
    past: Mutex<Vec<(String, i64)>>,
    /// The platform tells what came of an attempt.
    tells: bool,
    /// What it was told of which rooms are linked.
    linked: Mutex<Vec<NativeId>>,
}

fn room(name: &str) -> RoomKey {
    RoomKey::new(PLATFORM, "net", name)
}

#[async_trait]
impl Connector for Puppet {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let report = |id: &NativeId| RoomReport {
            key: room(id.as_str()),
            space: SpaceRef { id: "space".into(), name: "Space".into() },
            name: id.to_string(),
            visibility: Visibility::Space,
            members: None,
            warnings: vec![],
        };
        Ok(Preflight {
            identity: Identity { id: "me".into(), name: "Me".into() },
            warnings: vec![],
            rooms: rooms.iter().map(|id| (id.clone(), Ok(report(id)))).collect(),
        })
    }

    fn linked(&self, rooms: &[NativeId]) {
        *self.linked.lock().unwrap() = rooms.to_vec();
    }

    async fn listen(&self, _: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        if !self.past.lock().unwrap().is_empty() {
            inbox.gap("as the test asked");
        }
        inbox.connected();
        let mut events = self.events.lock().await;
        loop {
            tokio::select! {
                Some(payload) = events.recv() => {
                    let raw = RawEvent { space: "space".into(), payload, cursor: None };
                    if inbox.accept(raw).await.is_err() { return Ok(()) }
                }
                () = inbox.stopped() => return Ok(()),
            }
        }
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        let text = raw.payload["text"].as_str().unwrap_or_default();
        assert!(text != "panic in translate", "as the test asked");
        let author = Author { id: "u".into(), name: "Ada".into(), avatar: None, standing: Standing::Person };
        Translation::Events(vec![Envelope {
            origin: room(raw.payload["room"].as_str().unwrap_or_default()),
            author: Some(author),
            at: raw.payload["at"].as_i64().map_or_else(Timestamp::now, Timestamp),
            event: Event::Posted(Message {
                thread: raw.payload["topic"].as_str().map(|name| Thread {
                    id: name.into(),
                    root: None,
                    name: Some(name.into()),
                }),
                ..Message::new(MessageRef::plain(text), Text::plain(text))
            }),
        }])
    }

    fn capabilities(&self, _: &RoomKey) -> Capabilities {
        let text = TextLimit { most: 100, unit: Unit::Chars };
        let cell = |feature| match feature {
            Feature::File => Cell::SHOWN_OTHERWISE,
            _ => Cell::NATIVE,
        };
        Capabilities { room_rate: (1000, 1), account_rate: (1000, 1), ..Capabilities::new(cell, text) }
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
        let text = draft.body.excerpt(100);
        assert!(text != "panic in render", "as the test asked");
        vec![Part::text(text, Value::Null)]
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

    fn keeps_history(&self) -> bool {
        true
    }

    async fn history(&self, of: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        absence::history(self, of, after, most)
    }

    fn tells(&self, _: &RoomKey) -> bool {
        self.tells
    }

    async fn settle(&self, attempt: Attempt<'_>, _: Timestamp) -> Result<Settled, DeliverError> {
        absence::settle(self, &attempt)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        let part = match attempt.operation {
            Operation::Post { part, .. } => part,
            Operation::Edit { target, part } => {
                self.posted.lock().unwrap().push(format!("edit: {}", part.text));
                return Ok(Receipt::of(target.clone()));
            }
            _ => return Err(DeliverError::TargetGone),
        };
        assert!(part.text != "panic in deliver", "as the test asked");
        let mut posted = self.posted.lock().unwrap();
        posted.push(part.text.clone());
        if part.text.starts_with("unanswered")
            && posted.iter().filter(|text| **text == part.text).count() == 1
        {
            return Err(DeliverError::Unsure("as the test asked".into()));
        }
        Ok(Receipt::of(MessageRef::plain(format!("copy of {}", part.text))))
    }
}

/// Two rooms of one puppet, joined.
struct Stage {
    engine: Engine,
    puppet: Arc<Puppet>,
    say: mpsc::Sender<Value>,
    _calls: Calls,
    _dir: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        Self::set_in(tempfile::tempdir().unwrap())
    }

    fn set_in(dir: tempfile::TempDir) -> Self {
        Self::set_after(dir, Vec::new(), true, Unsure::Repeat)
    }

    fn set_after(dir: tempfile::TempDir, past: Vec<(String, i64)>, tells: bool, unsure: Unsure) -> Self {
        Self::set_with(dir, past, Vec::new(), tells, unsure)
    }

    fn set_with(
        dir: tempfile::TempDir,
        past: Vec<(String, i64)>,
        posted: Vec<String>,
        tells: bool,
        unsure: Unsure,
    ) -> Self {
        let (say, events) = mpsc::channel(100);
        let puppet = Arc::new(Puppet {
            events: tokio::sync::Mutex::new(events),
            posted: Mutex::new(posted),
            past: Mutex::new(past),
            tells,
            linked: Mutex::default(),
        });
        let account = Account("puppet".into());
        let link = |room: &str| PlannedLink {
            at: PlannedRoom { account: account.clone(), room: room.into(), by_name: false },
            direction: Direction::Both,
            settings: Default::default(),
            joined: false,
            own_name: None,
        };
        let lobby = Channel { links: vec![link("here"), link("there")], ..Channel::default() };
        let plan = Plan {
            accounts: vec![AccountPlan {
                name: account.clone(),
                connector: puppet.clone(),
                ceilings: false,
                pace: 1,
                server: None,
                deaf_after: Duration::from_secs(60),
                unsure,
            }],
            channels: BTreeMap::from([("lobby".to_owned(), lobby)]),
            catch_up: CatchUpLimits { messages: 300, age: Duration::from_secs(3_600) },
            flood: None,
            keeping: super::Keeping::default(),
            language: Default::default(),
            admins: None,
        };
        let stores = Stores::open(dir.path()).unwrap();
        let media = crate::media::Media::open(&crate::media::Settings::default(), dir.path()).unwrap();
        let (engine, calls) = Engine::start(stores, media, plan).unwrap();
        Self { engine, puppet, say, _calls: calls, _dir: dir }
    }

    async fn say(&self, text: &str) {
        self.say.send(json!({ "room": "here", "text": text })).await.unwrap();
    }

    async fn arrives(&self, text: &str) {
        self.until(text, || self.puppet.posted.lock().unwrap().iter().any(|posted| posted == text)).await;
    }

    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(20), "never: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn count(&self, name: &str) -> u64 {
        self.engine.core().counters.all().find(|(counted, _)| *counted == name).unwrap().1
    }
}

#[test]
fn a_poison_event_is_set_aside_and_the_next_goes_through() {
    block_on(async {
        let stage = Stage::set();
        stage.say("panic in translate").await;
        stage.say("after").await;
        stage.arrives("after").await;
        let aside = stage.engine.core().ledger.aside(10).unwrap();
        assert_eq!(aside.len(), 1);
        assert!(aside[0].reason.contains("as the test asked"), "{aside:?}");
        assert!(aside[0].payload.contains("panic in translate"));
        stage.engine.stop().await;
    });
}

#[test]
fn a_delivery_that_panics_is_buried_and_the_next_goes_through() {
    block_on(async {
        let stage = Stage::set();
        stage.say("panic in render").await;
        stage.say("panic in deliver").await;
        stage.say("after").await;
        stage.arrives("after").await;
        let dead = stage.engine.core().ledger.dead_letters(10).unwrap();
        let reasons: Vec<_> = dead.iter().map(|(_, _, letter)| letter.reason.as_str()).collect();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons.iter().all(|reason| reason.contains("as the test asked")), "{reasons:?}");
        assert_eq!(stage.count("dead"), 2);
        stage.engine.stop().await;
    });
}

/// The puppet opens no threads, though its capabilities say that it can.
#[test]
fn a_topic_that_cannot_be_opened_holds_nobody() {
    block_on(async {
        let stage = Stage::set();
        for text in ["first of the topic", "second of the topic"] {
            stage.say.send(json!({ "room": "here", "text": text, "topic": "owls" })).await.unwrap();
        }
        stage.say("after").await;
        stage.arrives("after").await;
        let said =
            |text: &str| stage.puppet.posted.lock().unwrap().iter().any(|posted| posted.contains(text));
        assert!(said("first of the topic") && said("second of the topic"));
        stage.engine.stop().await;
    });
}

#[test]
fn a_space_that_goes_down_comes_back_with_its_lanes() {
    block_on(async {
        let stage = Stage::set();
        stage.say("before").await;
        stage.arrives("before").await;
        for round in 0..3 {
            let of = SpaceOf { account: Account("puppet".into()), space: "space".into() };
            let space = loop {
                match stage.engine.supervisor.send(of_again(&of)).await.unwrap() {
                    Ok(space) => break space,
                    Err(wait) => tokio::time::sleep(wait).await,
                }
            };
            assert!(space.send(Crash).await.is_err(), "it crashed");
            let word = format!("after crash {round}");
            stage.say(&word).await;
            stage.arrives(&word).await;
        }
        assert_eq!(stage.count("panicked"), 3);
        stage.engine.stop().await;
    });
}

fn of_again(of: &SpaceOf) -> SpaceOf {
    SpaceOf { account: of.account.clone(), space: of.space.clone() }
}

#[test]
fn a_part_that_does_not_answer_is_named() {
    const WITHIN: Duration = Duration::from_millis(300);
    block_on(async {
        let mut stage = Stage::set();
        let pulse = stage.engine.pulse();
        stage.say("before").await;
        stage.arrives("before").await;
        assert_eq!(pulse.stuck(WITHIN).await, []);
        let busy = pulse.clone();
        let asked = tokio::spawn(async move { busy.stuck(WITHIN).await });
        // The actors' thread is this one.
        std::thread::sleep(WITHIN * 3);
        assert_eq!(asked.await.unwrap(), [Vital::Supervisor]);
        assert_eq!(pulse.stuck(WITHIN).await, []);
        stage.engine.tasks.shutdown().await;
        assert_eq!(pulse.stuck(WITHIN).await, [Vital::FanOut]);
        stage.engine.core().ledger.close().await.unwrap();
        assert_eq!(pulse.stuck(WITHIN).await, [Vital::Ledger, Vital::FanOut]);
    });
}

/// A crash between the move and its rows: they are found at the next start, and go to where the room is now.
#[test]
fn what_waited_for_a_room_that_moved_is_delivered_after_a_crash() {
    block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, writer) = crate::store::Ledger::open(dir.path()).unwrap();
        let account = Account("puppet".into());
        let envelope = Envelope {
            origin: room("here"),
            author: None,
            at: Timestamp(0),
            event: Event::Posted(Message::new(MessageRef::plain("1"), Text::plain("from before the move"))),
        };
        let queued = ledger.accept(account.clone(), vec![envelope]).await.unwrap();
        let Verdict::Accepted(id) = queued.await.unwrap().unwrap()[0] else { panic!("repeated") };
        let row = OutboxRow::new("lobby", None);
        let rows = vec![(room("there"), row)];
        ledger.fan_out(vec![FannedOut { rows, ..FannedOut::nowhere(id) }]).await.unwrap();
        let report = RoomReport {
            key: room("there"),
            space: SpaceRef { id: "space".into(), name: "Space".into() },
            name: "there".into(),
            visibility: Visibility::Space,
            members: None,
            warnings: vec![],
        };
        ledger.remember_room(account, "there".into(), KnownRoom::new(&report)).await.unwrap();
        ledger.move_room(room("there"), room("elsewhere")).await.unwrap();
        ledger.close().await.unwrap();
        writer.join();
        drop(ledger);
        let stage = Stage::set_in(dir);
        stage.arrives("from before the move").await;
        assert_eq!(
            stage.engine.core().known.get(&Account("puppet".into()), &"there".into()).unwrap().key,
            room("elsewhere")
        );
        assert_eq!(stage.count("dead"), 0);
        stage.engine.stop().await;
    });
}

/// A room that more people can read than was agreed to: nothing is said there until somebody agrees; then all of it, in order.
#[test]
fn a_room_that_became_visible_waits_for_a_person() {
    block_on(async {
        let stage = Stage::set();
        stage.say("before").await;
        stage.arrives("before").await;
        let core = stage.engine.core();
        let account = core.accounts.all()[0].clone();
        let mut known = core.known.get(&account.name, &"there".into()).unwrap();
        known.agreed = Some(Visibility::Private);
        core.remember(&account, &"there".into(), known).await.unwrap();
        stage.say("one").await;
        stage.say("two").await;
        let parked = || matches!(core.lane(&room("there")).unwrap().state(), LaneState::Parked { .. });
        stage.until("the lane is parked", parked).await;
        assert!(core.wider(&room("there")).unwrap().fix.contains("relay approve \"puppet:there\""));
        assert_eq!(*stage.puppet.posted.lock().unwrap(), ["before"]);
        assert!(core.agree(&account, &"there".into()).await.unwrap());
        stage.arrives("two").await;
        assert_eq!(*stage.puppet.posted.lock().unwrap(), ["before", "one", "two"]);
        assert!(!core.agree(&account, &"there".into()).await.unwrap(), "there is nothing to agree to");
        stage.engine.stop().await;
    });
}

/// The account was called something else when somebody agreed to who reads the room: it is agreed to no more, and can be.
#[test]
fn a_room_that_became_visible_waits_under_the_new_name_of_its_account() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        let (ledger, writer) = crate::store::Ledger::open(dir.path()).unwrap();
        let known = crate::store::records::KnownRoom {
            key: room("there"),
            space: "space".into(),
            space_name: "Space".into(),
            name: "there".into(),
            visibility: Some(Visibility::Space),
            agreed: Some(Visibility::Private),
        };
        ledger.remember_room(Account("former".into()), "there".into(), known).await.unwrap();
        ledger.close().await.unwrap();
        drop(ledger);
        writer.join();
        let stage = Stage::set_in(dir);
        let core = stage.engine.core();
        let account = core.accounts.all()[0].clone();
        stage.until("the room is found", || core.known.get(&account.name, &"there".into()).is_some()).await;
        assert!(core.wider(&room("there")).unwrap().fix.contains("relay approve \"puppet:there\""));
        stage.say("one").await;
        let parked = || {
            let lane = core.lane(&room("there"));
            lane.is_some_and(|lane| matches!(lane.state(), LaneState::Parked { .. }))
        };
        stage.until("the lane is parked", parked).await;
        assert!(core.agree(&account, &"there".into()).await.unwrap());
        stage.arrives("one").await;
        assert_eq!(core.wider(&room("there")).map(|problem| problem.fix), None);
        stage.engine.stop().await;
    });
}
