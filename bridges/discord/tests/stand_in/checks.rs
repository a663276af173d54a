//! `preflight`.

use crate::rig::{Rig, TOKEN, open};
use relay_contract::{Feature, NativeId, OpenError, Support};
use stand_ins::faults::Kind;

/// All but one permission or intent.
fn all_but(missing: &str) -> Vec<String> {
    let all = [
        "VIEW_CHANNEL",
        "SEND_MESSAGES",
        "READ_MESSAGE_HISTORY",
        "MANAGE_WEBHOOKS",
        "MESSAGE_CONTENT",
        "ADD_REACTIONS",
        "ATTACH_FILES",
        "SEND_POLLS",
        "MANAGE_MESSAGES",
        "CREATE_PUBLIC_THREADS",
        "SEND_MESSAGES_IN_THREADS",
    ];
    all.into_iter().filter(|right| *right != missing).map(str::to_owned).collect()
}

#[tokio::test]
async fn who_we_are_and_where() {
    let rig = Rig::start().await;
    let asked = [rig.room_id.clone(), NativeId::from("123456789012345678"), NativeId::from("general")];
    let answer = rig.connector.preflight(&asked).await.unwrap();
    assert_eq!(answer.identity.name, "Relay");
    assert_eq!(answer.identity.id.as_str(), rig.world.world.discord.bots[0].id);
    let room = answer.rooms[0].1.as_ref().unwrap();
    assert_eq!((room.key.clone(), room.name.as_str()), (rig.room.clone(), "#general"));
    assert_eq!((room.space.name.as_str(), room.warnings.len()), ("Night Owls", 0));
    assert!(answer.rooms[1].1.as_ref().unwrap_err().fix.contains("View Channel"));
    assert!(answer.rooms[2].1.as_ref().unwrap_err().fix.contains("Copy Channel ID"));
    let can = rig.connector.capabilities(&rig.room);
    assert_eq!(
        (can.shows(Feature::Persona), can.shows(Feature::Reply)),
        (Support::Native, Support::Fallback)
    );
}

/// Otherwise one room could be linked twice, to itself.
#[tokio::test]
async fn a_room_has_one_spelling() {
    let rig = Rig::start().await;
    for sign in ["0", "00", "+"] {
        let asked = [NativeId::from(format!("{sign}{}", rig.room_id))];
        let answer = rig.connector.preflight(&asked).await.unwrap();
        let problem = answer.rooms[0].1.as_ref().unwrap_err();
        assert_eq!(problem.fix, format!("Write the id as Discord shows it: `{}`.", rig.room_id));
    }
}

#[tokio::test]
async fn c2_a_wrong_token_says_where_to_click() {
    let rig = Rig::start().await;
    let wrong = open(&rig.world.discord.api_url(), None, "not-the-token");
    // Asked again while the account is parked: the answer stays the same.
    for _ in 0..2 {
        let OpenError::Refused(problem) = wrong.preflight(&[]).await.unwrap_err() else { panic!() };
        assert!(problem.fix.contains("Developer Portal"), "{problem}");
        assert!(!problem.to_string().contains("not-the-token"));
    }
}

#[tokio::test]
async fn c2_a_missing_intent_says_where_to_click() {
    let rig = Rig::with(|bot| bot.may = Some(all_but("MESSAGE_CONTENT"))).await;
    let OpenError::Refused(problem) = rig.connector.preflight(&[]).await.unwrap_err() else { panic!() };
    assert!(problem.fix.contains("Message Content Intent"), "{problem}");
}

#[tokio::test]
async fn c3_a_missing_permission_is_a_warning_and_changes_what_can_be_done() {
    let rig = Rig::with(|bot| bot.may = Some(all_but("MANAGE_WEBHOOKS"))).await;
    let answer = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    let room = answer.rooms[0].1.as_ref().unwrap();
    assert_eq!(room.warnings.len(), 1);
    assert!(room.warnings[0].to_string().contains("Manage Webhooks"));
    let can = rig.connector.capabilities(&rig.room);
    assert_eq!(
        (can.shows(Feature::Persona), can.shows(Feature::Reply)),
        (Support::Fallback, Support::Native)
    );
}

#[tokio::test]
async fn c3_a_room_that_the_bot_is_not_in_is_a_problem() {
    let rig = Rig::with(|bot| bot.may = Some(all_but("VIEW_CHANNEL"))).await;
    let answer = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert!(answer.rooms[0].1.is_err());
    let rig = Rig::start().await;
    rig.kick();
    let answer = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert!(answer.rooms[0].1.is_err());
}

#[tokio::test]
async fn c2_nobody_there_is_unavailable() {
    // A port that is taken but not listened on.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let error = open(&url, None, TOKEN).preflight(&[]).await.unwrap_err();
    assert!(matches!(error, OpenError::Unavailable(_)), "{error:?}");
    let rig = Rig::start().await;
    rig.fault(Kind::ServerError, "/users/@me", 1.0);
    let error = rig.connector.preflight(&[]).await.unwrap_err();
    assert!(matches!(error, OpenError::Unavailable(_)), "{error:?}");
}
