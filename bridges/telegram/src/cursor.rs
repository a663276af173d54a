//! Where listening goes on: the update that comes next, and when the bot was polled last.
//!
//! Telegram keeps updates for a day (<https://core.telegram.org/bots/api#getting-updates>): whoever was away for longer has missed some,
//! and is not told so.

use relay_contract::Timestamp;

/// How long updates are kept, in ms.
const KEPT: i64 = 24 * 3_600 * 1_000;
/// How often a poll that brings nothing is remembered, in ms.
const REMEMBERED: i64 = 10 * 60 * 1_000;

/// Written as `NEXT@MS`; an older one is `NEXT` alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The lowest update that was not accepted yet.
    pub next: Option<i64>,
    /// When the bot was polled.
    pub polled: Option<Timestamp>,
}

impl Cursor {
    /// Reads what can be read.
    pub fn read(written: &str) -> Self {
        let (next, polled) = written.split_once('@').unwrap_or((written, ""));
        Self { next: next.parse().ok(), polled: polled.parse().ok().map(Timestamp) }
    }

    /// As it is stored.
    pub fn written(self) -> String {
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        match self.polled {
            Some(polled) => format!("{}@{}", number(self.next), polled.0),
            None => number(self.next),
        }
    }

    /// Since when updates may be lost: nobody asked for longer than they are kept.
    pub fn missed_since(self, now: Timestamp) -> Option<Timestamp> {
        self.polled.filter(|polled| now.0.saturating_sub(polled.0) > KEPT)
    }

    /// Whether a poll that brought nothing is worth remembering.
    pub fn is_old(self, now: Timestamp) -> bool {
        self.polled
            .is_none_or(|polled| now.0.saturating_sub(polled.0).unsigned_abs() >= REMEMBERED.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let of = |next: Option<i64>, polled: Option<i64>| Cursor { next, polled: polled.map(Timestamp) };
        let cases = [
            ("7", of(Some(7), None)),
            ("7@1700000000000", of(Some(7), Some(1_700_000_000_000))),
            ("@5", of(None, Some(5))),
            ("-7@-5", of(Some(-7), Some(-5))),
            ("", of(None, None)),
        ];
        for (written, cursor) in cases {
            assert_eq!((Cursor::read(written), cursor.written()), (cursor, written.to_owned()));
        }
        for odd in ["x", "7 ", "x@y", "@", "99999999999999999999@1e3"] {
            assert_eq!(Cursor::read(odd), Cursor::default(), "{odd}");
        }
    }

    #[test]
    fn a_day_away_and_what_is_remembered() {
        let day = KEPT;
        let cases = [
            (None, 5 * day, false, true),
            (Some(0), day, false, true),
            (Some(0), day + 1, true, true),
            (Some(0), REMEMBERED - 1, false, false),
            // A clock that was set back.
            (Some(5 * day), day, false, true),
            (Some(i64::MIN), i64::MAX, true, true),
        ];
        for (polled, now, missed, old) in cases {
            let (cursor, now) = (Cursor { next: None, polled: polled.map(Timestamp) }, Timestamp(now));
            assert_eq!((cursor.missed_since(now).is_some(), cursor.is_old(now)), (missed, old), "{polled:?}");
        }
    }
}
