//! Servers of a network that lose each other: all who are on the other side seem to quit at once, and to join again later. That is told
//! in one line a channel, and not once for each.

use crate::heard::{Heard, What, Who};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// How long people are gathered who go in one split.
const GATHERING: Duration = Duration::from_secs(3);

/// How long somebody may be on the other side until their coming back is news again.
const AWAY: Duration = Duration::from_secs(60 * 60);

/// The most people who are remembered.
const MOST: usize = 10_000;

/// Splits of one connection.
#[derive(Default)]
pub struct Splits {
    /// Since when, and how many of each channel.
    gathering: Option<(Instant, BTreeMap<String, usize>)>,
    /// Who is on the other side, by folded nick, and since when.
    away: HashMap<String, Instant>,
}

/// Whether a reason to quit is that of a split: the names of two servers, which no person can give.
/// Source: <https://modern.ircdocs.horse/#quit-message>.
pub fn is_split(reason: &str) -> bool {
    let is_server = |name: &str| {
        name.contains('.')
            && !name.starts_with('.')
            && !name.ends_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-*".contains(c))
    };
    reason.split_once(' ').is_some_and(|(one, other)| is_server(one) && is_server(other))
}

impl Splits {
    /// Takes an event; none when it is part of a split.
    pub fn pass(&mut self, heard: Heard, now: Instant) -> Option<Heard> {
        match &heard.what {
            What::Left { rooms, split: true } => {
                let (_, counts) = self.gathering.get_or_insert_with(|| (now, BTreeMap::new()));
                for room in rooms {
                    *counts.entry(room.clone()).or_default() += 1;
                }
                self.away.retain(|_, since| now.duration_since(*since) < AWAY);
                if self.away.len() < MOST {
                    self.away.insert(heard.from.folded, now);
                }
                None
            }
            // They join each channel anew, and are back with the first thing that they say.
            What::Joined { .. } => {
                let away =
                    self.away.get(&heard.from.folded).is_some_and(|since| now.duration_since(*since) < AWAY);
                (!away).then_some(heard)
            }
            What::Said { .. } => {
                self.away.remove(&heard.from.folded);
                Some(heard)
            }
            _ => Some(heard),
        }
    }

    /// What is to be told of a split that is over: a line for each channel.
    pub fn due(&mut self, network: &str, now: Instant) -> Vec<Heard> {
        if self.gathering.as_ref().is_none_or(|(since, _)| now.duration_since(*since) < GATHERING) {
            return Vec::new();
        }
        let counts = self.gathering.take().map(|(_, counts)| counts).unwrap_or_default();
        let line = |(room, count): (String, usize)| {
            let people = if count == 1 { "person" } else { "people" };
            let nick = format!("{count} {people} (the network has split)");
            let from = Who { folded: "a split".to_owned(), nick, ..Who::default() };
            Heard {
                from,
                what: What::Left { rooms: vec![room.clone()], split: false },
                ..Heard::of_room(network, room)
            }
        };
        counts.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons() {
        let cases = [
            ("a.example b.example", true),
            ("*.net *.split", true),
            ("Quit: a.example b.example", false),
            ("see you", false),
            ("a.example", false),
            ("well. bye.", false),
        ];
        for (reason, split) in cases {
            assert_eq!(is_split(reason), split, "{reason}");
        }
    }

    #[test]
    fn a_split_is_one_line_a_channel() {
        let mut splits = Splits::default();
        let now = Instant::now();
        let heard = |nick: &str, what| Heard {
            from: Who { nick: nick.into(), folded: nick.into(), ..Who::default() },
            what,
            ..Heard::of_room("n", String::new())
        };
        let left = |nick: &str, rooms: &[&str], split| {
            heard(nick, What::Left { rooms: rooms.iter().map(|room| (*room).to_owned()).collect(), split })
        };
        let joins = |nick: &str| heard(nick, What::Joined { room: "#a".into() });
        assert!(splits.pass(left("mia", &["#a"], false), now).is_some());
        assert!(splits.pass(left("ada", &["#a", "#b"], true), now).is_none());
        assert!(splits.pass(left("ivo", &["#a"], true), now).is_none());
        assert!(splits.due("n", now).is_empty(), "more may go");
        let later = now + GATHERING;
        let told: Vec<_> =
            splits.due("n", later).into_iter().map(|heard| (heard.from.nick, heard.what)).collect();
        let of = |room: &str| What::Left { rooms: vec![room.to_owned()], split: false };
        assert_eq!(told[0], ("2 people (the network has split)".into(), of("#a")));
        assert_eq!(told[1], ("1 person (the network has split)".into(), of("#b")));
        assert!(splits.due("n", later + GATHERING).is_empty(), "told once");
        assert!(splits.pass(joins("ada"), later).is_none(), "back from the split");
        assert!(splits.pass(joins("mia"), later).is_some());
        assert!(splits.pass(joins("ivo"), later + AWAY).is_some(), "after an hour it is news");
    }
}
