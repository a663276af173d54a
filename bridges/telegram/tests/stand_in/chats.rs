//! What becomes of chats over the years.

use crate::heard::Heard;
use crate::rig::{Rig, eventually, line};
use relay_contract::{
    DeliverError, Event, Listing, MessageRef, NativeId, RoomKey, RoomNews, RoomReport, Translation,
    Visibility,
};
use std::time::Duration;

/// A group that is no supergroup yet.
async fn basic_group() -> Rig {
    Rig::with_world(|world| world.telegram.spaces[0].rooms[0].id = "-4001".into()).await
}

async fn seen(heard: &mut Heard) -> RoomReport {
    match heard.meaning().await {
        Translation::Room(RoomNews::Seen(report)) => report,
        other => panic!("{other:?}"),
    }
}

async fn said(heard: &mut Heard) -> String {
    match heard.meaning().await {
        Translation::Events(mut all) if all.len() == 1 => match all.remove(0).event {
            Event::Posted(message) => message.body.excerpt(1_000),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_chat_is_told_once_a_connection_and_at_each_change() {
    let rig = Rig::start().await;
    assert_eq!(rig.connector.find().await, Ok(Listing { rooms: Vec::new(), complete: false }));
    let changed = Translation::Room(RoomNews::Changed(rig.room_id.clone()));
    for connection in 0..2 {
        let (mut heard, mut running) = rig.listen_to_end(None);
        rig.say("Hana", "one", None);
        rig.say("Hana", "two", None);
        let report = seen(&mut heard).await;
        assert_eq!((report.key, report.members), (rig.room.clone(), None));
        assert_eq!((said(&mut heard).await, said(&mut heard).await), ("one".into(), "two".into()));
        let name = format!("Climbers {connection}");
        rig.rename(&name);
        assert_eq!(seen(&mut heard).await.name, name);
        assert_eq!(heard.meaning().await, changed);
        let Translation::Events(all) = heard.meaning().await else { panic!("no event") };
        assert!(matches!(&all[0].event, Event::Renamed { name: told, .. } if *told == name), "{all:?}");
        for (private, visibility) in [(false, Visibility::World), (true, Visibility::Space)] {
            rig.set_private(private);
            rig.say("Hana", "three", None);
            assert_eq!(seen(&mut heard).await.visibility, visibility);
            assert_eq!(said(&mut heard).await, "three");
        }
        let all = rig.world.telegram.messages(rig.room_id.as_str()).unwrap();
        eventually(|| rig.world.telegram.acknowledged().len() == all.len()).await;
        heard.stop();
        assert_eq!(running.ended().await, Ok(()));
    }
}

#[tokio::test]
async fn a_removed_bot_and_its_return_are_told() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let changed = Translation::Room(RoomNews::Changed(rig.room_id.clone()));
    rig.kick();
    let event = heard.event().await;
    assert_eq!(event.space, rig.room_id);
    assert_eq!(rig.connector.translate(&event), changed);
    assert!(matches!(rig.post(line("x"), None).await, Err(DeliverError::Forbidden(_))));
    rig.invite();
    assert_eq!(seen(&mut heard).await.key, rig.room);
    assert_eq!(heard.meaning().await, changed);
    rig.post(line("x"), None).await.unwrap();
    rig.say("Hana", "the connection held", None);
    assert_eq!(said(&mut heard).await, "the connection held");
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_is_told() {
    let rig = basic_group().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Hana", "before", None);
    assert_eq!(seen(&mut heard).await.key, rig.room);
    assert_eq!(said(&mut heard).await, "before");
    let new = rig.upgrade();
    let moved = Translation::Room(RoomNews::Moved { from: rig.room.clone(), to: new.clone() });
    assert_eq!(heard.meaning().await, moved);
    assert_eq!(seen(&mut heard).await.key, new);
    assert_eq!(heard.meaning().await, moved);
    // Nothing had to be refused first, and nothing is told twice.
    let there = rig.post(line("after"), None).await.unwrap();
    assert_eq!(texts(&rig, &new), ["the group is a supergroup now", "after"]);
    rig.say("Hana", "hers", Some(there.message.id.as_str()));
    let Translation::Events(all) = heard.meaning().await else { panic!("no message") };
    assert_eq!(all[0].origin, new);
    let Event::Posted(message) = &all[0].event else { panic!("{all:?}") };
    assert_eq!(message.reply.as_ref().unwrap().target, there.message.id);
}

fn texts(rig: &Rig, room: &RoomKey) -> Vec<String> {
    let all = rig.world.telegram.messages(room.room.as_str()).unwrap();
    all.into_iter().filter(|seen| !seen.deleted).map(|seen| seen.text).collect()
}

/// C15, C16: the engine goes on with the old key until it is told; nothing of the new chat is taken for something old.
#[tokio::test]
async fn a_delivery_finds_the_supergroup() {
    let rig = basic_group().await;
    let asked = rig.say("Hana", "where?", None);
    let old = rig.post(line("posted before"), None).await.unwrap().message;
    let new = rig.upgrade();
    let refused = rig.post(line("posted after"), None).await.unwrap_err();
    assert!(
        matches!(&refused, DeliverError::Unavailable(words) if words.contains(new.room.as_str())),
        "{refused:?}"
    );
    let asked = MessageRef::plain(asked.as_str()).within(Some(rig.room_id.clone()));
    let receipt = rig.post(line("posted after"), Some(&asked)).await.unwrap().message;
    // Numbers begin anew: the old message's is a new one's by now.
    while texts(&rig, &new).len() < 4 {
        rig.post(line("more"), None).await.unwrap();
    }
    assert_eq!(rig.edit_own(&old, line("changed")).await, Err(DeliverError::TargetGone));
    assert_eq!(rig.delete_own(&old).await, Err(DeliverError::TargetGone));
    assert_eq!(texts(&rig, &new), ["the group is a supergroup now", "posted after", "more", "more"]);
    let replies = rig.world.telegram.messages(new.room.as_str()).unwrap();
    assert!(replies.iter().all(|seen| seen.reply_to.is_none()), "{replies:?}");
    let link = rig.connector.permalink(&rig.room, &receipt).unwrap();
    assert!(link.starts_with("https://t.me/c/") && link.ends_with(receipt.id.as_str()), "{link}");
    rig.edit_own(&receipt, line("changed")).await.unwrap();
    assert_eq!(texts(&rig, &new)[1], "changed");
    // The engine, told of the move, asks with the new key; a message of the old group is still known as one.
    let moved = rig.in_room(&new);
    assert_eq!(moved.edit_own(&old, line("wrong")).await, Err(DeliverError::TargetGone));
    moved.edit_own(&receipt, line("again")).await.unwrap();
    moved.delete_own(&receipt).await.unwrap();
    assert_eq!(texts(&rig, &new), ["the group is a supergroup now", "more", "more"]);
}

/// Where the updates that tell it are long gone, the refused request tells it, to whoever listens.
#[tokio::test]
async fn a_refused_delivery_is_news() {
    let rig = basic_group().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    // As if the day had passed: what this bot is told of the group is not looked at here.
    let quiet = rig.another_connector();
    let new = rig.upgrade();
    let moved = RoomNews::Moved { from: rig.room.clone(), to: new.clone() };
    for _ in 0..2 {
        assert_eq!(heard.news_but_seen().await, moved);
    }
    eventually(|| rig.world.telegram.acknowledged().len() == 2).await;
    drop(heard);
    let mut heard = quiet.listen(None);
    heard.connected().await;
    quiet.post(line("x"), None).await.unwrap_err();
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), heard.news()).await.unwrap(), moved);
    quiet.post(line("x"), None).await.unwrap();
}

/// C3: `getChat` still answers for the group; its members are what is not told any more.
#[tokio::test]
async fn preflight_of_the_old_id_answers_for_the_supergroup() {
    let rig = basic_group().await;
    let new = rig.upgrade();
    let asked: [NativeId; 2] = [rig.room_id.clone(), new.room.clone()];
    for _ in 0..2 {
        let report = rig.connector.preflight(&asked).await.unwrap();
        let rooms: Vec<_> = report.rooms.into_iter().map(|(_, room)| room.unwrap()).collect();
        assert_eq!((&rooms[0].key, &rooms[1].key), (&new, &new));
        let words = rooms[0].warnings[0].to_string();
        assert!(words.contains("-4001 became a supergroup") && words.contains(new.room.as_str()), "{words}");
        assert!(rooms[1].warnings.is_empty());
    }
}
