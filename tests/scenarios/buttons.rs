//! What Relay offers below its answers, clicked by people.

use crate::bench::{Bench, PLATFORMS};
use crate::joining::{ask, second};
use stand_ins::people::{Act, Refused, Seen};
use std::time::{Duration, Instant};

/// The newest message with a button of this label, seen by the person who manages the rooms.
fn with_button(bench: &Bench, platform: &str, room: &str, label: &str) -> Option<Seen> {
    let seen = bench.people(platform).messages(room).expect("the room is there");
    seen.into_iter()
        .rev()
        .find(|seen| !seen.deleted && seen.buttons.iter().any(|button| button.label == label))
}

fn click(bench: &Bench, platform: &str, room: &str, person: usize, label: &str) -> Result<String, Refused> {
    let message = with_button(bench, platform, room, label).expect("there is such a button").id;
    let person = bench.platform(platform).people[person].id.clone();
    bench.people(platform).act(Act::Click { person, room: room.into(), message, button: label.into() })
}

/// Waits until Relay says this in a room.
async fn says(bench: &Bench, platform: &str, room: &str, words: &str) {
    let began = Instant::now();
    while !bench
        .people(platform)
        .messages(room)
        .expect("the room is there")
        .iter()
        .any(|seen| seen.text.contains(words))
    {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{platform}: nobody says {words}: {}",
            bench.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_room_joins_and_leaves_by_clicks_of_whoever_may() {
    let mut bench = Bench::new().await;
    bench.write_config("connect = \"open\"\n");
    bench.start();
    bench.connected(3).await;
    for platform in PLATFORMS {
        let room = second(&bench, platform);
        // On Telegram every group is for those who were invited.
        bench
            .people(platform)
            .act(Act::SetPrivate { room: room.clone(), private: true })
            .expect("it can be private");
        let status = ask(&bench, platform, 0, &room, "/relay status").await;
        assert!(status.contains("not joined"), "{platform}: {status}");
        click(&bench, platform, &room, 0, "Join lobby").expect("whoever asked can click");
        // It is not joined yet: what that means is said first.
        says(&bench, platform, &room, "is private").await;
        assert!(with_button(&bench, platform, &room, "Join it").is_some(), "{platform}");
        // A click is a command of whoever clicks: who sees it and may not manage the room is refused.
        match click(&bench, platform, &room, 1, "Join it") {
            Ok(_) => says(&bench, platform, &room, "Only somebody who may manage this room").await,
            Err(_) => assert_ne!(platform, "telegram", "there everybody sees it"),
        }
        click(&bench, platform, &room, 0, "Join it").expect("whoever asked can click");
        says(&bench, platform, &room, "This room is joined to lobby").await;
        bench.say("slack", &format!("welcome to {platform}"));
        says(&bench, platform, &room, &format!("welcome to {platform}")).await;
    }
    assert_eq!(bench.counter("dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_choose_by_clicks_what_is_shared_of_them() {
    let bench = Bench::started().await;
    for platform in PLATFORMS {
        let room = bench.room(platform);
        ask(&bench, platform, 0, &room, "/relay help").await;
        click(&bench, platform, &room, 0, "What is shared of me?").expect("whoever asked can click");
        says(&bench, platform, &room, "You have chosen nothing").await;
        click(&bench, platform, &room, 0, "Nothing (none)").expect("whoever asked can click");
        says(&bench, platform, &room, "nothing of yours is carried").await;
    }
}
