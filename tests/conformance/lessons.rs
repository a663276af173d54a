//! What other bridges learned the hard way, a test each, with the real binary: in the order of the list that they come from.

mod carrying;
mod connecting;
mod identity;
mod keeping;
mod relations;

use crate::bench::{Bench, PLATFORMS, until};
use stand_ins::people::{Act, File, Given, Seen};

/// The platforms but one.
fn others(origin: &str) -> impl Iterator<Item = &'static str> + use<> {
    let origin = origin.to_owned();
    PLATFORMS.into_iter().filter(move |platform| *platform != origin)
}

/// Says something and waits until it is everywhere: what happened before it there has arrived, too.
async fn settled(bench: &Bench, origin: &str, word: &str) {
    bench.say(origin, word);
    for there in others(origin) {
        until(&format!("{word} of {origin} on {there}"), || !bench.with(there, word).is_empty()).await;
    }
}

/// How many messages with a word are there.
fn count(bench: &Bench, platform: &str, word: &str) -> usize {
    bench.with(platform, word).len()
}

fn message(bench: &Bench, platform: &str, id: &str) -> Seen {
    bench.seen(platform).into_iter().find(|message| message.id == id).expect("it is there")
}

fn give(bench: &Bench, on: &str, text: &str, file: File) -> String {
    let (person, room) = (bench.person(on), bench.room(on));
    let files = vec![Given::File(file)];
    let act = Act::Say { person, room, text: text.into(), reply_to: None, files, thread: None };
    bench.people(on).act(act).expect("people can attach files")
}

fn file(name: &str, size: u64) -> File {
    File { name: name.into(), size, ..File::default() }
}

/// The files that are there, by what is in them.
fn hashes(bench: &Bench, platform: &str) -> Vec<String> {
    let there = bench.seen(platform).into_iter().filter(|message| !message.deleted && message.by_bot);
    there.flat_map(|message| message.attachments).map(|file| file.hash).collect()
}
