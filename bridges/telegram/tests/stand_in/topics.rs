//! Topics of a forum.

use crate::rig::{Rig, line, upload};
use relay_contract::{
    Ask, DeliverError, Event, Feature, FileKind, Message, MessageRef, Operation, Support, Translation,
};
use stand_ins::people::Act;

async fn forum() -> Rig {
    let rig = Rig::with_world(|world| world.telegram.spaces[0].rooms[0].forum = true).await;
    rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    rig
}

async fn posted(heard: &mut crate::heard::Heard) -> Message {
    loop {
        match heard.meaning().await {
            Translation::Events(mut all) if all.len() == 1 => match all.remove(0).event {
                Event::Posted(message) => return message,
                other => panic!("{other:?}"),
            },
            Translation::Room(_) | Translation::Ignored("topic opened") => {}
            other => panic!("{other:?}"),
        }
    }
}

fn say(rig: &Rig, text: &str, thread: Option<&str>, reply_to: Option<&str>) -> String {
    rig.act(Act::Say {
        person: "Hana".into(),
        room: rig.room_id.to_string(),
        text: text.into(),
        reply_to: reply_to.map(str::to_owned),
        files: Vec::new(),
        thread: thread.map(str::to_owned),
    })
}

fn open(rig: &Rig, name: &str) -> String {
    let (room, name) = (rig.room_id.to_string(), name.to_owned());
    rig.act(Act::Open { person: "Hana".into(), room, message: None, name, text: Some("first".into()) })
}

#[tokio::test]
async fn what_is_said_in_a_topic_says_so() {
    let rig = forum().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let topic = open(&rig, "Boats");
    let first = posted(&mut heard).await;
    let thread = first.thread.clone().unwrap();
    assert_eq!(
        (thread.id.as_str(), thread.root, thread.name.as_deref()),
        (topic.as_str(), None, Some("Boats"))
    );
    assert_eq!((first.at.thread.as_ref().map(|id| id.as_str()), first.reply), (Some(topic.as_str()), None));
    // Where it answers another, the name is remembered.
    say(&rig, "an answer", Some(&topic), Some(first.at.id.as_str()));
    let answer = posted(&mut heard).await;
    assert_eq!(answer.reply.unwrap().target, first.at.id);
    assert_eq!(answer.thread.unwrap().name.as_deref(), Some("Boats"));
    say(&rig, "general", None, None);
    let general = posted(&mut heard).await;
    assert_eq!((general.thread, general.at.thread), (None, None));
    // A command about nothing: what opened the topic is not meant.
    say(&rig, "/relay delete", Some(&topic), None);
    assert_eq!(heard.call().await.ask, Ask::Delete { message: None });
}

#[tokio::test]
async fn a_topic_is_opened_and_written_in() {
    let rig = forum().await;
    assert_eq!(rig.connector.capabilities(&rig.room).shows(Feature::Topic), Support::Native);
    let opened = rig.deliver(Operation::Open { root: None, name: "Boats" }).await.unwrap().message;
    let thread = opened.thread.clone().unwrap();
    let topics = rig.world.telegram.threads(rig.room_id.as_str()).unwrap();
    assert_eq!((topics[0].name.as_str(), topics[0].id.as_str()), ("Boats", thread.as_str()));
    let part = &rig.render(line("ahoy"))[0];
    let operation =
        Operation::Post { part, persona: None, reply_to: None, thread: Some(&thread), files: &[], key: "k1" };
    let sent = rig.deliver(operation).await.unwrap().message;
    assert_eq!(
        (&sent.thread, rig.seen(sent.id.as_str()).thread.as_deref()),
        (&Some(thread.clone()), Some(thread.as_str()))
    );
    rig.edit_own(&sent, line("ahoy there")).await.unwrap();
    assert_eq!(rig.seen(sent.id.as_str()).text, "ahoy there");
    // An answer goes into the topic of what it answers.
    let answer = rig.post(line("aye"), Some(&sent)).await.unwrap().message;
    assert_eq!(rig.seen(answer.id.as_str()).thread.as_deref(), Some(thread.as_str()));
    let file = upload(0, "a.pdf", (FileKind::File, "application/pdf"), 9);
    let receipts = rig.post_files(line("map"), &[file], Some(&thread)).await;
    let file = &receipts[0].as_ref().unwrap().message;
    assert_eq!((&file.thread, file.files.as_slice()), (&Some(thread), [0].as_slice()));
    rig.connector.typing(&rig.room, sent.thread.as_ref()).await;
    assert_eq!(rig.world.telegram.typed(rig.room_id.as_str()).unwrap(), 1);
    rig.delete_own(&sent).await.unwrap();
    assert!(rig.seen(sent.id.as_str()).deleted);
}

#[tokio::test]
async fn where_no_topic_can_be_opened_it_is_said() {
    let rig = Rig::with_world(|world| world.telegram.spaces[0].rooms[0].forum = false).await;
    assert_eq!(rig.connector.capabilities(&rig.room).shows(Feature::Topic), Support::Fallback);
    let open = async |root: Option<&MessageRef>| {
        rig.deliver(Operation::Open { root, name: "Boats" }).await.unwrap_err()
    };
    let (no_forum, hangs) = (open(None).await, open(Some(&MessageRef::plain("1"))).await);
    assert!(matches!(&no_forum, DeliverError::Rejected(why) if why.contains("not a forum")), "{no_forum:?}");
    assert!(matches!(&hangs, DeliverError::Rejected(why) if why.contains("hangs")), "{hangs:?}");
}
