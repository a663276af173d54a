//! `relay queue`: what waits and what was given up, and what is to become of it.

use super::{RunningBridge, cut, fail, note, print_json, width};
use crate::commands::{QueueAnswer, QueueAsk};
use crate::control::{Request, Response};
use crate::engine::{LaneState, QueueHeld, QueueRoom, QueueRow, QueueShown};
use crate::spans;
use clap::Subcommand;
use relay_contract::Timestamp;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `relay queue`.
#[derive(Debug, clap::Args)]
pub struct Queue {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print everything as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the rooms for which something waits, was given up or is held (what `relay queue` alone does)
    List {
        /// Only this room, account or channel
        room: Option<String>,
    },
    /// Show the deliveries of a room: what waits, and what was given up and why
    Show {
        /// ACCOUNT:ROOM, the room's name, or a channel or an account with all its rooms
        room: String,
        /// At most so many that wait, and so many that were given up
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        most: u16,
    },
    /// Deliver now what was given up, in its order, and try at once what waits
    Retry {
        /// ACCOUNT:ROOM, the room's name, or a channel or an account with all its rooms
        room: String,
        /// Only these deliveries, and what belongs to them
        id: Vec<String>,
    },
    /// Take deliveries out of the queue; `retry` brings them back
    Drop {
        /// ACCOUNT:ROOM, the room's name, or a channel or an account with all its rooms
        room: String,
        /// Only these deliveries
        id: Vec<String>,
        /// Drop all that wait without being asked once more
        #[arg(long)]
        yes: bool,
    },
    /// Hold deliveries, also over a restart; what is said meanwhile is kept
    Pause {
        /// ACCOUNT:ROOM, the room's name, an account, or a channel with all its rooms
        what: String,
    },
    /// Let deliveries go on
    Resume {
        /// What was paused
        what: String,
    },
}

/// Does it.
pub fn run(queue: &Queue) -> ExitCode {
    let ask = match &queue.command {
        None => QueueAsk::List { of: None },
        Some(Command::List { room }) => QueueAsk::List { of: room.clone() },
        Some(Command::Show { room, most }) => QueueAsk::Show { room: room.clone(), most: usize::from(*most) },
        Some(Command::Retry { room, id }) => QueueAsk::Retry { room: room.clone(), ids: id.clone() },
        Some(Command::Drop { room, id, yes }) => {
            QueueAsk::Drop { room: room.clone(), ids: id.clone(), sure: *yes }
        }
        Some(Command::Pause { what }) => QueueAsk::Pause { what: what.clone() },
        Some(Command::Resume { what }) => QueueAsk::Resume { what: what.clone() },
    };
    let answer = match queue.bridge.ask(&Request::Queue { ask }) {
        Ok(Response::Queue(answer)) => answer,
        Ok(_) => return fail("the running relay answered something else: is it of another version?"),
        Err(code) => return code,
    };
    let now = Timestamp::now().0;
    match answer {
        QueueAnswer::Sure(words) => return fail(words),
        QueueAnswer::List(rooms) if queue.json => return print_json(&rooms),
        QueueAnswer::Shown(shown) if queue.json => return print_json(&shown),
        QueueAnswer::Done(done) if queue.json => return print_json(&done),
        QueueAnswer::List(rooms) => say!("{}", table(&rooms, now)),
        QueueAnswer::Shown(shown) => {
            let shown: Vec<String> = shown.iter().map(|room| deliveries(room, now)).collect();
            say!("{}", shown.join("\n"));
        }
        QueueAnswer::Done(done) => sayln!("{}", done.words),
    }
    ExitCode::SUCCESS
}

/// Widest a room's name is shown, in characters.
const NAME: usize = 36;

fn table(rooms: &[QueueRoom], now: i64) -> String {
    if rooms.is_empty() {
        return "Nothing waits, and nothing was given up.\n".into();
    }
    let mut out =
        format!("{:<NAME$}  {:<8}  {:>7}  {:>8}  {:>8}\n", "room", "state", "waiting", "oldest", "given up");
    for room in rooms {
        line(room, now, &mut out);
    }
    out
}

