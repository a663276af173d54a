//! Every combination of levels, words and grants, beside a model of a few lines.

use super::super::consent::Deed;
use super::super::core::{Core, Keeping, Plan};
use super::super::fan_out::plan::{Planned, plan};
use super::super::lane_steps::Content as Whole;
use crate::consent::{Classes, DataClass, Entry, Level, Person, Purpose, Scope, Stance};
use crate::media::Media;
use crate::policy::CatchUpLimits;
use crate::routing::{Direction, Link, LinkSettings, Routes};
use crate::store::ledger::WriterGuard;
use crate::store::{Ledger, MappingIndex, Note, OutboxRow, Shown, Side, Verdict};
use relay_contract::text::{Leaf, Run};
use relay_contract::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const P: Platform = Platform::new("p");

fn room(network: &str) -> RoomKey {
    RoomKey::new(P, network, "room")
}

fn author(number: usize) -> Author {
    Author {
        id: format!("u{number}").as_str().into(),
        name: format!("Name {number}"),
        avatar: Some("https://x.example/face.png".into()),
        standing: Standing::Person,
    }
}

/// What somebody has said: perhaps a word, and perhaps a grant, after it or before.
#[derive(Debug, Clone, Copy)]
struct Said {
    word: Option<Stance>,
    grant: Option<(DataClass, bool)>,
}

fn everything_that_can_be_said() -> Vec<Said> {
    let words = [None].into_iter().chain(Stance::ALL.map(Some));
    let grants = || {
        let all = DataClass::ALL.into_iter().flat_map(|class| [(class, true), (class, false)]);
        [None].into_iter().chain(all.map(Some))
    };
    words.flat_map(|word| grants().map(move |grant| Said { word, grant })).collect()
}

fn entries(said: Said, at: Timestamp) -> Vec<Entry> {
    let word = said.word.map(|word| word.entries("word", at)).unwrap_or_default();
    let Some((class, is_after)) = said.grant else { return word };
    let grant = vec![Entry {
        allows: true,
        purpose: Purpose::Bridging,
        classes: Classes::of(&[class]),
        scope: Scope::Platform("p".into()),
        how: "grant".into(),
        words: 1,
        at,
        from: at,
        until: None,
    }];
    if is_after { [word, grant].concat() } else { [grant, word].concat() }
}

/// The model: what the tightest level and the word let through, and what was granted after the word.
fn may(levels: [Level; 4], said: Said, class: DataClass) -> bool {
    use DataClass::{Attachments, Content, Derived, Identity, Picture, Reactions};
    let tightest = match levels {
        _ if levels.contains(&Level::Minimal) => &[Content, Reactions, Derived][..],
        _ if levels.contains(&Level::Balanced) => &[Content, Reactions, Derived, Attachments, Identity],
        _ => &DataClass::ALL,
    };
    let word: &[DataClass] = match said.word {
        None | Some(Stance::Full) => &DataClass::ALL,
        Some(Stance::Balanced) => &[Content, Reactions, Derived, Attachments, Identity],
        Some(Stance::Anonymous) => &[Content, Reactions, Derived, Attachments],
        Some(Stance::Minimal) => &[Content, Reactions, Derived],
        Some(Stance::None) => &[],
    };
    let granted = said.grant.is_some_and(|(granted, is_after)| {
        (is_after || said.word.is_none()) && (granted == class || (granted == Identity && class == Picture))
    });
    granted || (tightest.contains(&class) && word.contains(&class))
}

fn routes([relay, channel, origin, target]: [Level; 4]) -> Routes {
    let mut routes = Routes::default();
    routes.set_level("lobby", relay.tighter(channel));
    for (network, privacy) in [("home", origin), ("abroad", target)] {
        let settings = LinkSettings { privacy, ..LinkSettings::default() };
        routes.link("lobby", Link { room: room(network), direction: Direction::Both, settings });
    }
    routes
}

struct World {
    core: Core,
    index: MappingIndex,
    writer: WriterGuard,
    _dir: tempfile::TempDir,
    _calls: super::super::Calls,
}

