//! What may be seen, by the engine on a real ledger and by a model that anybody can check: thousands of people who choose, talk, edit and
//! react while clocks are set and Relay is killed and started.

use super::super::consent::Deed;
use super::super::core::{Core, Keeping, Plan};
use super::super::fan_out::plan::{Planned, plan};
use super::super::lane_steps::Content;
use crate::consent::{Classes, DataClass, Entry, Level, Person, Purpose, Recipient, Scope, Stance, Unsaid};
use crate::media::Media;
use crate::policy::CatchUpLimits;
use crate::routing::{Before, Direction, Link, LinkSettings};
use crate::store::ledger::WriterGuard;
use crate::store::records::KnownRoom;
use crate::store::{EnvelopeId, Ledger, MappingIndex, OutboxRow, Verdict};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use relay_contract::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;

/// Histories when nobody asks for more; `RELAY_HISTORIES=100000` does.
const HISTORIES: usize = 1_000;
/// People in one world, and what each of them does.
const PEOPLE: usize = 500;
const ROUNDS: usize = 12;
const HOUR: i64 = 60 * 60 * 1000;

/// What is taken of people, where all is.
const ALL: Takes = Takes { pictures: Pictures::Address, ids: true };
const P: Platform = Platform::new("p");

/// Whoever says something in `hall` or `club` is heard in the others of the channel.
const HALL: (&str, &str) = ("home", "hall");
const CLUB: (&str, &str) = ("home", "club");
/// The first two are of one network, each in a space of its own.
const ROOMS: [(&str, &str); 3] = [("abroad", "yard"), ("abroad", "inn"), ("far", "pier")];
const SPACES: [&str; 3] = ["farm", "village", "coast"];

fn room((network, room): (&str, &str)) -> RoomKey {
    RoomKey::new(P, network, room)
}

/// What somebody has said, and what they have posted.
#[derive(Default)]
struct History {
    entries: Vec<Entry>,
    posts: Vec<(EnvelopeId, Message, i64)>,
}

/// Whether an entry is about whoever sees a room.
fn is_to(scope: &Scope, to: &RoomKey) -> bool {
    let place = ROOMS.iter().position(|at| room(*at) == *to).unwrap();
    match scope {
        Scope::All => true,
        Scope::Platform(platform) => platform == "p",
        Scope::One(Recipient::Space { network, ids, .. }) => {
            *network == to.network && (ids.is_empty() || ids[..] == [SPACES[place].into()])
        }
        Scope::One(_) => false,
    }
}

/// The model: who allows what, written over by each entry in its turn; and whether what was written last is a grant.
fn last(
    entries: &[Entry],
    class: DataClass,
    to: &RoomKey,
    default: bool,
    when: i64,
    by: Option<i64>,
) -> (bool, bool) {
    let mut answer = (default, false);
    for entry in entries {
        // A no may be for what was before it.
        let said = by.is_none_or(|by| entry.at.0 <= by || (!entry.allows && entry.from.0 <= by));
        let holds = entry.from.0 <= when && entry.until.is_none_or(|until| when < until.0);
        let classes = Vec::from(entry.classes);
        let covers = classes.contains(&class)
            || (class == DataClass::Picture && classes.contains(&DataClass::Identity));
        let is_about = entry.purpose == Purpose::Bridging && covers && is_to(&entry.scope, to);
        if said && holds && is_about {
            let is_word = entry.scope == Scope::All
                && entry.until.is_none()
                && words().contains(&(entry.allows, classes));
            answer = (entry.allows, entry.allows && !is_word);
        }
    }
    answer
}

/// Whether an entry that was made after something was said forbids it: then it is gone for good.
fn forbidden_since(entries: &[Entry], class: DataClass, to: &RoomKey, said: i64) -> bool {
    entries.iter().any(|entry| {
        let classes = Vec::from(entry.classes);
        let covers = classes.contains(&class)
            || (class == DataClass::Picture && classes.contains(&DataClass::Identity));
        let is_for = is_to(&entry.scope, to);
        !entry.allows && entry.at.0 >= said && entry.purpose == Purpose::Bridging && covers && is_for
    })
}

