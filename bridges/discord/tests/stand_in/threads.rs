//! Threads and forums: heard as their channel's room, opened, posted in, changed.

use crate::rig::{Heard, Rig, TOKEN, key};
use relay_contract::{
    DeliverError, Event, Feature, Mark, Message, MessageRef, NativeId, Operation, Persona, Receipt, RoomKey,
    Support, Timestamp, Translation,
};
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use stand_ins::world::{Room, World};

async fn listening() -> (Rig, Heard) {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    (rig, heard)
}

/// A forum, which is the first room.
async fn forum() -> (Rig, Heard) {
    let mut world = World::demo();
    world.discord.spaces[0]
        .rooms
        .insert(0, Room { id: String::new(), name: "ideas".into(), private: false, forum: true });
    let rig = Rig::of(world).await;
    rig.preflight().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    (rig, heard)
}

fn open(rig: &Rig, message: Option<&str>, text: Option<&str>) -> String {
    rig.act(Act::Open {
        person: "Ada".into(),
        room: rig.room_id.to_string(),
        message: message.map(Into::into),
        name: "owls".into(),
        text: text.map(Into::into),
    })
}

fn say_in(rig: &Rig, thread: &str, text: &str) -> String {
    rig.act(Act::Say {
        person: "Bruno".into(),
        room: rig.room_id.to_string(),
        text: text.into(),
        reply_to: None,
        files: Vec::new(),
        thread: Some(thread.into()),
    })
}

