//! What rooms there are, and what becomes of them over the years.

use crate::rig::{Rig, open, patiently};
use relay_contract::{DeliverError, NativeId, OpenError, RoomNews, Visibility};
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::Act;
use stand_ins::world::{Room, Space, World};

/// The demo world with a private room `staff`, and a room `hidden` that the bot is not in.
fn world() -> World {
    let mut world = World::demo();
    let room = |name: &str, private| Room { id: String::new(), name: name.to_owned(), private, forum: false };
    world.discord.spaces[0].rooms.extend([room("staff", true), room("hidden", true)]);
    world.discord.bots[0].rooms = Some(["general", "random", "staff"].map(str::to_owned).to_vec());
    world
}

#[tokio::test]
async fn every_channel_is_found_with_who_sees_it_and_what_is_wrong() {
    let rig = Rig::of(world()).await;
    let listing = rig.connector.find().await.unwrap();
    let told: Vec<_> = listing
        .rooms
        .iter()
        .map(|it| (it.report.name.as_str(), it.report.visibility, it.report.members, it.problem.is_some()))
        .collect();
    // Four people and the bot.
    assert_eq!(
        told,
        [
            ("#general", Visibility::Space, Some(5), false),
            ("#random", Visibility::Space, Some(5), false),
            ("#staff", Visibility::Private, None, false),
            ("#hidden", Visibility::Private, None, true),
        ]
    );
    assert!(listing.complete);
    let general = &listing.rooms[0].report;
    assert_eq!((general.key.clone(), general.space.name.as_str()), (rig.room.clone(), "Night Owls"));
    assert!(listing.rooms[3].problem.as_ref().unwrap().fix.contains("View Channel"));
    // `preflight` says the same of each.
    let ids: Vec<NativeId> = listing.rooms.iter().map(|it| it.report.key.room.clone()).collect();
    let asked = rig.connector.preflight(&ids).await.unwrap();
    for (listed, (_, asked)) in listing.rooms.iter().zip(asked.rooms) {
        match &listed.problem {
            None => assert_eq!(listed.report, asked.unwrap()),
            Some(problem) => assert_eq!(*problem, asked.unwrap_err()),
        }
    }
}

#[tokio::test]
async fn missing_rights_are_listed_too() {
    let rights = [
        "VIEW_CHANNEL",
        "SEND_MESSAGES",
        "READ_MESSAGE_HISTORY",
        "MESSAGE_CONTENT",
        "ADD_REACTIONS",
        "ATTACH_FILES",
        "SEND_POLLS",
        "MANAGE_MESSAGES",
        "CREATE_PUBLIC_THREADS",
        "SEND_MESSAGES_IN_THREADS",
    ];
    let rig = Rig::with(|bot| bot.may = Some(rights.map(str::to_owned).to_vec())).await;
    let listing = rig.connector.find().await.unwrap();
    let warnings = &listing.rooms[0].report.warnings;
    assert!(
        warnings.len() == 1 && warnings[0].what.contains("`Manage Webhooks` in #general"),
        "{warnings:?}"
    );
}

/// Discord tells at most 200 guilds at once.
#[tokio::test]
async fn all_pages_of_guilds_are_read() {
    let mut world = World::demo();
    world.discord.spaces = (0..203)
        .map(|number| Space {
            id: String::new(),
            name: format!("Guild {number}"),
            rooms: vec![Room {
                id: String::new(),
                name: format!("room-{number}"),
                private: false,
                forum: false,
            }],
        })
        .collect();
    let rig = Rig::of(world).await;
    let listing = rig.connector.find().await.unwrap();
    let mut names: Vec<_> = listing.rooms.iter().map(|it| it.report.name.clone()).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), listing.complete), (203, true));
}

#[tokio::test]
async fn who_cannot_ask_is_told_why() {
    let rig = Rig::start().await;
    let told = open(&rig.world.discord.api_url(), None, "wrong").find().await;
    assert!(matches!(told, Err(OpenError::Refused(_))), "{told:?}");
    rig.connector.find().await.unwrap();
    for (place, kind) in [("/users/@me/guilds", Kind::ServerError), ("/channels", Kind::ServerError)] {
        rig.fault(kind, place, 1.0);
        let told = rig.connector.find().await;
        assert!(matches!(told, Err(OpenError::Unavailable(_))), "{place}: {told:?}");
    }
    // One guild of several is left out, and the list says that it is not whole.
    let mut world = World::demo();
    world.discord.spaces.push(Space {
        id: String::new(),
        name: "Early Birds".into(),
        rooms: vec![Room { id: String::new(), name: "dawn".into(), private: false, forum: false }],
    });
    let rig = Rig::of(world).await;
    let guild = rig.world.world.discord.spaces[1].id.clone();
    rig.fault(Kind::ServerError, &format!("/guilds/{guild}/channels"), 1.0);
    let listing = rig.connector.find().await.unwrap();
    assert_eq!((listing.rooms.len(), listing.complete), (2, false));
}