/// What the entries of the words say.
fn words() -> Vec<(bool, Vec<DataClass>)> {
    let entries = Stance::ALL.into_iter().flat_map(|stance| stance.entries("", Timestamp(0)));
    entries.map(|entry| (entry.allows, entry.classes.into())).collect()
}

/// The same below a level: what it holds back is for a grant alone.
fn below(level: Level, class: DataClass, (allows, is_grant): (bool, bool)) -> bool {
    use DataClass::{Attachments, Identity, Picture, Presence};
    let held: &[DataClass] = match level {
        Level::Full => &[],
        Level::Balanced => &[Picture, Presence],
        Level::Minimal => &[Picture, Presence, Attachments, Identity],
    };
    if held.contains(&class) { is_grant } else { allows }
}

/// What is set in a world: in its two channels, and at the links of two rooms.
#[derive(Debug, Clone, Copy)]
struct Levels {
    channels: [Level; 2],
    rooms: [Level; 3],
    /// Until when people were asked first where they are not now; never where none.
    asked_until: Option<i64>,
}

impl Levels {
    fn any(random: &mut StdRng) -> Self {
        let mut any = || Level::ALL[random.random_range(0..3)];
        // Every other world has none.
        let (channels, rooms) = match any() {
            Level::Full => ([Level::Full; 2], [Level::Full; 3]),
            _ => ([any(), any()], [any(), any(), any()]),
        };
        // In whole hours and a half, so that no clock of a test decides.
        let asked_until = random
            .random_bool(0.5)
            .then(|| Timestamp::now().0 + random.random_range(-3..3) * HOUR + HOUR / 2);
        Self { channels, rooms, asked_until }
    }

    /// What held for who has said nothing when something was said.
    fn default_then(&self, default: bool, said: i64) -> bool {
        default && self.asked_until.is_none_or(|until| until <= said)
    }

    /// Of who talks in the channel that is open, or in the other one.
    fn of(&self, is_open: bool, to: &RoomKey) -> Level {
        let of_room = ROOMS.iter().position(|at| room(*at) == *to).map(|at| self.rooms[at]);
        self.channels[usize::from(!is_open)].min(of_room.unwrap())
    }
}

/// One ledger with its people, as long as it lives.
struct World {
    core: Arc<Core>,
    index: MappingIndex,
    writer: WriterGuard,
    levels: Levels,
    _calls: super::super::Calls,
}

fn opened(dir: &Path, levels: Levels) -> World {
    let (ledger, writer) = Ledger::open(dir).unwrap();
    let index = MappingIndex::open(dir, &ledger, &mut |_, _| {}).unwrap();
    let media = Media::open(&crate::media::Settings::default(), dir).unwrap();
    let plan = Plan {
        accounts: Vec::new(),
        channels: BTreeMap::new(),
        catch_up: CatchUpLimits { messages: 1, age: Duration::ZERO },
        flood: None,
        keeping: Keeping::default(),
        language: Default::default(),
        admins: None,
    };
    let (calls, receiver) = mpsc::channel(1);
    let lookup = index.lookup(ledger.clone());
    let core = Core::new(ledger, lookup, media, dir, plan, calls).unwrap();
    core.routes.send_modify(|routes| {
        let routes = Arc::make_mut(routes);
        for (channel, from) in [("open", HALL), ("asking", CLUB)] {
            for at in ROOMS.into_iter().chain([from]) {
                let privacy = ROOMS.iter().position(|other| *other == at).map(|at| levels.rooms[at]);
                let settings =
                    LinkSettings { privacy: privacy.unwrap_or_default(), ..LinkSettings::default() };
                routes.link(channel, Link { room: room(at), direction: Direction::Both, settings });
            }
        }
        routes.set_level("open", levels.channels[0]);
        routes.set_level("asking", levels.channels[1]);
        routes.set_unsaid("asking", Unsaid::OptIn);
        if let Some(until) = levels.asked_until {
            routes.set_unsaid("open", Unsaid::OptIn);
            let before = Before::default().and_now(routes, Timestamp(until - HOUR));
            routes.set_unsaid("open", Unsaid::Notice);
            routes.set_before(Arc::new(before.and_now(routes, Timestamp(until))));
        }
    });
    for (at, space) in ROOMS.into_iter().zip(SPACES) {
        let known = KnownRoom {
            key: room(at),
            space: space.into(),
            space_name: space.into(),
            name: at.1.into(),
            visibility: None,
            agreed: None,
        };
        core.known.put(&Account("a".into()), &at.1.into(), known);
    }
    World { core: Arc::new(core), index, writer, levels, _calls: receiver }
}

