//! How much one person may say in a room before it is a flood: as people write it, and as it is counted.

use std::fmt;

/// A budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flood {
    /// So much is carried a minute.
    pub per_minute: u32,
    /// So much is carried at once, after a pause.
    pub at_once: u32,
}

/// The most that can be asked for, of each.
const MOST: u32 = 60_000;

impl Default for Flood {
    /// More than anybody types.
    fn default() -> Self {
        Self { per_minute: 30, at_once: 60 }
    }
}

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} per minute, {} at once", self.per_minute, self.at_once)
    }
}

/// Reads `off` (no budget), `N per minute`, which is twice that at once, or `N per minute, M at once`.
pub fn read(written: &str) -> Option<Option<Flood>> {
    if written == "off" {
        return Some(None);
    }
    let number = |written: &str| written.parse::<u32>().ok().filter(|number| (1..=MOST).contains(number));
    let (rate, burst) = written.split_once(", ").map_or((written, None), |(rate, burst)| (rate, Some(burst)));
    let per_minute = number(rate.strip_suffix(" per minute")?)?;
    let at_once = match burst {
        Some(burst) => number(burst.strip_suffix(" at once")?)?,
        None => per_minute.saturating_mul(2).min(MOST),
    };
    Some(Some(Flood { per_minute, at_once }))
}

impl Flood {
    /// How far apart messages are that come evenly, in milliseconds.
    pub fn apart(&self) -> i64 {
        60_000 / i64::from(self.per_minute)
    }
}

/// What one person has used of a budget. It goes by when something was said, not by when it was heard: what comes all at once after an
/// absence was not said all at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// When everything will be there again, in milliseconds since the epoch.
    whole_at: i64,
    /// When the newest was said.
    newest: i64,
}

impl Used {
    /// Whether something that was said then is within the budget, and counts.
    pub fn allows(&mut self, flood: &Flood, at: i64) -> bool {
        // A flood goes forward in time. What does not is told again, or late.
        if at < self.newest {
            return true;
        }
        self.newest = at;
        let ahead = self.whole_at.saturating_sub(at);
        if ahead > flood.apart().saturating_mul(i64::from(flood.at_once) - 1) {
            return false;
        }
        self.spend(flood);
        true
    }

    /// Counts something, whether it is within the budget or not.
    pub fn spend(&mut self, flood: &Flood) {
        self.whole_at = self.whole_at.max(self.newest).saturating_add(flood.apart());
    }

    /// Whether nothing of the budget is used, at a time.
    pub fn is_whole(&self, at: i64) -> bool {
        self.whole_at <= at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_it() {
        let of = |per_minute, at_once| Some(Some(Flood { per_minute, at_once }));
        let cases = [
            ("30 per minute", of(30, 60)),
            ("30 per minute, 5 at once", of(30, 5)),
            ("60000 per minute", of(60_000, 60_000)),
            ("off", Some(None)),
            ("0 per minute", None),
            ("30", None),
            ("thirty per minute", None),
            ("30 per minute, 0 at once", None),
            ("30 per minute, 5", None),
            ("30 per hour", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(read(written), expected, "{written}");
        }
        assert_eq!(read(&Flood::default().to_string()), Some(Some(Flood::default())));
    }

    #[test]
    fn what_is_within_a_budget() {
        const FLOOD: Flood = Flood { per_minute: 60, at_once: 3 };
        // When things are said, in seconds, and which of them are within it.
        let cases: [(&str, &[(i64, bool)]); 5] = [
            ("so many at once", &[(9, true), (9, true), (9, true), (9, false)]),
            ("then evenly", &[(0, true), (0, true), (0, true), (1, true), (1, false), (2, true), (3, true)]),
            (
                "after a pause all of it",
                &[(0, true), (0, true), (0, true), (60, true), (60, true), (60, true)],
            ),
            ("ordinary talk never ends", &[(1, true), (2, true), (3, true), (4, true), (5, true), (6, true)]),
            (
                "what is told late does not count",
                &[(9, true), (9, true), (1, true), (2, true), (9, true), (9, false)],
            ),
        ];
        for (what, said) in cases {
            let mut used = Used::default();
            for (at, within) in said {
                assert_eq!(used.allows(&FLOOD, at * 1_000), *within, "{what}: at {at}");
            }
        }
    }
}
