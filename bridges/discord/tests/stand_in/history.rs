//! C36: what was said while nobody listened is what would have been heard.

use crate::rig::{Rig, TOKEN, open, patiently};
use relay_contract::{
    Connector, DeliverError, Envelope, Event, EventKey, Mark, NativeId, Past, Standing, Timestamp,
    Translation,
};
use stand_ins::people::Act;
use stand_ins::world::{Room, World};
use std::sync::Arc;

const MANAGED: &[&str] = &["VIEW_CHANNEL", "SEND_MESSAGES", "MANAGE_WEBHOOKS", "MESSAGE_CONTENT"];

fn envelopes(connector: &dyn Connector, past: &Past) -> Vec<Envelope> {
    let each = past.events.iter().flat_map(|raw| match connector.translate(raw) {
        Translation::Events(events) => events,
        Translation::Ignored(_) => Vec::new(),
        other => panic!("{other:?}"),
    });
    each.collect()
}

fn words(envelopes: &[Envelope]) -> Vec<String> {
    let each = envelopes.iter().map(|envelope| match &envelope.event {
        Event::Posted(message) => message.body.excerpt(50),
        Event::Edited { to, .. } => format!("edited: {}", to.body.excerpt(50)),
        other => format!("{other:?}"),
    });
    each.collect()
}

fn from(id: &str) -> Mark {
    Mark { id: Some(id.into()), at: Timestamp(0) }
}

/// Before anything was said.
fn beginning() -> Mark {
    Mark { id: None, at: Timestamp(Timestamp::now().0 - 60_000) }
}

impl Rig {
    async fn history(&self, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        patiently(self.connector.history(&self.room, after, most)).await
    }

    /// All pieces, each of at most so many; and how many there were.
    async fn whole_history(&self, after: Mark, most: u16) -> (Vec<Envelope>, usize) {
        let (mut all, mut pieces, mut next) = (Vec::new(), 0, Some(after));
        while let Some(mark) = next {
            let past = self.history(&mark, most).await.unwrap();
            all.extend(envelopes(&*self.connector, &past));
            next = past.next;
            pieces += 1;
        }
        (all, pieces)
    }

    fn thread(&self, message: Option<&str>, name: &str, text: &str) -> String {
        let (person, room) = ("Ada".to_owned(), self.room_id.to_string());
        let (message, text) = (message.map(str::to_owned), Some(text.to_owned()));
        self.act(Act::Open { person, room, message, name: name.to_owned(), text })
    }

    fn say_in(&self, thread: &str, text: &str) -> String {
        let (person, room, thread) = ("Bruno".to_owned(), self.room_id.to_string(), Some(thread.to_owned()));
        self.act(Act::Say { person, room, text: text.to_owned(), reply_to: None, files: Vec::new(), thread })
    }

