//! What people are told of what becomes of what they say, and what Relay puts into messages, where German is spoken.

use crate::bench::{Bench, PLATFORMS, until};
use crate::joining::{ask, second};
use stand_ins::people::Act;
use stand_ins::world::World;

/// Promise: what somebody is told of what is shared of them, and of what they choose, is said in their language.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_is_told_in_the_asker_s_language() {
    let mut world = World::demo();
    world.discord.people[0].locale = "de".into();
    let mut bench = Bench::of(world).await;
    bench.start();
    bench.connected(3).await;
    let room = bench.room("discord");
    let asked = async |person: usize, words: &str| ask(&bench, "discord", person, &room, words).await;
    let told = asked(0, "/relay status").await;
    assert!(told.contains("Was in diesem Raum gesagt wird, wird auch in Räumen anderswo gezeigt."), "{told}");
    let told = asked(0, "/relay privacy").await;
    for words in [
        "damit die Leute dort mitreden können: ein Raum auf Slack, ein Raum auf Telegram.",
        "Du hast nichts gewählt; was du hier sagst, wird also übertragen",
        "• /relay privacy none: nichts",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = asked(1, "/relay privacy").await;
    assert!(told.contains("a room on Slack, a room on Telegram.\nYou have chosen nothing"), "{told}");
    let told = asked(0, "/relay privacy minimal").await;
    assert!(told.starts_with("Ab jetzt gilt: was du sagst, wird als "), "{told}");
    assert!(told.contains(" in lobby übertragen, ohne dein Bild und ohne Dateien;"), "{told}");
    let told = asked(0, "/relay consent revoke bridging to telegram").await;
    assert!(told.contains("bridging: alles an Telegram nicht erlaubt"), "{told}");
    let told = asked(0, "/relay forget").await;
    assert!(told.starts_with("/relay forget yes löscht alles von dir"), "{told}");
    let told = asked(0, "/relay link").await;
    assert!(told.contains("Der Code gilt einmal, 10 Minuten lang."), "{told}");
    bench.stop().await;
}

/// Promise: a room is told in its channel's language with whom it is joined, once, and not again when another is spoken; what Relay puts
/// into messages is in the language that is spoken by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_told_in_its_language_and_not_again_in_another() {
    let mut bench = Bench::new().await;
    let config = std::fs::read_to_string(bench.config()).unwrap();
    let config = config.replace("tell_rooms = false\n", "tell_rooms = true\n");
    let german = config.replace("[channels.lobby]\n", "[channels.lobby]\nlanguage = \"de\"\n");
    assert_ne!(german, config);
    let told = |bench: &Bench, platform: &str| {
        let all = bench.people(platform).messages(&bench.room(platform)).unwrap();
        let all = all.into_iter().map(|seen| seen.text);
        all.filter(|text| text.contains("Räume auf") || text.contains("rooms on")).collect::<Vec<_>>()
    };
    for (config, forwarded) in [(german, "Weitergeleitet von"), (config, "Forwarded from")] {
        std::fs::write(bench.config(), config).unwrap();
        bench.start();
        bench.connected(3).await;
        for platform in PLATFORMS {
            until("the room is told", || !told(&bench, platform).is_empty()).await;
        }
        let (person, room) = (bench.platform("discord").people[0].id.clone(), second(&bench, "discord"));
        let say = Act::Say {
            person: person.clone(),
            room: room.clone(),
            text: format!("said: {forwarded}"),
            reply_to: None,
            files: vec![],
            thread: None,
        };
        let message = bench.people("discord").act(say).expect("people can talk");
        let forward = Act::Forward { person, room, message, to: bench.room("discord") };
        bench.people("discord").act(forward).expect("people can pass on");
        bench.arrives("slack", &format!("⤳ {forwarded}")).await;
        for platform in PLATFORMS {
            let told = told(&bench, platform);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains("3 Räume auf Discord, Slack und Telegram sind durch Relay verbunden"));
        }
        bench.kill();
    }
}