fn line(room: &QueueRoom, now: i64, out: &mut String) {
    let oldest = room.head.as_ref().map_or_else(String::new, |head| age(head.accepted, now));
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "{:<NAME$}  {:<8}  {:>7}  {oldest:>8}  {:>8}",
        cut(called(room), NAME),
        word(&room.lane),
        room.queued,
        room.dead
    );
    if let Some(why) = why(&room.lane, now) {
        note(&why, out);
    }
    room.held.iter().for_each(|held| note(&held_in_words(held, now), out));
    if room.purged > 0 {
        note(&format!("taken back by a purge: {}", room.purged), out);
    }
    let Some(head) = &room.head else { return };
    let mut next = Vec::new();
    if head.attempts > 0 {
        next.push(format!("the first in it has failed {}", times(head.attempts)));
    }
    if let Some(at) = room.next_try.filter(|at| *at > now && !matches!(room.lane, LaneState::Paused { .. })) {
        next.push(format!("looked at again in {}", spans::short(between(now, at))));
    }
    if !next.is_empty() {
        note(&next.join("; "), out);
    }
}

/// What somebody said there that is on its way to no room yet.
fn held_in_words(held: &QueueHeld, now: i64) -> String {
    let QueueHeld { sender, name, count, since, .. } = held;
    let who = name.as_ref().map_or_else(|| sender.clone(), |name| format!("{name} ({sender})"));
    let since = since.map_or_else(String::new, |since| format!(" since {}", age(since, now)));
    format!("held at the door: {count} that {who} said here{since}; it goes on by itself, as `flood` allows")
}

fn called(room: &QueueRoom) -> &str {
    room.link.as_deref().or(room.name.as_deref()).unwrap_or(&room.room)
}

fn deliveries(of: &QueueShown, now: i64) -> String {
    let QueueShown { room, waiting, given_up, taken_back } = of;
    let name = room.name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    let mut out = format!("{}{name}: {}", called(room), word(&room.lane));
    // Writing into a String cannot fail.
    match why(&room.lane, now) {
        Some(why) => drop(writeln!(out, "; {why}")),
        None => out.push('\n'),
    }
    section("Waiting", waiting, room.queued, now, &mut out);
    section("Given up", given_up, room.dead, now, &mut out);
    section("Taken back by a purge", taken_back, room.purged, now, &mut out);
    for held in &room.held {
        section("Held at the door", &held.waiting, held.count, now, &mut out);
        note(&held_in_words(held, now), &mut out);
    }
    if waiting.is_empty() && given_up.is_empty() && taken_back.is_empty() && room.held.is_empty() {
        out.push_str("Nothing waits, and nothing was given up.\n");
    }
    if !given_up.is_empty() {
        let _ = writeln!(
            out,
            "\nrelay queue retry \"{}\" sends what was given up, below what is there now.",
            called(room)
        );
    }
    out
}

fn section(title: &str, rows: &[QueueRow], all: u64, now: i64, out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let shown = rows.len() as u64;
    let of = if shown < all { format!("{shown} of {all}") } else { all.to_string() };
    let _ = writeln!(out, "\n{title}: {of}");
    for row in rows {
        let by = row.author.as_ref().map_or_else(String::new, |author| format!("{author}: "));
        let says = format!("{by}{}", row.text.as_deref().unwrap_or_default());
        let begins = format!("  {}  {:<8}  {:>6}  ", row.id, cut(&row.kind, 8), age(row.accepted, now));
        let room = width().saturating_sub(begins.chars().count()).max(10);
        let _ = writeln!(out, "{}", format!("{begins}{}", cut(&says, room)).trim_end());
        match (&row.reason, row.given_up) {
            (Some(reason), Some(at)) => {
                let tried =
                    if row.attempts > 0 { format!(", after {}", tries(row.attempts)) } else { String::new() };
                note(&format!("{reason} ({} ago{tried})", age(at, now)), out);
            }
            (Some(reason), None) => {
                note(&format!("failed {}, the last time: {reason}", times(row.attempts)), out)
            }
            (None, _) => {}
        }
    }
}

/// The word that JSON has for it, too.
pub(super) fn word(lane: &LaneState) -> &'static str {
    match lane {
        LaneState::Idle => "idle",
        LaneState::Busy => "busy",
        LaneState::Retrying { .. } => "retrying",
        LaneState::Held => "held",
        LaneState::Waiting => "waiting",
        LaneState::Parked { .. } => "parked",
        LaneState::Paused { .. } => "paused",
    }
}