impl World {
    async fn close(self) {
        self.core.ledger.clone().close().await.unwrap();
        self.index.close().unwrap();
        drop(self.core);
        drop(self.index);
        self.writer.join();
    }
}

fn author(number: usize) -> Author {
    Author {
        id: format!("u{number}").as_str().into(),
        name: format!("Name {number}"),
        avatar: Some("https://x.example/face.png".into()),
        standing: Standing::Person,
    }
}

/// Where somebody talks: every other one in a channel that asks first.
fn origin(number: usize) -> (RoomKey, bool) {
    if number.is_multiple_of(2) { (room(HALL), true) } else { (room(CLUB), false) }
}

fn an_entry(random: &mut StdRng, now: i64) -> Vec<Entry> {
    let now = Timestamp(now);
    if let Some(stance) = Stance::ALL.get(random.random_range(0..12)) {
        return stance.entries("test", now);
    }
    let classes: Vec<DataClass> = DataClass::ALL.into_iter().filter(|_| random.random_bool(0.5)).collect();
    let scope = match random.random_range(0..6) {
        0 | 1 => Scope::All,
        2 => Scope::One(Recipient::of(&room(ROOMS[0]), Vec::new())),
        other => Scope::One(Recipient::of(&room(ROOMS[other - 3]), vec![SPACES[other - 3].into()])),
    };
    let purpose = if random.random_bool(0.9) { Purpose::Bridging } else { Purpose::Archive };
    // In whole hours and a half, so that no clock of a test decides.
    let from = now.0 + random.random_range(-3..2) * HOUR;
    let until =
        random.random_bool(0.5).then(|| Timestamp(now.0 + random.random_range(0..4) * HOUR + HOUR / 2));
    vec![Entry {
        allows: random.random_bool(0.5),
        purpose,
        classes: Classes::of(&classes),
        scope,
        how: "test".into(),
        words: 1,
        at: now,
        from: Timestamp(from - HOUR / 4),
        until,
    }]
}

