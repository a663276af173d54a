//! What is asked before anything is started.

use crate::heard;
use crate::rig::{self, Rig, TOKEN, line};
use relay_contract::{Attempt, DeliverError, Draft, ListenError, OpenError, Operation, Visibility};
use stand_ins::faults::Kind;

#[tokio::test]
async fn preflight_knows_the_bot_and_its_room() {
    let rig = Rig::start().await;
    let report =
        rig.connector.preflight(&[rig.room_id.clone(), "-1001".into(), "@name".into()]).await.unwrap();
    assert_eq!(report.identity.id.as_str(), "7000000001");
    let rooms: Vec<_> = report.rooms.into_iter().map(|(_, room)| room).collect();
    let [Ok(found), Err(missing), Err(no_id)] = rooms.as_slice() else { panic!("{rooms:?}") };
    assert_eq!(
        (found.name.as_str(), found.space.id.clone(), found.key.clone()),
        ("Sunday hikers", rig.room_id.clone(), rig.room.clone())
    );
    assert!(found.warnings.is_empty());
    assert_eq!((found.visibility, found.members), (Visibility::Space, Some(5)));
    assert!(missing.what.contains("no chat -1001"), "{missing}");
    assert!(no_id.what.contains("not a Telegram chat id"), "{no_id}");
    rig.set_private(false);
    let report = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert_eq!(report.rooms[0].1.as_ref().unwrap().visibility, Visibility::World);
}

/// C2, C3.
#[tokio::test]
async fn preflight_says_what_is_missing() {
    for (may, rooms, expected) in [
        (vec![], None, "problem: privacy mode"),
        (vec!["admin"], None, "warning: privacy mode"),
        (vec!["privacy_off"], None, "warning: does not hear of reactions"),
        (vec!["privacy_off", "admin"], None, "fine"),
        (vec!["privacy_off"], Some(vec![]), "problem: no chat"),
    ] {
        let rig = Rig::with(|bot| {
            bot.may = Some(may.iter().map(|may| (*may).to_owned()).collect());
            bot.rooms = rooms.clone();
        })
        .await;
        let mut report = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
        let got = match report.rooms.remove(0).1 {
            Err(problem) => format!("problem: {problem}"),
            Ok(room) => {
                room.warnings.first().map_or("fine".to_owned(), |warning| format!("warning: {warning}"))
            }
        };
        let (kind, says) = expected.split_once(": ").unwrap_or((expected, ""));
        assert!(got.starts_with(kind) && got.contains(says), "{may:?} {rooms:?}: {got}");
    }
    let rig = Rig::start().await;
    rig.kick();
    let report = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert!(report.rooms[0].1.as_ref().unwrap_err().what.contains("kicked"), "{report:?}");
}

/// C2, C4.
#[tokio::test]
async fn a_wrong_token_is_refused_and_not_repeated() {
    let rig = Rig::start().await;
    let secret = "7000000001:wrong-and-secret-token-of-35-letters";
    let connector = rig::open(&rig.world.telegram.api_url(), secret);
    let error = connector.preflight(&[]).await.unwrap_err();
    assert!(matches!(&error, OpenError::Refused(problem) if problem.fix.contains("@BotFather")), "{error}");
    let (inbox, _kept) = heard::inbox();
    let listened = connector.listen(None, &inbox).await.unwrap_err();
    assert!(matches!(listened, ListenError::Refused(_)), "{listened}");
    for words in [error.to_string(), format!("{error:?}"), listened.to_string(), format!("{listened:?}")] {
        assert!(!words.contains("secret"), "{words}");
    }
}

/// C4: reqwest names the URL, and the token is in it.
#[tokio::test]
async fn a_token_is_in_no_network_error() {
    let secret = "7000000001:secret";
    let (_port, nobody) = rig::nobody();
    let rig = Rig::start().await;
    for url in [nobody.clone(), nobody.replace("127.0.0.1", "no-such-host.invalid"), format!("{nobody}/a/b")]
    {
        let connector = rig::open(&url, secret);
        let opened = connector.preflight(&[]).await.unwrap_err();
        assert!(matches!(opened, OpenError::Unavailable(_)), "{opened:?}");
        let body = line("x");
        let part = &connector.render(&rig.room, &Draft { body, ..Draft::default() })[0];
        let operation =
            Operation::Post { part, persona: None, reply_to: None, thread: None, files: &[], key: "k1" };
        let sent = connector.deliver(Attempt { room: &rig.room, operation }).await.unwrap_err();
        assert!(matches!(sent, DeliverError::Unavailable(_)), "{sent:?}");
        let words = format!("{opened} {opened:?} {sent} {sent:?}");
        assert!(!words.contains("secret"), "{words}");
    }
    rig.fault(Kind::CutAfter, "sendMessage", 1.0);
    let cut = format!("{:?}", rig.post(line("x"), None).await.unwrap_err());
    assert!(!cut.contains(TOKEN) && !cut.contains("demo-telegram"), "{cut}");
}