#[tokio::test]
async fn a_room_that_is_renamed_hidden_shown_or_deleted_is_told_and_asked_anew() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let room = rig.room_id.to_string();
    let changed = RoomNews::Changed(rig.room_id.clone());
    for (act, name, visibility) in [
        (Act::Rename { room: room.clone(), name: "lobby".into() }, "#lobby", Visibility::Space),
        (Act::SetPrivate { room: room.clone(), private: true }, "#lobby", Visibility::Private),
        (Act::SetPrivate { room: room.clone(), private: false }, "#lobby", Visibility::Space),
    ] {
        rig.act(act.clone());
        assert_eq!(heard.news().await, changed, "{act:?}");
        if matches!(act, Act::Rename { .. }) {
            // It is said to those in other rooms, too.
            assert_eq!(heard.next().await.0.kind(), "room name");
        }
        let asked = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
        let report = asked.rooms[0].1.as_ref().unwrap();
        assert_eq!((report.name.as_str(), report.visibility), (name, visibility), "{act:?}");
        // The identity stays.
        assert_eq!(report.key, rig.room);
    }
    // Nothing new: not told.
    rig.act(Act::Rename { room: room.clone(), name: "lobby".into() });
    rig.act(Act::Close { room });
    assert_eq!(heard.news().await, changed);
    let asked = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert!(asked.rooms[0].1.is_err());
    let told = rig.post("x", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Forbidden(_))), "{told:?}");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn a_bot_that_is_removed_and_let_in_again_says_so() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let space = RoomNews::SpaceChanged(rig.world.world.discord.spaces[0].id.as_str().into());
    rig.kick();
    assert_eq!(heard.news().await, space);
    let asked = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert!(asked.rooms[0].1.as_ref().unwrap_err().fix.contains("Invite the bot"));
    rig.invite();
    assert_eq!(heard.news().await, space);
    rig.preflight().await;
    rig.post("back", "Elif").await.unwrap();
    heard.stop().await.unwrap();
}

/// The guild has not been left: nothing parks, and what waited is delivered afterwards.
#[tokio::test]
async fn an_outage_is_not_a_farewell() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.post("before", "Elif").await.unwrap();
    heard.next().await;
    let outage = Fault { kind: Kind::Unavailable, times: 1, only: Some("Night Owls".into()), seconds: 1.0 };
    rig.world.discord.fault(outage).unwrap();
    let told = rig.post("meanwhile", "Elif").await;
    assert!(matches!(told, Err(DeliverError::Unavailable(_))), "{told:?}");
    // As soon as it has been told, a room that is asked about is no reason to ask for everything again.
    let asked = patiently(async {
        loop {
            if let Ok(asked) = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await {
                return asked;
            }
        }
    });
    assert!(asked.await.rooms[0].1.as_ref().unwrap_err().what.contains("outage"));
    let space = RoomNews::SpaceChanged(rig.world.world.discord.spaces[0].id.as_str().into());
    assert_eq!(heard.news().await, space);
    rig.preflight().await;
    rig.post("afterwards", "Elif").await.unwrap();
    heard.next().await;
    heard.stop().await.unwrap();
}

/// What happened before the first session began, and while there was none, is noticed when the next one begins.
#[tokio::test]
async fn what_changed_while_nobody_listened_is_noticed() {
    let rig = Rig::ready().await;
    let space = RoomNews::SpaceChanged(rig.world.world.discord.spaces[0].id.as_str().into());
    let room = rig.room_id.to_string();
    for name in ["one", "two"] {
        rig.act(Act::Rename { room: room.clone(), name: name.into() });
        let mut heard = rig.listen(None);
        heard.connected().await;
        assert_eq!(heard.news().await, space);
        heard.stop().await.unwrap();
    }
}