    async fn archive(&self, thread: &str) {
        self.rest("PATCH", &format!("/channels/{thread}"), r#"{"archived":true}"#).await;
    }
}

/// Everything that can be said, heard live by one connector and read from the history by another.
#[tokio::test]
async fn c36_what_is_read_is_what_was_heard() {
    let mut rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let room = || rig.room_id.to_string();
    let named =
        |person: &str| Act::CallThemselves { person: person.into(), room: room(), name: "Countess".into() };
    rig.act(named("Ada"));
    let first = rig.say("Ada", "hello **you** @Bruno", None);
    rig.say("Bruno", "an answer to @Ada", Some(&first));
    rig.say_with_files("Ada", "", None, &["owl.png"]);
    rig.post("from elsewhere", "Elif").await.unwrap();
    rig.post_as_bot("as the bot", None).await.unwrap();
    rig.thread(Some(&first), "owls", "in a thread");
    let loose = rig.thread(None, "hoots", "in another");
    rig.say_in(&loose, "answered there");
    rig.act(Act::Pin { person: "Ada".into(), room: room(), message: first.clone(), on: true });
    let (answers, multiple) = (vec!["yes".into(), "no".into()], false);
    let poll = Act::Ask { person: "Ada".into(), room: room(), question: "owls?".into(), answers, multiple };
    let poll = rig.act(poll);
    rig.act(Act::EndPoll { room: room(), message: poll });
    let elsewhere = Act::Say {
        person: "Ada".into(),
        room: "random".into(),
        text: "passed on".into(),
        reply_to: None,
        files: Vec::new(),
        thread: None,
    };
    let message = rig.act(elsewhere);
    rig.act(Act::Forward { person: "Ada".into(), room: "random".into(), message, to: room() });
    let last = rig.say("Ada", "the last", None);
    let mut live = Vec::new();
    while !live.iter().any(|it: &Envelope| it.subject().is_some_and(|key| key.id.as_str() == last)) {
        match rig.connector.translate(&heard.raw().await) {
            Translation::Events(events) => live.extend(events),
            _ => continue,
        }
    }
    heard.stop().await.unwrap();
    // What only the gateway tells: names, and the poll's own message, whose key is its result's.
    live.retain(|it| it.origin == rig.room && !matches!(it.event, Event::Member { .. }));
    rig.connector = rig.restarted().await;
    let (read, pieces) = rig.whole_history(beginning(), 100).await;
    let keys = |all: &[Envelope]| -> Vec<EventKey> {
        let mut keys: Vec<_> = all.iter().map(Envelope::key).collect();
        keys.sort_by(|a, b| (&a.id, a.kind).cmp(&(&b.id, b.kind)));
        keys.dedup();
        keys
    };
    assert_eq!((keys(&read), pieces), (keys(&live), 1));
    assert!(read.len() >= 13, "{:?}", words(&read));
    for envelope in &read {
        let mut same = live.iter().find(|it| it.key() == envelope.key()).unwrap().clone();
        // When it was heard; Discord dates no results.
        if matches!(same.event, Event::PollEnded { .. }) {
            same.at = envelope.at;
        }
        assert_eq!(*envelope, same);
    }
    let by_us = read.iter().filter(|it| it.author.as_ref().is_some_and(|by| by.standing == Standing::Relay));
    assert_eq!(by_us.count(), 2);
}

#[tokio::test]
async fn c36_pieces_go_on_where_the_last_one_ended() {
    let rig = Rig::ready().await;
    let mark = rig.say("Ada", "known", None);
    let threads = [rig.thread(None, "owls", "0"), rig.thread(None, "hoots", "1")];
    let mut said: Vec<String> = vec!["0".into(), "1".into()];
    for number in 2..250 {
        let text = number.to_string();
        match number % 5 {
            0 => rig.say_in(&threads[0], &text),
            1 => rig.say_in(&threads[1], &text),
            _ => rig.say("Ada", &text, None),
        };
        said.push(text);
    }
    for (most, fewest) in [(100, 3), (33, 8)] {
        let (read, pieces) = rig.whole_history(from(&mark), most).await;
        assert_eq!(words(&read), said, "{most} at once");
        assert!(pieces >= fewest, "{pieces} pieces of {most}");
    }
    let nothing = rig.history(&from(&rig.say("Ada", "the last", None)), 100).await.unwrap();
    assert_eq!(nothing, Past::default());
}

#[tokio::test]
async fn c36_what_was_changed_comes_as_it_is_now_and_what_is_older_as_an_edit() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let thread = rig.thread(None, "owls", "in a thread");
    let old: Vec<String> = ["a", "b", "c"].iter().map(|text| rig.say("Ada", text, None)).collect();
    rig.edit("Ada", &old[2], "c, edited before the mark");
    // Not in the same millisecond.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let mark = rig.say("Ada", "known", None);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let in_thread = rig.world.discord.messages(&thread).unwrap().pop().unwrap().id;
    let gone = rig.say("Ada", "nobody hears of this", None);
    let new = rig.say("Ada", "new", None);
    rig.edit("Ada", &new, "new, as it is now");
    rig.edit("Ada", &old[0], "a, edited");
    rig.edit("Ada", &in_thread, "edited in a thread");
    rig.delete("Ada", &gone);
    let read = envelopes(&*rig.connector, &rig.history(&from(&mark), 100).await.unwrap());
    let mut told = words(&read);
    told[..2].sort();
    // Who took the new one in before, in a reading that was broken off, knows it as it was then.
    let new = ["new, as it is now", "edited: new, as it is now"];
    assert_eq!(told, [&["edited: a, edited", "edited: edited in a thread"][..], &new].concat());
    // Told live too: the same events.
    let mut live: Vec<Envelope> = Vec::new();
    while !live.iter().any(|it| matches!(it.event, Event::Deleted { .. })) {
        if let Translation::Events(events) = rig.connector.translate(&heard.raw().await) {
            live.extend(events);
        }
    }
    for envelope in read {
        assert!(live.iter().any(|it| it.key() == envelope.key()), "{:?}", envelope.key());
    }
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn c36_threads_out_of_the_archive_and_none_that_is_a_room_itself() {
    let rig = Rig::ready().await;
    let (before, linked) = (rig.thread(None, "before", "0"), rig.thread(None, "linked", "1"));
    rig.archive(&before).await;
    rig.connector.preflight(&[rig.room_id.clone(), linked.as_str().into()]).await.unwrap();
    let mark = rig.say("Ada", "known", None);
    rig.say_in(&linked, "in a room of its own");
    let after = rig.thread(None, "after", "2");
    rig.archive(&after).await;
    // Archived, woken by a post, archived again.
    rig.say_in(&before, "3");
    rig.archive(&before).await;
    let (read, _) = rig.whole_history(from(&mark), 100).await;
    assert_eq!(words(&read), ["2", "3"]);
    let room = relay_contract::RoomKey::new(relay_discord::PLATFORM, "compatible", linked.as_str());
    let past = patiently(rig.connector.history(&room, &beginning(), 100)).await.unwrap();
    let read = envelopes(&*rig.connector, &past);
    assert_eq!(words(&read), ["1", "in a room of its own"]);
    assert!(read.iter().all(|it| it.origin == room));
}

#[tokio::test]
async fn c36_a_forum_is_all_threads() {
    let mut world = World::demo();
    let forum = Room { id: String::new(), name: "ideas".into(), private: false, forum: true };
    world.discord.spaces[0].rooms.insert(0, forum);
    let rig = Rig::of(world).await;
    rig.preflight().await;
    let post = rig.thread(None, "owls", "more owls");
    rig.say_in(&post, "yes");
    let (read, _) = rig.whole_history(beginning(), 100).await;
    assert_eq!(words(&read), ["more owls", "yes"]);
    let Event::Posted(first) = &read[0].event else { panic!("{read:?}") };
    assert_eq!(first.thread.as_ref().and_then(|it| it.root.clone()), Some(NativeId::from(post.as_str())));
}

/// Discord answers an empty history instead of saying no.
#[tokio::test]
async fn without_the_right_to_read_it_the_history_is_refused() {
    let rig = Rig::with(|bot| bot.may = Some(MANAGED.iter().map(|it| (*it).to_owned()).collect())).await;
    let told = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    let warnings = told.rooms[0].1.clone().unwrap().warnings;
    let lost = "what is said while Relay is away is lost";
    assert!(warnings.iter().any(|it| it.what.contains(lost)), "{warnings:?}");
    let urls = (rig.world.discord.api_url(), rig.world.discord.gateway_url());
    // Known from `preflight`; found out, where it was not asked.
    for connector in [rig.connector.clone(), open(&urls.0, urls.1.as_deref(), TOKEN)] {
        let refused = patiently(connector.history(&rig.room, &beginning(), 100)).await;
        let Err(DeliverError::Forbidden(problem)) = refused else { panic!("{refused:?}") };
        assert!(problem.fix.contains("Read Message History"), "{problem}");
    }
}

#[tokio::test]
async fn a_look_that_fails_says_how() {
    let rig = Rig::ready().await;
    rig.say("Ada", "hello", None);
    let connector: &Arc<dyn Connector> = &rig.connector;
    assert!(connector.keeps_history());
    let refused = rig.history(&from("owl"), 10).await;
    assert!(matches!(refused, Err(DeliverError::Rejected(_))), "{refused:?}");
    rig.fault(stand_ins::faults::Kind::ServerError, "/messages", 1.0);
    let later = rig.history(&beginning(), 10).await;
    assert!(matches!(later, Err(DeliverError::Unavailable(_))), "{later:?}");
    rig.fault(stand_ins::faults::Kind::RateLimit, "/messages", 2.0);
    let limited = rig.history(&beginning(), 10).await;
    assert!(matches!(limited, Err(DeliverError::RateLimited { .. })), "{limited:?}");
    rig.kick();
    // As one that knows the room, and as one that asks about it.
    for connector in [rig.connector.clone(), rig.restarted().await] {
        let refused = patiently(connector.history(&rig.room, &beginning(), 10)).await;
        assert!(matches!(refused, Err(DeliverError::Forbidden(_))), "{refused:?}");
    }
}