/// What a lane waits for, where its word alone does not tell.
pub(super) fn why(lane: &LaneState, now: i64) -> Option<String> {
    match lane {
        LaneState::Idle | LaneState::Busy => None,
        LaneState::Retrying { reason } => Some(reason.clone()),
        LaneState::Held => Some("the platform's rate limit; it goes on by itself".into()),
        LaneState::Waiting => Some("its account is not connected yet".into()),
        LaneState::Parked { problem } => Some(format!("{problem} It goes on by itself when this is mended.")),
        LaneState::Paused { since, chat: true, until, .. } => {
            let left = until.map(|until| format!(", for {} more", age(now, until)));
            Some(format!(
                "those who manage it hold it since {} by `/relay pause`{}; `relay queue resume` ends that too",
                age(*since, now),
                left.unwrap_or_default()
            ))
        }
        LaneState::Paused { since, account, .. } => {
            let what = if *account { "its account is" } else { "it is" };
            Some(format!("{what} held since {} by `relay queue pause`", age(*since, now)))
        }
    }
}

fn age(at: i64, now: i64) -> String {
    spans::short(between(at, now))
}

fn between(from: i64, to: i64) -> Duration {
    Duration::from_millis(u64::try_from(to.saturating_sub(from)).unwrap_or(0))
}

fn times(count: u32) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

fn tries(count: u32) -> String {
    if count == 1 { "1 failed attempt".into() } else { format!("{count} failed attempts") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Problem;

    #[test]
    fn the_table_fits_an_ordinary_terminal_and_says_why_something_waits() {
        let now = 10_000_000;
        let row = |id: &str| QueueRow {
            id: id.into(),
            kind: "post".into(),
            author: Some("Ada".into()),
            text: Some("a long message ".repeat(5)),
            accepted: now - 7_200_000,
            attempts: 3,
            reason: Some("unavailable: 502".into()),
            given_up: None,
        };
        let room = |lane: LaneState| QueueRoom {
            room: "slack/T1/C1".into(),
            link: Some(format!("slack:{}", "very-long-name-".repeat(4))),
            name: Some("Owls/#general".into()),
            channels: vec!["lobby".into()],
            lane,
            queued: 1_234,
            dead: 2,
            purged: 3,
            head: Some(row("1")),
            next_try: Some(now + 12_000),
            resumed: None,
            held: vec![QueueHeld {
                sender: "slack:U1".into(),
                name: Some("Eve".into()),
                count: 12,
                since: Some(now - 180_000),
                waiting: vec![QueueRow { attempts: 0, reason: None, ..row("01ARZ3NDEKTSV4RRFFQ69G5FAV") }],
            }],
        };
        let problem = Problem::new("The bot was removed.", "Invite it.");
        let cases = [
            (LaneState::Retrying { reason: "unavailable: 502".into() }, "retrying", "unavailable: 502"),
            (LaneState::Parked { problem }, "parked", "Invite it."),
            (
                LaneState::Paused { since: now - 60_000, account: true, chat: false, until: None },
                "paused",
                "its account is held since 1 min",
            ),
            (LaneState::Held, "held", "rate limit"),
            (LaneState::Idle, "idle", "failed 3 times; looked at again in 12 s"),
        ];
        for (lane, word, why) in cases {
            let shown = table(&[room(lane)], now);
            assert!(shown.contains(word) && shown.contains(why), "{shown}");
            assert!(shown.contains("1234") && shown.contains("2 h"), "{shown}");
            assert!(shown.contains("taken back by a purge: 3"), "{shown}");
            assert!(
                shown.contains("held at the door: 12 that Eve (slack:U1) said here since 3 min"),
                "{shown}"
            );
            let widest = shown
                .lines()
                .filter(|line| !line.starts_with("      "))
                .map(|line| line.chars().count())
                .max();
            assert!(widest <= Some(80), "{shown}");
        }
        assert_eq!(table(&[], now), "Nothing waits, and nothing was given up.\n");
        let dead = QueueRow {
            reason: Some("dropped".into()),
            given_up: Some(now),
            ..row("01ARZ3NDEKTSV4RRFFQ69G5FAV")
        };
        let taken_back = vec![QueueRow { reason: Some("purged".into()), ..dead.clone() }];
        let (room, waiting) = (room(LaneState::Idle), vec![row("1")]);
        let shown = QueueShown { room, waiting, given_up: vec![dead], taken_back };
        let words = deliveries(&shown, now);
        for part in [
            "Waiting: 1 of 1234",
            "Given up: 1 of 2",
            "Taken back by a purge: 1 of 3",
            "Held at the door: 1 of 12",
            "Ada: a long message",
            "dropped (0 ms ago, after 3 failed attempts)",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
}
