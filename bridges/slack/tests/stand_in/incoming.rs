//! Events: C6, C7, C8, C10, C12.

use crate::stage::Stage;
use relay_contract::{Event, Standing};
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use std::time::Duration;

fn edit(message: &str, text: &str) -> Act {
    Act::Edit { person: "Elif".into(), room: "general".into(), message: message.into(), text: text.into() }
}

#[tokio::test]
async fn post_edit_reply_delete() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;

    let id = stage.say("hello *bold* <there> @Farid", None);
    let posted = heard.envelope().await;
    assert_eq!(posted.origin, stage.key());
    let author = posted.author.clone().unwrap();
    assert_eq!((author.name.as_str(), author.standing), ("Elif", Standing::Person));
    assert!(author.avatar.unwrap().starts_with("http"));
    let Event::Posted(message) = &posted.event else { panic!("{posted:?}") };
    assert_eq!(
        (message.at.id.as_str(), message.body.excerpt(99).as_str()),
        (id.as_str(), "hello bold <there> @Farid")
    );
    assert!(format!("{:?}", message.body).contains("Styled(Bold"));
    assert!(format!("{:?}", message.body).contains("Person"), "{:?}", message.body);
    stage.acknowledged(&id).await;

    let answer = stage.say("and you?", Some(&id));
    let reply = heard.envelope().await;
    let Event::Posted(message) = &reply.event else { panic!("{reply:?}") };
    assert_eq!(message.at.id.as_str(), answer);
    assert_eq!(message.thread.as_ref().unwrap().root.as_ref().unwrap().as_str(), id);
    assert_eq!(message.at.thread.as_ref().unwrap().as_str(), id);

    stage.act(edit(&id, "hello again"));
    let edited = heard.envelope().await;
    assert_eq!(edited.author.clone().unwrap().name, "Elif");
    let Event::Edited { to, version } = &edited.event else { panic!("{edited:?}") };
    assert_eq!((to.at.id.as_str(), to.body.excerpt(99).as_str()), (id.as_str(), "hello again"));
    assert!(!version.is_empty());

    stage.act(Act::Delete { person: "Elif".into(), room: "general".into(), message: answer.clone() });
    let deleted = heard.envelope().await;
    assert_eq!(deleted.event, Event::Deleted { target: answer.as_str().into() });
    assert_eq!(deleted.author.unwrap().name, "Elif");
    // The first message of a thread leaves a gravestone.
    stage.say("still here", Some(&id));
    heard.envelope().await;
    stage.act(Act::Delete { person: "Elif".into(), room: "general".into(), message: id.clone() });
    assert_eq!(heard.envelope().await.event, Event::Deleted { target: id.as_str().into() });
    assert_eq!(heard.stop().await, Ok(()));
}

#[tokio::test]
async fn acknowledged_only_after_accept() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let all = heard.gate.available_permits();
    heard.gate.forget_permits(all);
    let first = stage.say("one", None);
    let second = stage.say("two", None);
    assert_eq!(heard.envelope().await.subject().unwrap().id.as_str(), first);
    // `accept` has not returned: no acknowledgement, and the next event waits.
    heard.nothing_for(Duration::from_millis(300)).await;
    assert!(stage.stand_ins.slack.acknowledged().is_empty());
    heard.gate.add_permits(100);
    assert_eq!(heard.envelope().await.subject().unwrap().id.as_str(), second);
    stage.acknowledged(&first).await;
    stage.acknowledged(&second).await;
}

#[tokio::test]
async fn nothing_is_acknowledged_after_stopped() {
    let stage = Stage::new().await;
    let heard = stage.listening().await;
    heard.refuse();
    let id = stage.say("too late", None);
    assert_eq!(heard.ended().await, Ok(()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(stage.stand_ins.slack.acknowledged().is_empty());
    // It is not lost: whoever listens next gets it.
    let mut heard = stage.listening().await;
    assert_eq!(heard.envelope().await.subject().unwrap().id.as_str(), id);
    stage.acknowledged(&id).await;
}

#[tokio::test]
async fn order_is_kept_over_lost_sockets() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let mut said = Vec::new();
    for (round, kind) in [Kind::Disconnect, Kind::Reconnect].into_iter().enumerate() {
        for at in 0..20 {
            said.push(stage.say(&format!("{round}/{at}"), None));
        }
        stage.fault(kind, None);
        for at in 20..40 {
            said.push(stage.say(&format!("{round}/{at}"), None));
        }
        assert!(heard.status().await.starts_with("interrupted"));
        assert_eq!(heard.status().await, "connected");
    }
    // A repeat is told apart by its key; without repeats the order is the platform's.
    let mut got: Vec<String> = Vec::new();
    while got.len() < said.len() {
        let id = heard.envelope().await.key().id.to_string();
        if !got.contains(&id) {
            got.push(id);
        }
    }
    assert_eq!(got, said);
    for id in &said {
        stage.acknowledged(id).await;
    }
}

#[tokio::test]
async fn a_duplicate_has_the_same_key() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    stage.fault(Kind::Duplicate, None);
    stage.say("twice", None);
    let (one, two) = (heard.envelope().await, heard.envelope().await);
    assert_eq!(one.key(), two.key());
    assert_eq!(one, two);
}

#[tokio::test]
async fn a_dropped_listen_leaves_no_socket_behind() {
    let stage = Stage::new().await;
    let heard = stage.listening().await;
    assert!(heard.abort().await);
    let mut heard = stage.listening().await;
    for at in 0..10 {
        let id = stage.say(&format!("{at}"), None);
        assert_eq!(heard.envelope().await.subject().unwrap().id.as_str(), id);
    }
}

#[tokio::test]
async fn names_that_cannot_be_looked_up_are_ids() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    stage.fault(Kind::ServerError, Some("users.info"));
    let elif = stage.stand_ins.world.slack.people[0].id.clone();
    stage.say("who am I?", None);
    assert_eq!(heard.envelope().await.author.unwrap().name, elif);
}
