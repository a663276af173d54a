//! Who comes and goes, what is passed on, and what a moderator does.

use crate::stage::Stage;
use relay_contract::{Event, Forward, MemberChange};
use stand_ins::people::Act;

fn who() -> (String, String) {
    ("Farid".into(), "general".into())
}

#[tokio::test]
async fn members_come_go_and_are_called_something_else() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let (person, room) = who();
    stage.act(Act::Leave { person: person.clone(), room: room.clone() });
    stage.act(Act::Join { person: person.clone(), room: room.clone() });
    for expected in [MemberChange::Left, MemberChange::Joined] {
        let envelope = heard.envelope().await;
        assert_eq!((envelope.origin.clone(), envelope.author.unwrap().name.as_str()), (stage.key(), "Farid"));
        let Event::Member { change, .. } = envelope.event else { panic!() };
        assert_eq!(change, expected);
    }
    stage.act(Act::CallThemselves { person, room, name: "Farid B".into() });
    // In both channels of the workspace, for a name is the workspace's.
    let mut rooms = Vec::new();
    for envelope in heard.envelopes().await {
        assert_eq!(envelope.author.as_ref().unwrap().name, "Farid B");
        let Event::Member { change, .. } = envelope.event else { panic!() };
        assert_eq!(change, MemberChange::Renamed("Farid".into()));
        rooms.push(String::from(envelope.origin.room));
    }
    let known: Vec<_> =
        stage.stand_ins.world.slack.spaces[0].rooms.iter().map(|room| room.id.clone()).collect();
    assert_eq!(rooms, known);
    // And from then on that is the name.
    let act = Act::Say {
        person: "Farid B".into(),
        room: "general".into(),
        text: "it is me".into(),
        reply_to: None,
        files: vec![],
        thread: None,
    };
    stage.act(act);
    assert_eq!(heard.envelope().await.author.unwrap().name, "Farid B");
}

#[tokio::test]
async fn a_channel_says_its_new_name() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    stage.act(Act::Rename { room: "general".into(), name: "plaza".into() });
    let envelope = heard.envelope().await;
    assert_eq!(envelope.origin, stage.key());
    let Event::Renamed { name, .. } = envelope.event else { panic!() };
    assert_eq!(name, "plaza");
}

#[tokio::test]
async fn what_is_passed_on() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let id = stage.say("a *fine* idea", None);
    heard.envelope().await;
    let (person, room) = who();
    stage.act(Act::Forward { person, room, message: id, to: "random".into() });
    let Event::Posted(message) = heard.envelope().await.event else { panic!() };
    let author_id = Some(stage.stand_ins.world.slack.people[0].id.as_str().into());
    let from = Forward { author: Some("Elif".into()), author_id, room: Some("general".into()) };
    assert_eq!((message.forward, message.body.excerpt(99).as_str()), (Some(from), "a fine idea"));
    assert!(format!("{:?}", message.body).contains("Styled(Bold"));
}

#[tokio::test]
async fn a_moderator_deletes_what_others_said() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let said: Vec<_> = (0..4).map(|at| stage.say(&format!("spam {at}"), None)).collect();
    for _ in &said {
        heard.envelope().await;
    }
    stage.act(Act::Purge { room: "general".into(), messages: said[1..].to_vec() });
    for id in &said[1..] {
        assert_eq!(heard.envelope().await.event, Event::Deleted { target: id.as_str().into() });
    }
    let copy = stage.post("a copy").await.unwrap().message;
    heard.envelope().await;
    let delete = Act::Delete { person: "Elif".into(), room: "general".into(), message: copy.id.to_string() };
    stage.act(delete);
    assert_eq!(heard.envelope().await.event, Event::Deleted { target: copy.id });
}