/// Whether everything that somebody does is seen as the model says; answers how many questions that were.
async fn act(world: &World, number: usize, history: &mut History, random: &mut StdRng) -> usize {
    let core = &world.core;
    let (origin, default) = origin(number);
    let person = Person::of(&origin, &author(number));
    let now = core.consent_clock().0;
    let mut asked = 0;
    let levels = world.levels;
    let model = |entries: &[Entry], class, to: &RoomKey, said: i64| {
        let level = levels.of(default, to);
        // A reaction that is taken back goes by an event of its own.
        let gone = class != DataClass::Reactions && forbidden_since(entries, class, to, said);
        !gone
            && below(level, class, last(entries, class, to, default, now, None))
            && below(
                level,
                class,
                last(entries, class, to, levels.default_then(default, said), said, Some(said)),
            )
    };
    if random.random_bool(0.4) {
        let entries = an_entry(random, now);
        core.ledger.say_consent(person, entries.clone(), false).await.unwrap();
        history.entries.extend(entries);
        return 0;
    }
    // Never a whole second: it would end with it.
    let said = (now - random.random_range(0..3) * HOUR) / 1000 * 1000 + 1;
    let edits = !history.posts.is_empty() && random.random_bool(0.4);
    let (message, target) = match edits {
        true => {
            let (id, message, posted) = history.posts[random.random_range(0..history.posts.len())].clone();
            (message, Some((id, posted)))
        }
        false => {
            let native = format!("{number}-{}-{}", history.posts.len(), random.random::<u32>());
            let said = Message::new(MessageRef::plain(native.as_str()), Text::plain("said"));
            (Message { attachments: vec![Attachment::named("a.png")], ..said }, None)
        }
    };
    let event = match edits {
        true => Event::Edited {
            to: Message {
                body: Text::plain(&format!("edited {}", random.random::<u32>())),
                ..message.clone()
            },
            version: random.random::<u64>().to_string(),
        },
        false => Event::Posted(message.clone()),
    };
    let envelope =
        Envelope { origin: origin.clone(), author: Some(author(number)), at: Timestamp(said), event };
    let queued = core.ledger.accept(Account("a".into()), vec![envelope.clone()]).await.unwrap();
    let verdicts = queued.await.unwrap().unwrap();
    let [Verdict::Accepted(id)] = verdicts[..] else { panic!("{verdicts:?}") };
    // Whatever the clock of its platform says, never later than it came.
    let said = said.min(id.at().0);
    let fanned = plan(core, id, &Planned::default()).unwrap();
    let rows: Vec<(RoomKey, OutboxRow)> = fanned.rows.clone();
    core.ledger.fan_out(vec![fanned]).await.unwrap();
    for to in ROOMS.map(room) {
        let goes = rows.iter().any(|(room, _)| *room == to);
        let seen = match target {
            // Under a name that was allowed then and is not now it would only come to be taken back.
            None => {
                let word = |when, by: Option<i64>| {
                    let default = by.map_or(default, |said| levels.default_then(default, said));
                    last(&history.entries, DataClass::Identity, &to, default, when, by)
                };
                let level = levels.of(default, &to);
                model(&history.entries, DataClass::Content, &to, said)
                    && ((word(now, None).0
                        && !forbidden_since(&history.entries, DataClass::Identity, &to, said))
                        || !below(level, DataClass::Identity, word(said, Some(said))))
            }
            Some((_, posted)) => {
                model(&history.entries, DataClass::Content, &to, posted)
                    && model(&history.entries, DataClass::Content, &to, said)
            }
        };
        let row = rows.iter().find(|(room, _)| *room == to).map(|(_, row)| row.clone());
        let row = row.unwrap_or_else(|| OutboxRow::new("", target.map(|(id, _)| id)));
        let withheld = core.is_withheld(&to, id, &envelope, &row).unwrap();
        assert_eq!(
            !withheld, seen,
            "{number} to {to}: {:#?} said {said} now {now} {target:?}",
            history.entries
        );
        if target.is_none() {
            assert_eq!(goes, seen, "{number} to {to} at the fan-out");
        }
        let named_at = target.map_or(said, |(_, posted)| posted);
        let content =
            Content::of(core, id, &envelope, &row).unwrap().unwrap().seen_in(core, &to, ALL).unwrap();
        let shown = model(&history.entries, DataClass::Content, &to, named_at);
        assert_eq!(content.is_some(), shown, "{number} to {to}: what is shown");
        if let Some(content) = content {
            let named = model(&history.entries, DataClass::Identity, &to, named_at);
            let by = content.by().filter(|by| by.name() == author(number).name);
            assert_eq!(by.is_some(), named, "{number} to {to}: {:#?} the name", history.entries);
            let pictured = by.is_some_and(|by| by.picture().is_some());
            let may_be = named && model(&history.entries, DataClass::Picture, &to, named_at);
            assert_eq!(pictured, may_be, "{number} to {to}: {:#?} the picture", history.entries);
            let gives = model(&history.entries, DataClass::Attachments, &to, named_at);
            assert_eq!(!content.message().attachments.is_empty(), gives, "{number} to {to}: the file");
        }
        let person = author(number);
        let deed = Deed { origin: &origin, author: &person, said: Timestamp(said), known: Timestamp(now) };
        let reacts = core.may_see(&to, deed, DataClass::Reactions);
        assert_eq!(
            reacts,
            model(&history.entries, DataClass::Reactions, &to, said),
            "{number} to {to}: reactions"
        );
        asked += 6;
    }
    // Delivered, so that edits have where to go.
    for (to, _) in rows {
        let copy = MessageRef::plain(format!("{}-{id}", to.room).as_str());
        let messages = target.is_none().then(|| vec![copy]);
        let subject = target.map_or(id, |(id, _)| id);
        core.ledger.complete(to, id, subject, messages, Vec::new(), None).await.unwrap();
    }
    if target.is_none() {
        history.posts.push((id, message, said));
    }
    asked
}

