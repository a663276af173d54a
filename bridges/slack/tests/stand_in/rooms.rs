//! All rooms, and what becomes of them: C2, C3, C15.

use crate::stage::Stage;
use relay_contract::{DeliverError, Listed, MessageRef, OpenError, Operation, RoomNews, Visibility};
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use stand_ins::world::{Room, World};

fn room(name: &str, private: bool) -> Room {
    Room { id: String::new(), name: name.into(), private, forum: false }
}

/// `general`, `random`, `secret` (private), `theirs` (private, without Relay), `lounge` (without Relay), `old` (archived).
async fn stage() -> Stage {
    let mut world = World::demo();
    let more = [room("secret", true), room("theirs", true), room("lounge", false), room("old", false)];
    world.slack.spaces[0].rooms.extend(more);
    let inside = ["general", "random", "secret", "old"];
    world.slack.bots[0].rooms = Some(inside.map(str::to_owned).into());
    let stage = Stage::with(world, |_| {}).await;
    stage.act(Act::Close { room: "old".into() });
    stage
}

#[tokio::test]
async fn all_rooms_by_name() {
    let stage = stage().await;
    let found = stage.connector.find().await.unwrap();
    assert!(found.complete);
    let of = |listed: &Listed| {
        let problem = listed.problem.clone().map(|problem| problem.to_string());
        (listed.report.name.clone(), listed.report.visibility, listed.report.members, problem)
    };
    let outside = "Relay is not in the Slack channel #lounge. Type `/invite @relay` in #lounge.".to_owned();
    let expected = [
        ("#general".to_owned(), Visibility::Space, Some(4), None),
        ("#random".to_owned(), Visibility::Space, Some(4), None),
        ("#secret".to_owned(), Visibility::Private, Some(4), None),
        ("#lounge".to_owned(), Visibility::Space, Some(3), Some(outside)),
    ];
    assert_eq!(found.rooms.iter().map(of).collect::<Vec<_>>(), expected);
    for listed in &found.rooms {
        assert_eq!(listed.report.key.network, stage.key().network);
        assert_eq!(listed.report.space.name, "Studio");
        assert!(listed.report.warnings.is_empty(), "{listed:?}");
    }
    // Preflight says the same of each.
    let ids: Vec<_> = found.rooms.iter().map(|listed| listed.report.key.room.clone()).collect();
    let checked = stage.connector.preflight(&ids).await.unwrap();
    for (listed, (id, report)) in found.rooms.iter().zip(checked.rooms) {
        assert_eq!(listed.report.key.room, id);
        match report {
            Ok(report) => assert_eq!(report, listed.report),
            Err(problem) => assert_eq!(Some(problem), listed.problem),
        }
    }
}

