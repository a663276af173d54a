//! A homeserver that takes up again can leave something lying. While Synapse makes up for what it could not send, it sends nothing else; what
//! is said in the moment in which it finds that nothing is left is neither sent then nor later, until it next has something to make up for
//! (its `_Recoverer` asks for what is unsent first, and says that the service is up again only behind that). So for as long as it
//! may be making up, histories are read before what it tells, and all of them once more when it has settled.

use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// An event that comes so old was sent before, or could not be: Synapse waits at least that long before it makes up.
const OLD: Duration = Duration::from_secs(2);
/// It has settled when nothing has come for so long, and at the latest so long after the last sign that it makes up.
const QUIET: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(60);
/// Shortest time between two ends without an interruption: where a homeserver is only slow, everything it tells comes old.
const BETWEEN: Duration = Duration::from_secs(60);
/// How long it may take from when an event is made until a history has it.
const KEPT: Duration = Duration::from_secs(5);

/// Whether a homeserver may be making up for something, and what was read because of that.
#[derive(Debug, Default)]
pub struct Settling {
    /// When that is over, and when it is at the latest.
    over: Option<(Instant, Instant)>,
    /// When all histories were last asked for, and when that was because it had settled.
    all: Option<Instant>,
    settled: Option<Instant>,
    /// When each room's history was last asked for, since it began.
    rooms: HashMap<String, Instant>,
}

impl Settling {
    /// All histories are asked for.
    pub fn asked_for_all(&mut self, now: Instant) {
        self.all = Some(now);
    }

    /// The connection is new, or there again.
    pub fn begin(&mut self, now: Instant) {
        self.settled = None;
        self.may_make_up(now);
    }

    /// A transaction has come with these events in rooms that matter, by people; answers the rooms that are to be read before it is
    /// handed up: what was left lying was said there before.
    pub fn told(&mut self, events: &[(&str, &Value)], now: Instant) -> Vec<String> {
        match events.iter().any(|(_, event)| age(event) >= OLD) {
            true => self.may_make_up(now),
            false => self.goes_on(now),
        }
        let mut unread = Vec::new();
        for (room, event) in events.iter().filter(|_| self.over.is_some()) {
            let asked = self.rooms.get(*room).copied().max(self.all);
            // What the history had when it was asked for needs no other look.
            if asked.is_none_or(|asked| age(event) < now.duration_since(asked) + KEPT) {
                self.rooms.insert((*room).to_owned(), now);
                unread.push((*room).to_owned());
            }
        }
        unread.dedup();
        unread
    }

    /// A transaction is done.
    pub fn goes_on(&mut self, now: Instant) {
        if let Some((_, latest)) = self.over {
            self.over = Some((self.spaced((now + QUIET).min(latest)), latest));
        }
    }

    /// When all histories are to be asked for, as far as is known now.
    pub fn over(&self) -> Option<Instant> {
        self.over.map(|(over, _)| over)
    }

    /// It has settled, and all histories are asked for.
    pub fn end(&mut self, now: Instant) {
        *self = Self { all: Some(now), settled: Some(now), ..Self::default() };
    }

    fn may_make_up(&mut self, now: Instant) {
        self.over = Some((self.spaced(now + QUIET), now + LONGEST));
    }

    fn spaced(&self, at: Instant) -> Instant {
        self.settled.map_or(at, |settled| at.max(settled + BETWEEN))
    }
}

/// How long ago an event was made, by the homeserver's clock; as if just now, where it does not say.
fn age(event: &Value) -> Duration {
    let age = event.pointer("/unsigned/age").and_then(Value::as_u64);
    Duration::from_millis(age.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is to be read before an event of this age, in milliseconds, in room `a`.
    fn told(settling: &mut Settling, age: u64, now: Instant) -> usize {
        settling.told(&[("a", &json!({ "unsigned": { "age": age } }))], now).len()
    }

    #[test]
    fn a_room_is_read_before_what_is_said_while_the_homeserver_may_be_making_up() {
        let (mut settling, began) = (Settling::default(), Instant::now());
        assert_eq!((told(&mut settling, 100, began), settling.over()), (0, None), "nobody was away");
        settling.asked_for_all(began);
        settling.begin(began);
        let at = |seconds| began + Duration::from_secs(seconds);
        // The reading at the start has it.
        assert_eq!(told(&mut settling, 60_000, at(1)), 0);
        assert_eq!(told(&mut settling, 100, at(2)), 1);
        assert_eq!(told(&mut settling, 4_900, at(2)), 1, "perhaps the history had it not yet");
        // All of one transaction, once a room.
        let (new, none) = (json!({ "unsigned": { "age": 3 } }), json!({}));
        assert_eq!(settling.told(&[("a", &new), ("a", &none), ("b", &none)], at(3)), ["a", "b"]);
        assert_eq!(settling.over(), Some(at(18)));
        settling.goes_on(at(4));
        assert_eq!(settling.over(), Some(at(19)));
        settling.end(at(19));
        assert_eq!((told(&mut settling, 100, at(20)), settling.over()), (0, None));
    }

    #[test]
    fn what_comes_old_says_that_it_makes_up() {
        let (mut settling, began) = (Settling::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(told(&mut settling, 2_000, began), 1);
        assert_eq!(settling.over(), Some(at(15)));
        settling.end(at(15));
        // A slow server is not asked for everything all the time.
        assert_eq!(told(&mut settling, 2_000, at(16)), 1);
        assert_eq!(settling.over(), Some(at(75)));
        // But an interruption is.
        settling.begin(at(17));
        assert_eq!(settling.over(), Some(at(32)));
    }

    #[test]
    fn where_people_talk_all_the_time_it_ends_too() {
        let (mut settling, began) = (Settling::default(), Instant::now());
        settling.begin(began);
        for second in 1..60 {
            told(&mut settling, 100, began + Duration::from_secs(second));
        }
        assert_eq!(settling.over(), Some(began + LONGEST));
    }
}