/// As `kill -9` leaves it: what was written, with nothing closed.
fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp").arg("-a").arg(from.join(".")).arg(to.path()).status();
    assert!(status.unwrap().success());
    to
}

async fn live(seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let levels = Levels::any(&mut random);
    let mut dir = tempfile::tempdir().unwrap();
    let mut world = opened(dir.path(), levels);
    let mut people: Vec<History> = (0..PEOPLE).map(|_| History::default()).collect();
    let mut asked = 0;
    for round in 0..ROUNDS {
        let seeds: Vec<u64> = people.iter().map(|_| random.random()).collect();
        let acts = people.iter_mut().zip(seeds).enumerate().map(|(number, (history, seed))| {
            let world = &world;
            async move { act(world, number, history, &mut StdRng::seed_from_u64(seed)).await }
        });
        asked += futures::future::join_all(acts).await.into_iter().sum::<usize>();
        world.index.catch_up(&world.core.ledger, &mut |_, _| {}).unwrap();
        let ahead = world.core.ahead.load(Ordering::Relaxed);
        let ahead = match round % 4 {
            // The clock goes on, and is set back: what has ended must not begin anew, as far as anything was seen since.
            0 | 1 => ahead + random.random_range(0..2) * HOUR,
            2 => ahead,
            _ => (ahead - HOUR).max(0),
        };
        match random.random_range(0..4) {
            0 => {
                world.close().await;
                world = opened(dir.path(), levels);
            }
            1 => {
                let killed = copied(dir.path());
                world.close().await;
                dir = killed;
                world = opened(dir.path(), levels);
            }
            _ => {}
        }
        world.core.ahead.store(ahead, Ordering::Relaxed);
    }
    world.close().await;
    asked
}

/// `RELAY_HISTORIES=100000 cargo test --lib what_is_seen` lets so many people live.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_seen_is_what_the_model_says() {
    let histories =
        std::env::var("RELAY_HISTORIES").ok().and_then(|all| all.parse().ok()).unwrap_or(HISTORIES);
    let (mut lived, mut asked) = (0, 0);
    for seed in 0.. {
        if lived >= histories {
            break;
        }
        asked += live(seed).await;
        lived += PEOPLE;
    }
    println!("{lived} histories, {asked} questions, no disagreement");
}

/// Promise: choices never go back behind a time that was seen, and whoever runs Relay is told where that is ahead of the clock.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let levels = Levels { channels: [Level::Full; 2], rooms: [Level::Full; 3], asked_until: None };
    let world = opened(dir.path(), levels);
    let core = &world.core;
    assert_eq!(core.consent_clock_ahead(), None);
    core.ahead.store(30_000, Ordering::Relaxed);
    core.consent_clock();
    core.ahead.store(0, Ordering::Relaxed);
    assert_eq!(core.consent_clock_ahead(), None, "platforms' clocks differ so much");
    core.ahead.store(HOUR, Ordering::Relaxed);
    core.consent_clock();
    core.ahead.store(0, Ordering::Relaxed);
    let ahead = core.consent_clock_ahead().unwrap().as_secs();
    assert!((3_590..=3_600).contains(&ahead), "{ahead}");
    let found = core.examine().await;
    assert!(found.iter().any(|found| found.about == "clock" && found.what.contains("ahead")), "{found:?}");
    world.close().await;
}