#[tokio::test]
async fn what_a_token_without_scopes_sees() {
    let mut world = World::demo();
    world.slack.spaces[0].rooms.push(room("secret", true));
    let scopes = ["chat:write", "channels:history", "channels:read", "users:read"];
    world.slack.bots[0].may = Some(scopes.map(str::to_owned).into());
    let found = Stage::with(world, |_| {}).await.connector.find().await.unwrap();
    let names: Vec<_> = found.rooms.iter().map(|listed| listed.report.name.as_str()).collect();
    assert_eq!(names, ["#general", "#random"]);
    for listed in &found.rooms {
        let warnings: Vec<_> = listed.report.warnings.iter().map(|warning| warning.what.as_str()).collect();
        assert!(
            warnings[0].contains("`chat:write.customize`") && warnings[1].contains("`commands`"),
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn thousands_of_rooms_come_in_pages() {
    let mut world = World::demo();
    world.slack.spaces[0].rooms.extend((0..2_500).map(|at| room(&format!("room-{at}"), at % 3 == 0)));
    let stage = Stage::with(world, |_| {}).await;
    let found = stage.connector.find().await.unwrap();
    assert!(found.complete);
    let names: std::collections::BTreeSet<_> = found.rooms.iter().map(|listed| &listed.report.name).collect();
    assert_eq!((found.rooms.len(), names.len()), (2_502, 2_502));
    let limit =
        |times| Fault { kind: Kind::RateLimit, times, only: Some("conversations.list".into()), seconds: 1.0 };
    stage.stand_ins.slack.fault(limit(1)).unwrap();
    let limited = stage.connector.find().await;
    assert!(matches!(limited, Err(OpenError::Unavailable(_))), "{limited:?}");
}

#[tokio::test]
async fn a_renamed_room_and_one_that_changes_its_visibility() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let changed = RoomNews::Changed(stage.room.clone());
    let report = async || {
        stage.connector.preflight(std::slice::from_ref(&stage.room)).await.unwrap().rooms.remove(0).1
    };

    stage.act(Act::Rename { room: "general".into(), name: "plaza".into() });
    assert_eq!(heard.news().await, changed);
    assert_eq!(report().await.unwrap().name, "#plaza");
    for (private, visibility) in [(true, Visibility::Private), (false, Visibility::Space)] {
        stage.act(Act::SetPrivate { room: "plaza".into(), private });
        assert_eq!(heard.news().await, changed, "{private}");
        assert_eq!(report().await.unwrap().visibility, visibility);
    }
    // Posts go on under the same key.
    let said = Act::Say {
        person: "Elif".into(),
        room: "plaza".into(),
        text: "still here".into(),
        reply_to: None,
        files: vec![],
        thread: None,
    };
    let id = stage.act(said);
    let envelope = heard.envelope().await;
    assert_eq!((&envelope.origin, envelope.subject().unwrap().id.as_str()), (&stage.key(), id.as_str()));
}

#[tokio::test]
async fn an_archived_room_and_its_return() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let receipt = stage.post("before").await.unwrap();
    stage.act(Act::Close { room: "general".into() });
    assert_eq!(heard.news().await, RoomNews::Changed(stage.room.clone()));
    let parts = stage.parts("after");
    let edit = Operation::Edit { target: &receipt.message, part: &parts[0] };
    for refused in [stage.post("after").await, stage.do_it(edit).await] {
        match refused {
            Err(DeliverError::Forbidden(problem)) => {
                assert!(problem.what.contains("archived") && problem.fix.contains("Unarchive"), "{problem}");
            }
            other => panic!("{other:?}"),
        }
    }
    let found = stage.connector.preflight(std::slice::from_ref(&stage.room)).await.unwrap();
    assert!(found.rooms[0].1.as_ref().unwrap_err().what.contains("archived"));

    stage.act(Act::Invite { bot: "Relay".into(), room: "general".into() });
    assert_eq!(heard.news().await, RoomNews::Changed(stage.room.clone()));
    stage.post("back again").await.unwrap();
}

#[tokio::test]
async fn removed_and_let_in_again() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let changed = RoomNews::Changed(stage.room.clone());
    stage.act(Act::Kick { bot: "Relay".into(), room: "general".into() });
    // `channel_left` and `member_left_channel`.
    assert_eq!((heard.news().await, heard.news().await), (changed.clone(), changed.clone()));
    let refused = stage.post("hello?").await.unwrap_err();
    assert!(
        matches!(&refused, DeliverError::Forbidden(problem) if problem.fix.contains("/invite")),
        "{refused}"
    );
    stage.act(Act::SetPrivate { room: "general".into(), private: true });
    let refused =
        stage.do_it(Operation::Delete { target: &MessageRef::plain("1.000001") }).await.unwrap_err();
    assert!(
        matches!(&refused, DeliverError::Forbidden(problem) if problem.what.contains("cannot see")),
        "{refused}"
    );
    stage.act(Act::Invite { bot: "Relay".into(), room: "general".into() });
    assert_eq!(heard.news().await, changed);
    stage.post("back again").await.unwrap();
}