/// The next message of a person: what Discord itself says about threads, and news of them, is nothing that anybody said.
async fn said(rig: &Rig, heard: &mut Heard) -> (RoomKey, Message) {
    loop {
        let raw = heard.raw().await;
        match rig.connector.translate(&raw) {
            Translation::Events(mut events) => {
                let envelope = events.remove(0);
                match envelope.event {
                    Event::Posted(message) => return (envelope.origin, message),
                    other => panic!("not a post: {other:?}"),
                }
            }
            Translation::Ignored(_) | Translation::Room(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn post(rig: &Rig, thread: Option<&NativeId>, text: &str) -> Result<Receipt, DeliverError> {
    let (part, persona) = (rig.part(text), Persona { name: "Elif".into(), avatar: None });
    let (persona, reply_to) = (Some(&persona), None);
    rig.deliver(Operation::Post { part: &part, persona, reply_to, thread, files: &[], key: &key() }).await
}

#[tokio::test]
async fn a_thread_is_heard_as_its_channels_room() {
    let (rig, mut heard) = listening().await;
    let root = rig.say("Ada", "owls?", None);
    heard.next().await;
    let hanging = open(&rig, Some(&root), Some("which ones?"));
    assert_eq!(hanging, root);
    let (origin, message) = said(&rig, &mut heard).await;
    let thread = message.thread.unwrap();
    assert_eq!((origin, message.body.excerpt(20)), (rig.room.clone(), "which ones?".to_owned()));
    assert_eq!((thread.id.as_str(), thread.name.as_deref()), (root.as_str(), Some("owls")));
    assert_eq!(thread.root.as_ref().map(NativeId::as_str), Some(root.as_str()));
    assert_eq!(message.at.thread, Some(thread.id));
    // One that hangs from no message.
    let named = open(&rig, None, Some("all of them"));
    let (_, message) = said(&rig, &mut heard).await;
    let thread = message.thread.unwrap();
    assert_eq!((thread.id.as_str(), thread.root), (named.as_str(), None));
    // Edits, deletes and reactions come with the room too.
    let id = say_in(&rig, &named, "mine");
    said(&rig, &mut heard).await;
    let (room, person) = (rig.room_id.to_string(), "Bruno".to_owned());
    let (message, emoji) = (id.clone(), "🦉".to_owned());
    rig.act(Act::React { person, room, message, emoji, on: true });
    rig.edit("Bruno", &id, "ours");
    rig.delete("Bruno", &id);
    for _ in 0..3 {
        assert_eq!(heard.next().await.0.origin, rig.room);
    }
    heard.stop().await.unwrap();
}

/// C8: the gateway tells active threads when a session begins, and nothing after a restart.
#[tokio::test]
async fn a_thread_is_known_after_a_restart() {
    let (rig, mut heard) = listening().await;
    let root = rig.say("Ada", "owls?", None);
    let (_, cursor) = heard.next().await;
    open(&rig, Some(&root), None);
    heard.stop().await.unwrap();
    say_in(&rig, &root, "later");
    let mut heard = Heard::listen(rig.restarted().await, Some(cursor), 1_000);
    let (origin, message) = said(&rig, &mut heard).await;
    assert_eq!((origin, message.thread.unwrap().id.as_str()), (rig.room.clone(), root.as_str()));
    heard.stop().await.unwrap();
}

/// A thread that is linked by itself is a room of its own.
#[tokio::test]
async fn a_linked_thread_is_its_own_room() {
    let rig = Rig::ready().await;
    let root = rig.say("Ada", "owls?", None);
    let thread = NativeId::from(open(&rig, Some(&root), None));
    let asked = [rig.room_id.clone(), thread.clone()];
    let answer = rig.connector.preflight(&asked).await.unwrap();
    let room_key = answer.rooms[1].1.as_ref().unwrap().key.clone();
    let can = rig.connector.capabilities(&room_key);
    assert_eq!(
        (can.shows(Feature::Thread), can.hears(Feature::Thread)),
        (Support::Fallback, Support::Dropped)
    );
    let mut heard = rig.listen(None);
    heard.connected().await;
    say_in(&rig, thread.as_str(), "inside");
    let (origin, message) = said(&rig, &mut heard).await;
    assert_eq!((origin, message.thread), (room_key.clone(), None));
    let part = rig.part("from outside");
    let persona = Persona { name: "Elif".into(), avatar: None };
    let post = Operation::Post {
        part: &part,
        persona: Some(&persona),
        reply_to: None,
        thread: None,
        files: &[],
        key: &key(),
    };
    let attempt = relay_contract::Attempt { room: &room_key, operation: post };
    let message = rig.connector.deliver(attempt).await.unwrap().message;
    assert_eq!(rig.seen(&message.id).thread.as_deref(), Some(thread.as_str()));
    heard.stop().await.unwrap();
}

/// Whoever asks about a thread may want to join it: until it is linked, it belongs to its channel, for what is said and for what is read.
#[tokio::test]
async fn a_thread_that_is_only_asked_about_stays_with_its_channel() {
    let (rig, mut heard) = listening().await;
    rig.connector.linked(std::slice::from_ref(&rig.room_id));
    let thread = NativeId::from(open(&rig, None, Some("first")));
    let begin = said(&rig, &mut heard).await.1.at.id;
    let asked = rig.connector.preflight(std::slice::from_ref(&thread)).await.unwrap();
    let key = asked.rooms[0].1.as_ref().unwrap().key.clone();
    for (linked, room) in [
        (vec![rig.room_id.clone()], &rig.room),
        (vec![rig.room_id.clone(), thread.clone()], &key),
        (vec![rig.room_id.clone()], &rig.room),
    ] {
        rig.connector.linked(&linked);
        say_in(&rig, thread.as_str(), "inside");
        let (origin, message) = said(&rig, &mut heard).await;
        let is_in_thread = message.thread.is_some();
        assert_eq!((&origin, is_in_thread), (room, room == &rig.room), "linked: {linked:?}");
    }
    let after = Mark { at: Timestamp(0), id: Some(begin) };
    let past = rig.connector.history(&rig.room, &after, 10).await.unwrap();
    assert_eq!(past.events.len(), 3, "{:?}", past.events);
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn threads_are_opened_and_posted_in() {
    let rig = Rig::ready().await;
    let root = MessageRef::plain(rig.say("Ada", "owls?", None));
    let copy = post(&rig, None, "a copy").await.unwrap().message;
    for (root, name) in [(Some(&root), "from a message"), (Some(&copy), "from a copy"), (None, "only named")]
    {
        let address = rig.deliver(Operation::Open { root, name }).await.unwrap().message;
        let thread = address.thread.clone().unwrap();
        if let Some(root) = root {
            assert_eq!(address.id, root.id);
            // Opened by somebody else meanwhile: it is the same.
            let again = rig.deliver(Operation::Open { root: Some(root), name }).await.unwrap();
            assert_eq!(again.message, address);
        }
        let known = rig.world.discord.threads(rig.room_id.as_str()).unwrap();
        let seen = known.iter().find(|it| it.id == thread.as_str()).unwrap();
        assert_eq!((seen.name.as_str(), seen.root.as_deref()), (name, root.map(|root| root.id.as_str())));

        let message = post(&rig, Some(&thread), "inside").await.unwrap().message;
        assert_eq!(rig.seen(&message.id).thread.as_deref(), Some(thread.as_str()));
        // Lesson 9: an edit or a delete in a thread needs the thread.
        rig.change(&message, "changed").await.unwrap();
        assert_eq!(rig.seen(&message.id).text, "changed");
        rig.deliver(Operation::React { target: &message, emoji: "🦉", on: true }).await.unwrap();
        rig.deliver(Operation::Pin { target: &message, on: true }).await.unwrap();
        let seen = rig.seen(&message.id);
        assert_eq!((seen.reactions.len(), seen.pinned), (1, true));
        // What is answered in a thread is answered there.
        let there = rig.connector.thread_of(&rig.room, &message).unwrap();
        assert_eq!(there, thread);
        post(&rig, message.thread.as_ref(), "as well").await.unwrap();
        let link = rig.connector.permalink(&rig.room, &message).unwrap();
        assert!(link.ends_with(&format!("/{thread}/{}", message.id)), "{link}");
        rig.remove(&message).await.unwrap();
        assert!(rig.seen(&message.id).deleted);
    }
    assert_eq!(rig.connector.thread_of(&rig.room, &root), None);
    let told = post(&rig, Some(&"123456789012345678".into()), "nowhere").await;
    assert!(told.is_err(), "{told:?}");
}

#[tokio::test]
async fn the_bot_talks_in_threads_too() {
    let rights = [
        "VIEW_CHANNEL",
        "SEND_MESSAGES",
        "READ_MESSAGE_HISTORY",
        "MESSAGE_CONTENT",
        "CREATE_PUBLIC_THREADS",
        "SEND_MESSAGES_IN_THREADS",
    ];
    let rig = Rig::with(|bot| bot.may = Some(rights.map(str::to_owned).to_vec())).await;
    rig.preflight().await;
    let root = MessageRef::plain(rig.say("Ada", "owls?", None));
    let thread =
        rig.deliver(Operation::Open { root: Some(&root), name: "owls" }).await.unwrap().message.thread;
    let inside = MessageRef::plain(say_in(&rig, root.id.as_str(), "inside")).within(thread.clone());
    let part = rig.part("an answer");
    for (target, answers) in [(&inside, true), (&root, false)] {
        let (persona, reply_to, thread) = (None, Some(target), thread.as_ref());
        let post = Operation::Post { part: &part, persona, reply_to, thread, files: &[], key: &key() };
        let message = rig.deliver(post).await.unwrap().message;
        let seen = rig.seen(&message.id);
        assert_eq!((seen.thread.as_deref(), seen.reply_to.is_some()), (Some(root.id.as_str()), answers));
        rig.change(&message, "changed").await.unwrap();
        rig.remove(&message).await.unwrap();
        assert!(rig.seen(&message.id).deleted);
    }
}

/// The token of a bot that may do everything.
const MODERATOR: &str = "moderator-token";

/// Puts a thread into the archive, as time does; locks it as a moderator does.
async fn archive(rig: &Rig, thread: &NativeId, locked: bool, by: &str) {
    let settings = serde_json::json!({ "archived": true, "locked": locked }).to_string();
    let told = rig.told("PATCH", &format!("/channels/{thread}"), &settings, by).await;
    assert!(told.contains("\"archived\":true"), "{told}");
}

#[tokio::test]
async fn an_archived_thread_is_taken_out_for_whatever_is_done_in_it() {
    let mut rights = vec![
        "VIEW_CHANNEL",
        "SEND_MESSAGES",
        "SEND_MESSAGES_IN_THREADS",
        "READ_MESSAGE_HISTORY",
        "MESSAGE_CONTENT",
        "ADD_REACTIONS",
        "MANAGE_MESSAGES",
        "MANAGE_THREADS",
        "CREATE_PUBLIC_THREADS",
    ];
    for webhooks in [false, true] {
        rights.extend(webhooks.then_some("MANAGE_WEBHOOKS"));
        let may = rights.iter().map(|right| (*right).to_owned()).collect();
        let rig = Rig::with(|bot| bot.may = Some(may)).await;
        rig.preflight().await;
        let root = MessageRef::plain(rig.say("Ada", "owls?", None));
        let opened = rig.deliver(Operation::Open { root: Some(&root), name: "owls" }).await.unwrap();
        let thread = opened.message.thread.unwrap();
        let (part, changed) = (rig.part("inside"), rig.part("changed"));
        let persona = webhooks.then(|| Persona { name: "Elif".into(), avatar: None });
        let (persona, reply_to, thread_of) = (persona.as_ref(), None, Some(&thread));
        let inside =
            Operation::Post { part: &part, persona, reply_to, thread: thread_of, files: &[], key: &key() };
        let target = &rig.deliver(inside).await.unwrap().message;
        for (what, operation) in [
            ("react", Operation::React { target, emoji: "🦉", on: true }),
            ("react no more", Operation::React { target, emoji: "🦉", on: false }),
            ("pin", Operation::Pin { target, on: true }),
            ("unpin", Operation::Pin { target, on: false }),
            ("edit", Operation::Edit { target, part: &changed }),
            ("delete", Operation::Delete { target }),
        ] {
            archive(&rig, &thread, false, TOKEN).await;
            let done = rig.deliver(operation).await;
            assert!(done.is_ok(), "{what}, webhooks {webhooks}: {done:?}");
            let told = rig.rest("GET", &format!("/channels/{thread}"), "").await;
            assert_eq!(told["thread_metadata"]["archived"], false, "{what}, webhooks {webhooks}");
        }
        let seen = rig.seen(&target.id);
        assert_eq!((seen.text.as_str(), seen.deleted), ("changed", true));
    }
}

/// What is locked stays as it is, and that is no reason to give up the channel.
#[tokio::test]
async fn a_locked_thread_or_a_server_in_trouble_ends_the_attempt() {
    let mut world = World::demo();
    let rights = [
        "VIEW_CHANNEL",
        "SEND_MESSAGES",
        "SEND_MESSAGES_IN_THREADS",
        "READ_MESSAGE_HISTORY",
        "MESSAGE_CONTENT",
        "ADD_REACTIONS",
        "MANAGE_WEBHOOKS",
        "CREATE_PUBLIC_THREADS",
    ];
    let mut moderator = world.discord.bots[0].clone();
    (moderator.name, moderator.token) = ("Moderator".into(), MODERATOR.into());
    world.discord.bots[0].may = Some(rights.map(str::to_owned).to_vec());
    world.discord.bots.push(moderator);
    let rig = Rig::of(world).await;
    rig.preflight().await;
    let root = MessageRef::plain(rig.say("Ada", "owls?", None));
    let thread = rig.deliver(Operation::Open { root: Some(&root), name: "owls" }).await.unwrap();
    let thread = thread.message.thread.unwrap();
    let inside = post(&rig, Some(&thread), "inside").await.unwrap().message;
    archive(&rig, &thread, false, MODERATOR).await;
    rig.fault(Kind::ServerError, &format!("PATCH /api/v10/channels/{thread}"), 1.0);
    let told = rig.change(&inside, "later").await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    rig.change(&inside, "changed").await.unwrap();
    archive(&rig, &thread, true, MODERATOR).await;
    for told in [rig.change(&inside, "again").await, rig.remove(&inside).await] {
        assert!(matches!(&told, Err(DeliverError::Rejected(why)) if why.contains("50013")), "{told:?}");
    }
    assert_eq!(rig.seen(&inside.id).text, "changed");
    let told = post(&rig, Some(&thread), "more").await;
    assert!(matches!(told, Err(DeliverError::Forbidden(_))), "{told:?}");
}

#[tokio::test]
async fn a_forums_posts_are_heard_with_their_names() {
    let (rig, mut heard) = forum().await;
    let post = open(&rig, None, Some("an idea"));
    let (origin, first) = said(&rig, &mut heard).await;
    let thread = first.thread.clone().unwrap();
    assert_eq!((origin, first.at.id.as_str()), (rig.room.clone(), post.as_str()));
    assert_eq!((thread.root.as_ref(), thread.name.as_deref()), (Some(&first.at.id), Some("owls")));
    say_in(&rig, &post, "good");
    let (_, second) = said(&rig, &mut heard).await;
    assert_eq!(second.thread.unwrap(), thread);
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_said_to_a_forum_begins_a_post() {
    for webhooks in [true, false] {
        let mut world = World::demo();
        let room = Room { id: String::new(), name: "ideas".into(), private: false, forum: true };
        world.discord.spaces[0].rooms.insert(0, room);
        if !webhooks {
            let rights = [
                "VIEW_CHANNEL",
                "SEND_MESSAGES",
                "READ_MESSAGE_HISTORY",
                "MESSAGE_CONTENT",
                "SEND_MESSAGES_IN_THREADS",
            ];
            world.discord.bots[0].may = Some(rights.map(str::to_owned).to_vec());
        }
        let rig = Rig::of(world).await;
        rig.preflight().await;
        assert!(rig.connector.capabilities(&rig.room).only_threads);
        let persona = Persona { name: "Elif".into(), avatar: None };
        let say = async |thread: Option<&NativeId>, text: &str| {
            let (part, persona, reply_to) = (rig.part(text), webhooks.then_some(&persona), None);
            rig.deliver(Operation::Post { part: &part, persona, reply_to, thread, files: &[], key: &key() })
                .await
                .unwrap()
                .message
        };
        let first = say(None, "# An idea\nthat is **long**").await;
        let posts = rig.world.discord.threads(rig.room_id.as_str()).unwrap();
        assert_eq!((posts.len(), posts[0].name.as_str()), (1, "# An idea that is **long**"));
        assert_eq!(posts[0].id, first.id.as_str());
        let second = say(first.thread.as_ref(), "more").await;
        assert_eq!(rig.seen(&second.id).thread.as_deref(), Some(first.id.as_str()));
        for message in [&first, &second] {
            rig.change(message, "changed").await.unwrap();
            assert_eq!(rig.seen(&message.id).text, "changed");
        }
        let opened = rig.deliver(Operation::Open { root: None, name: "another" }).await.unwrap().message;
        assert_eq!(rig.seen(&opened.id).text, "another");
        say(opened.thread.as_ref(), "in it").await;
        rig.remove(&second).await.unwrap();
    }
}