/// Promise: the picture that Relay itself gives out of somebody goes with their messages, where no room may see it any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_with_the_messages() {
    let dir = tempfile::tempdir().unwrap();
    let levels = Levels { channels: [Level::Full; 2], rooms: [Level::Full; 3], asked_until: None };
    let world = opened(dir.path(), levels);
    let core = &world.core;
    let person = Person::of(&room(HALL), &author(0));
    let message = Message::new(MessageRef::plain("1"), Text::plain("said"));
    let at = Timestamp(core.consent_clock().0 / 1000 * 1000 - 1);
    let event = Event::Posted(message);
    let envelope = Envelope { origin: room(HALL), author: Some(author(0)), at, event };
    let queued = core.ledger.accept(Account("a".into()), vec![envelope]).await.unwrap();
    let verdicts = queued.await.unwrap().unwrap();
    let [Verdict::Accepted(id)] = verdicts[..] else { panic!("{verdicts:?}") };
    let fanned = plan(core, id, &Planned::default()).unwrap();
    assert_eq!(fanned.rows.len(), 3);
    core.ledger.fan_out(vec![fanned]).await.unwrap();
    let gone = async |entries: Vec<Entry>| {
        core.ledger.say_consent(person.clone(), entries, false).await.unwrap();
        let gone = core.gone_of(&person);
        (gone.messages.len(), gone.links.len(), gone.pictures.len())
    };
    let said = |stance: Stance| stance.entries("test", core.consent_clock());
    // What says *balanced* leaves them beside what was said.
    assert_eq!(gone(said(Stance::Balanced)).await, (0, 0, 0));
    assert_eq!(gone(said(Stance::Full)).await, (0, 0, 0));
    let for_one =
        |entry: Entry| Entry { scope: Scope::One(core.recipient(&room(ROOMS[0])).as_ref().clone()), ..entry };
    assert_eq!(gone(said(Stance::None).into_iter().map(for_one).collect()).await, (0, 1, 0));
    assert_eq!(gone(said(Stance::None)).await, (1, 1, 1));
    world.close().await;
}

/// One who posts something at this time by their platform's clock; it has crossed to both rooms.
async fn posted(core: &Core, native: &str, at: i64) -> (EnvelopeId, Envelope) {
    let event = Event::Posted(Message::new(MessageRef::plain(native), Text::plain("said")));
    let envelope = Envelope { origin: room(HALL), author: Some(author(0)), at: Timestamp(at), event };
    let queued = core.ledger.accept(Account("a".into()), vec![envelope.clone()]).await.unwrap();
    let verdicts = queued.await.unwrap().unwrap();
    let [Verdict::Accepted(id)] = verdicts[..] else { panic!("{verdicts:?}") };
    let fanned = plan(core, id, &Planned::default()).unwrap();
    let rows = fanned.rows.clone();
    core.ledger.fan_out(vec![fanned]).await.unwrap();
    for (to, _) in rows {
        let copy = vec![MessageRef::plain(format!("{}-{id}", to.room).as_str())];
        core.ledger.complete(to, id, id, Some(copy), Vec::new(), None).await.unwrap();
    }
    (id, envelope)
}

