//! A server that is away, and twenty rooms that have something for it.

use crate::bench::{Bench, until};
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use stand_ins::world::{Room, World};
use std::time::{Duration, Instant};

const ROOMS: usize = 20;
/// What is said in each.
const SAID: usize = 5;
const AWAY: Duration = Duration::from_secs(20);
/// Each room tries once by itself; then one of them for all, with growing waits.
const MOST: u64 = ROOMS as u64 + 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_tried_by_one_room_for_all_of_them() {
    let mut world = World::demo();
    for platform in [&mut world.slack, &mut world.telegram] {
        let rooms = &mut platform.spaces[0].rooms;
        rooms.truncate(1);
        for number in 1..=ROOMS {
            rooms.push(Room {
                id: String::new(),
                name: format!("room-{number}"),
                private: false,
                forum: false,
            });
        }
    }
    let mut bench = Bench::of(world).await;
    let rooms = |platform: &str| -> Vec<String> {
        bench.platform(platform).spaces[0].rooms[1..].iter().map(|room| room.id.clone()).collect()
    };
    let (from, there) = (rooms("slack"), rooms("telegram"));
    let channels = from.iter().zip(&there).enumerate().map(|(number, (slack, telegram))| {
        format!("[channels.c{number}]\nlinks = [\"slack:{slack}\", \"telegram:{telegram}\"]\n")
    });
    bench.write_config(&channels.collect::<String>());
    bench.start();
    bench.connected(3).await;
    let says = |number: usize, text: String| {
        let (person, room) = (bench.person("slack"), from[number].clone());
        let act = Act::Say { person, room, text, reply_to: None, files: vec![], thread: None };
        bench.people("slack").act(act).unwrap();
    };
    let in_room = |number: usize| -> Vec<String> {
        let all = bench.people("telegram").messages(&there[number]).unwrap();
        all.into_iter().filter(|seen| seen.text.contains("away-")).map(|seen| seen.text).collect()
    };
    let faults = bench.people("telegram").faults();
    bench.fault("telegram", Kind::ServerError, u32::MAX, "sendMessage");
    let (began, before) = (Instant::now(), faults.struck());
    for said in 0..SAID {
        (0..ROOMS).for_each(|number| says(number, format!("away-{said}.")));
    }
    tokio::time::sleep(AWAY.saturating_sub(began.elapsed())).await;
    let tries = faults.struck() - before;
    faults.disarm();
    let back = Instant::now();
    until("every room has all of it", || (0..ROOMS).all(|number| in_room(number).len() == SAID)).await;
    let caught_up = back.elapsed();
    for number in 0..ROOMS {
        let texts = in_room(number);
        assert!((0..SAID).all(|said| texts[said].ends_with(&format!("away-{said}."))), "{texts:?}");
    }
    crate::tell(&format!(
        "{ROOMS} rooms, their server away for {AWAY:?}: {tries} tries; {} messages arrived {caught_up:.1?} after it was back\n",
        ROOMS * SAID
    ));
    assert!((4..=MOST).contains(&tries), "{tries} tries in {AWAY:?}");
}
