//! Spans of time as people write them.

use jiff::{Span, SpanRelativeTo};
use std::time::Duration;

/// Units, largest first, and how many seconds they are.
const UNITS: [(&str, u64); 4] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

/// Such as `7 days`, `3 hours` or `90 seconds`: rounded down to the largest unit of which there are two at least, or one exactly.
pub fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let fits = |unit: u64| seconds >= 2 * unit || seconds == unit;
    let (name, unit) = UNITS.into_iter().find(|(_, unit)| fits(*unit)).unwrap_or(("second", 1));
    let count = seconds / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// The same in a few characters, for tables: `7d`, `3h`, `90s`; below two seconds in milliseconds.
pub fn short(span: Duration) -> String {
    if span < Duration::from_secs(2) {
        return format!("{} ms", span.as_millis());
    }
    let words = in_words(span);
    let (count, name) = words.split_once(' ').unwrap_or((&words, "s"));
    format!("{count} {}", if name.starts_with("minute") { "min" } else { &name[..1] })
}

/// Reads `7 days`, `12h` or `1 week`; `None` for anything else, and for less than a second.
pub fn read(text: &str) -> Option<Duration> {
    let span: Span = text.trim().parse().ok()?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(exact).ok().filter(|span| *span >= Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        let seconds = Duration::from_secs;
        let words = [
            (0, "0 seconds", "0 ms"),
            (1, "1 second", "1000 ms"),
            (59, "59 seconds", "59 s"),
            (60, "1 minute", "1 min"),
            (90, "90 seconds", "90 s"),
            (3_600, "1 hour", "1 h"),
            (5_400, "90 minutes", "90 min"),
            (86_400, "1 day", "1 d"),
            (604_800, "7 days", "7 d"),
        ];
        for (count, long, brief) in words {
            assert_eq!(in_words(seconds(count)), long);
            assert_eq!(short(seconds(count)), brief);
        }
        let read_as = [
            ("7 days", Some(604_800)),
            ("1 week", Some(604_800)),
            (" 12h ", Some(43_200)),
            ("1d 12h", Some(129_600)),
            ("90 seconds", Some(90)),
            ("1 month", None),
            ("-1 day", None),
            ("0 days", None),
            ("soon", None),
            ("7", None),
            ("", None),
        ];
        for (text, expected) in read_as {
            assert_eq!(read(text), expected.map(seconds), "{text}");
        }
    }
}