/// Promise: a choice holds for the past, also where the platform's clock is ahead of Relay's.
#[tokio::test(flavor = "multi_thread")]
async fn a_platforms_clock_that_is_ahead_lets_nothing_of_before_a_choice_stay() {
    let dir = tempfile::tempdir().unwrap();
    let world =
        opened(dir.path(), Levels { channels: [Level::Full; 2], rooms: [Level::Full; 3], asked_until: None });
    let core = &world.core;
    let person = Person::of(&room(HALL), &author(0));
    let ahead = Timestamp::now().0 + 40_000;
    let (id, envelope) = posted(core, "1", ahead).await;
    let say = async |stance: Stance| {
        let entries = stance.entries("test", core.consent_clock());
        core.ledger.say_consent(person.clone(), entries, false).await.unwrap();
    };
    say(Stance::Anonymous).await;
    assert_eq!(core.gone_of(&person).messages.len(), 1, "it is taken back");
    // Nor does it turn from the name to the mask.
    let row = OutboxRow::new("", None);
    for to in ROOMS.map(room) {
        let seen = Content::of(core, id, &envelope, &row).unwrap().unwrap().seen_in(core, &to, ALL).unwrap();
        assert!(seen.is_none_or(|seen| seen.by().is_none()), "{to}");
    }
    // What is said under a no, and read from the history after a yes, may be from after it by that clock.
    say(Stance::None).await;
    say(Stance::Full).await;
    let routes = core.routes.borrow().clone();
    let read = |at: i64, event: &Event| {
        let envelope = Envelope { at: Timestamp(at), event: event.clone(), ..envelope.clone() };
        core.may_be_of_a_no(&routes, &envelope)
    };
    let edited = Event::Edited {
        to: Message::new(MessageRef::plain("1"), Text::plain("changed")),
        version: "1".into(),
    };
    for event in [&envelope.event, &edited] {
        assert!(read(ahead, event), "it is still to come");
        assert!(!read(Timestamp::now().0 - 1, event), "no clock is known to be ahead");
    }
    core.heard_at(Timestamp(Timestamp::now().0 + 40_000));
    assert!(read(Timestamp::now().0 - 1, &envelope.event), "a clock is known to be ahead");
    assert!(!read(Timestamp::now().0 - HOUR, &envelope.event), "so far ahead it is not");
    assert!(!read(ahead, &Event::Deleted { target: "1".into() }), "what is deleted always is");
    let of_another = Envelope { author: Some(author(2)), ..envelope.clone() };
    assert!(!core.may_be_of_a_no(&routes, &of_another), "who has said nothing");
    drop(routes);
    world.close().await;
}

/// Promise: what waits while somebody forbids it does not come when they allow it again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_forbidden_while_it_waited_does_not_come() {
    let dir = tempfile::tempdir().unwrap();
    let world =
        opened(dir.path(), Levels { channels: [Level::Full; 2], rooms: [Level::Full; 3], asked_until: None });
    let core = &world.core;
    let person = Person::of(&room(HALL), &author(0));
    let (id, envelope) = posted(core, "1", Timestamp::now().0).await;
    let reacted = Event::Reacted {
        target: "1".into(),
        emoji: Emoji { name: "👍".into(), id: None },
        added: true,
        version: "1".into(),
    };
    let reacted = Envelope { event: reacted, ..envelope.clone() };
    let to = room(ROOMS[0]);
    let entry = |allows, class| Entry {
        allows,
        purpose: Purpose::Bridging,
        classes: Classes::of(&[class]),
        scope: Scope::One(core.recipient(&to).as_ref().clone()),
        how: "test".into(),
        words: 1,
        at: core.consent_clock(),
        from: core.consent_clock(),
        until: None,
    };
    let row = OutboxRow::new("", None);
    for (class, waits) in
        [(DataClass::Reactions, &reacted), (DataClass::Identity, &envelope), (DataClass::Content, &envelope)]
    {
        assert!(class == DataClass::Content || !core.is_withheld(&to, id, waits, &row).unwrap(), "{class:?}");
        for allows in [false, true] {
            core.ledger.say_consent(person.clone(), vec![entry(allows, class)], false).await.unwrap();
        }
        assert!(core.is_withheld(&to, id, waits, &row).unwrap(), "{class:?}");
        assert!(!core.is_withheld(&room(ROOMS[1]), id, waits, &row).unwrap(), "{class:?}: elsewhere");
        let (later, said) = posted(core, &format!("{class:?}"), Timestamp::now().0).await;
        assert!(!core.is_withheld(&to, later, &said, &row).unwrap(), "{class:?}: what is said now");
    }
    world.close().await;
}