fn opened() -> World {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, writer) = Ledger::open(dir.path()).unwrap();
    let index = MappingIndex::open(dir.path(), &ledger, &mut |_, _| {}).unwrap();
    let media = Media::open(&crate::media::Settings::default(), dir.path()).unwrap();
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
    let core = Core::new(ledger.clone(), index.lookup(ledger), media, dir.path(), plan, calls).unwrap();
    World { core, index, writer, _dir: dir, _calls: receiver }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_is_what_the_model_says() {
    let World { core, index, writer, _dir, _calls } = opened();
    let (home, abroad) = (room("home"), room("abroad"));
    let people = everything_that_can_be_said();
    // Said a while ago, so that it held when they did what is asked about.
    let at = Timestamp(Timestamp::now().0 - 10_001);
    for (number, said) in people.iter().enumerate() {
        let entries = entries(*said, at);
        if !entries.is_empty() {
            core.ledger.say_consent(Person::of(&home, &author(number)), entries, false).await.unwrap();
        }
    }
    let said_at = Timestamp(at.0 + 5_000);
    let all = || Level::ALL.into_iter();
    let fours = all()
        .flat_map(|a| all().flat_map(move |b| all().flat_map(move |c| all().map(move |d| [a, b, c, d]))));
    let mut asked = 0;
    for levels in fours {
        core.routes.send_modify(|now| *now = Arc::new(routes(levels)));
        for (number, said) in people.iter().enumerate() {
            let by = author(number);
            let deed = Deed { origin: &home, author: &by, said: said_at, known: Timestamp::now() };
            for class in DataClass::ALL {
                let expected = may(levels, *said, class);
                assert_eq!(core.may_see(&abroad, deed, class), expected, "{levels:?} {said:?} {class:?}");
                asked += 1;
            }
            let seen = core.seen_as(&abroad, deed);
            let named = seen.as_ref().is_some_and(|seen| seen.name == by.name && seen.id == by.id);
            let pictured = seen.as_ref().is_some_and(|seen| seen.avatar.is_some());
            assert_eq!(named, may(levels, *said, DataClass::Identity), "{levels:?} {said:?}");
            assert_eq!(pictured, named && may(levels, *said, DataClass::Picture), "{levels:?} {said:?}");
            let is_there = may(levels, *said, DataClass::Content) || may(levels, *said, DataClass::Reactions);
            assert_eq!(seen.is_some(), named || is_there, "{levels:?} {said:?}");
        }
    }
    assert_eq!(asked, 81 * 6 * 15 * 7);
    core.ledger.clone().close().await.unwrap();
    index.close().unwrap();
    drop((core, index));
    writer.join();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_not_given() {
    let World { core, index, writer, _dir, _calls } = opened();
    let (home, abroad) = (room("home"), room("abroad"));
    let named = Mention::Person { id: Some("u7".into()), name: "Seven".into() };
    let message = Message {
        quoted: vec!["u8".into()],
        forward: Some(Forward { author: Some("Nine".into()), author_id: Some("u9".into()), room: None }),
        ..Message::new(MessageRef::plain("1"), Text::from_runs(vec![Run::new(Leaf::Mention(named))]))
    };
    let envelope = Envelope {
        origin: home.clone(),
        author: Some(author(1)),
        at: Timestamp::now(),
        event: Event::Posted(message),
    };
    let queued = core.ledger.accept(Account("a".into()), vec![envelope.clone()]).await.unwrap();
    let [Verdict::Accepted(id)] = queued.await.unwrap().unwrap()[..] else { panic!("it is new") };
    for level in [Level::Full, Level::Balanced, Level::Minimal] {
        core.routes.send_modify(|now| *now = Arc::new(routes([level; 4])));
        for pictures in [Pictures::None, Pictures::Address, Pictures::File] {
            for ids in [false, true] {
                let takes = Takes { pictures, ids };
                let by = core.by_in(&abroad, id, &envelope, takes).unwrap().unwrap();
                let is_pictured = level == Level::Full && pictures != Pictures::None;
                assert_eq!(
                    (by.picture().is_some(), by.id().is_some()),
                    (is_pictured, ids),
                    "{level:?} {takes:?}"
                );
                let whole = Whole::of(&core, id, &envelope, &OutboxRow::new("", None)).unwrap().unwrap();
                let seen = whole.seen_in(&core, &abroad, takes).unwrap().unwrap();
                assert_eq!(seen.by(), Some(&by));
                let mut told = format!("{:?}{:?}", seen.message(), seen.by());
                if level == Level::Minimal {
                    // Of who it is nothing is known, whatever is taken.
                    assert!(!told.contains("Name 1") && !told.contains("u1"), "{told}");
                    told = told.replace("id: Some", "");
                }
                let has_ids = ["u7", "u8", "u9"].map(|other| told.contains(other));
                assert_eq!(has_ids, [ids; 3], "{level:?} {takes:?}: {told}");
            }
        }
    }
    core.ledger.clone().close().await.unwrap();
    index.close().unwrap();
    drop((core, index));
    writer.join();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_no_room_is_shown_is_neither_kept_nor_told() {
    let World { core, index, writer, _dir, _calls } = opened();
    let (home, abroad) = (room("home"), room("abroad"));
    core.routes.send_modify(|now| *now = Arc::new(routes([Level::Full; 4])));
    let before = Timestamp(Timestamp::now().0 - 5_000);
    let entries = Stance::Anonymous.entries("", before);
    core.ledger.say_consent(Person::of(&home, &author(1)), entries, false).await.unwrap();
    for (number, is_shown) in [(1, false), (2, true)] {
        let words = Message::new(MessageRef::plain(number.to_string()), Text::plain("hi"));
        let envelope = Envelope {
            origin: home.clone(),
            author: Some(author(number)),
            at: Timestamp::now(),
            event: Event::Posted(words),
        };
        let queued = core.ledger.accept(Account("a".into()), vec![envelope]).await.unwrap();
        let [Verdict::Accepted(id)] = queued.await.unwrap().unwrap()[..] else { panic!("it is new") };
        let planned = plan(&core, id, &Planned::default()).unwrap();
        let is_kept = planned.notes.iter().any(|note| matches!(note, Note::Name { .. }));
        assert_eq!((planned.rows.len(), is_kept), (1, is_shown), "{number}");
        assert_eq!(core.may_name(&abroad, &home, &author(number).id), is_shown, "{number}");
    }
    core.ledger.clone().close().await.unwrap();
    index.close().unwrap();
    drop((core, index));
    writer.join();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_to_be_called_as_they_are_in_each_network_keeps_their_name_in_their_own() {
    let World { core, index, writer, _dir, _calls } = opened();
    let (home, abroad) = (room("home"), room("abroad"));
    let next_door = RoomKey::new(P, "home", "another room");
    let mut linked = routes([Level::Full; 4]);
    let (direction, settings) = (Direction::Both, LinkSettings::default());
    linked.link("lobby", Link { room: next_door.clone(), direction, settings });
    core.routes.send_modify(|now| *now = Arc::new(linked));
    let side = |network: &RoomKey, number| Side {
        person: Person::of(network, &author(number)),
        name: author(number).name,
        room: network.clone(),
    };
    for comes in [side(&home, 2), side(&abroad, 3)] {
        core.ledger.link(side(&home, 1), comes, Timestamp::now()).await.unwrap();
    }
    let one = Person::of(&home, &author(1));
    core.ledger.show_as(one.clone(), Shown::There).await.unwrap();
    let now = Timestamp::now();
    let called = |number: usize, at: &RoomKey| {
        let author = author(number);
        let deed = Deed { origin: &home, author: &author, said: now, known: now };
        core.seen_as(at, deed).map(|seen| (seen.name, seen.id))
    };
    let named = |name: usize, number: usize| Some((author(name).name, author(number).id));
    assert_eq!(called(1, &next_door), named(1, 1), "not by that of another account of the same network");
    assert_eq!(called(1, &abroad), named(3, 1));
    core.ledger.show_as(one, Shown::Account(Person::of(&home, &author(2)))).await.unwrap();
    assert_eq!((called(1, &next_door), called(1, &home)), (named(2, 1), named(1, 1)), "not where it is said");
    // On some platforms people have another name in each space: one that a room does not hear of is not told there.
    let elsewhere = RoomKey::new(P, "abroad", "in no channel with them");
    assert_eq!(called(1, &elsewhere), named(1, 1));
    core.ledger.clone().close().await.unwrap();
    index.close().unwrap();
    drop((core, index));
    writer.join();
}
