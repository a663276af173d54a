//! Quiet hours as people write them: `22:00-07:00`, in a time zone.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// Hours in which only what is urgent is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiet {
    from: Time,
    until: Time,
    zone: TimeZone,
}

impl Quiet {
    /// Reads `22:00-07:00`; none for anything else, and where both are the same.
    pub fn read(text: &str, zone: TimeZone) -> Option<Self> {
        let (from, until) = text.split_once(['-', '–'])?;
        let (from, until) = (time(from)?, time(until)?);
        (from != until).then_some(Self { from, until, zone })
    }

    /// Whether it is quiet then.
    pub fn holds(&self, at: Timestamp) -> bool {
        let time = self.zone.to_datetime(at).time();
        match self.from < self.until {
            true => (self.from..self.until).contains(&time),
            // Over midnight.
            false => time >= self.from || time < self.until,
        }
    }
}

/// `7:00` or `07:00`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let plain = |part: &str, most: usize| part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
    if !plain(hour, 2) || !plain(minute, 2) || minute.len() != 2 {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_it_is_quiet() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let cases = [
            ("22:00-07:00", "2026-01-15T20:59:59Z", false),
            ("22:00-07:00", "2026-01-15T21:00:00Z", true),
            ("22:00-07:00", "2026-01-15T23:30:00Z", true),
            ("22:00-07:00", "2026-01-16T05:59:59Z", true),
            ("22:00-07:00", "2026-01-16T06:00:00Z", false),
            // In summer an hour earlier by UTC.
            ("22:00-07:00", "2026-07-15T20:00:00Z", true),
            ("22:00-07:00", "2026-07-16T05:00:00Z", false),
            ("9:30-12:00", "2026-01-15T08:29:59Z", false),
            ("9:30 – 12:00", "2026-01-15T08:30:00Z", true),
            ("9:30-12:00", "2026-01-15T11:00:00Z", false),
        ];
        for (hours, at, quiet) in cases {
            let read = Quiet::read(hours, berlin.clone()).unwrap();
            assert_eq!(read.holds(at.parse().unwrap()), quiet, "{hours} {at}");
        }
        for wrong in
            ["", "22:00", "22-7", "22:00-22:00", "24:00-07:00", "22:0-07:00", "22:00-7:60", "a:00-7:00"]
        {
            assert_eq!(Quiet::read(wrong, TimeZone::UTC), None, "{wrong}");
        }
    }
}
