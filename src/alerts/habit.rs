//! When something is usually heard in a room: hour by hour for eight days. Silence is told only where on each of the last seven days
//! something was heard in each of the same two hours.

use serde::{Deserialize, Serialize};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;
/// So many hours are remembered.
const HOURS: i64 = 192;
/// On so many days something must have been heard.
const DAYS: i64 = 7;

/// What a room was heard to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// The newest hour that is known, since the epoch.
    hour: i64,
    /// A bit for each hour, the newest first.
    heard: [u64; 3],
}

/// The hour of an instant in milliseconds.
pub fn hour(at: i64) -> i64 {
    at.div_euclid(HOUR)
}

impl Habit {
    /// It is now, and something was heard last then. What is older than is remembered says nothing.
    pub fn listen(&mut self, now: i64, last: i64) {
        let now = hour(now);
        let passed = now - self.hour;
        if passed > 0 {
            let before = std::mem::take(&mut self.heard);
            for ago in (0..HOURS - passed.min(HOURS)).filter(|ago| bit(&before, *ago)) {
                self.set(ago + passed);
            }
            self.hour = now;
        }
        self.set(self.hour - hour(last));
    }

    /// Nothing was heard in this hour and the two before it, where on each of the last days something was heard in both of those two.
    pub fn is_silent(&self) -> bool {
        let heard = |ago: i64| bit(&self.heard, ago);
        let usual = |day: i64| heard(24 * day + 1) && heard(24 * day + 2);
        !(0..=2).any(heard) && (1..=DAYS).all(usual)
    }

    fn set(&mut self, ago: i64) {
        let Ok(ago) = usize::try_from(ago) else { return };
        if let Some(word) = self.heard.get_mut(ago / 64) {
            *word |= 1 << (ago % 64);
        }
    }
}

fn bit(heard: &[u64; 3], ago: i64) -> bool {
    let Ok(ago) = usize::try_from(ago) else { return false };
    heard.get(ago / 64).is_some_and(|word| word & (1 << (ago % 64)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which hours of how many days something is heard; and at which hour of the day after it is silent.
    #[test]
    fn silence_where_there_is_usually_something() {
        let cases: [(&str, &[i64], i64, &[i64]); 5] = [
            ("every hour", &[9, 10, 11, 12, 13, 14], 7, &[12, 13, 14, 15]),
            ("once a day", &[20], 7, &[]),
            ("in two hours", &[19, 20], 7, &[21]),
            ("six days", &[9, 10, 11, 12, 13, 14], 6, &[]),
            ("never", &[], 7, &[]),
        ];
        // The day after, something is heard at 9 only, where it usually is.
        for (what, hours, days, expected) in cases {
            let mut habit = Habit::default();
            let mut last = 0;
            let mut silent = Vec::new();
            for at in 0..=8 * 24 - 1 {
                let (day, of_day) = (at / 24, at % 24);
                let now = (at + 24 * 20_000) * HOUR + HOUR / 2;
                if hours.contains(&of_day) && (day >= 7 - days && day < 7 || day == 7 && of_day == 9) {
                    last = now;
                }
                habit.listen(now, last);
                if day == 7 && habit.is_silent() {
                    silent.push(of_day);
                }
            }
            assert_eq!(silent, expected, "{what}");
        }
        let mut habit = Habit { hour: 1_000, heard: [u64::MAX; 3] };
        habit.listen((1_000 + 500) * HOUR, 0);
        assert_eq!(habit, Habit { hour: 1_500, heard: [0; 3] }, "an absence forgets");
    }
}
