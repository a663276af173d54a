//! A moment, and how it is told to those whose client cannot show it in their own time zone.

use serde::{Deserialize, Serialize};

/// A moment, with how the origin shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Time {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// How much of it is shown.
    pub style: TimeStyle,
}

/// How much of a moment is shown: the styles that Discord has
/// (<https://discord.com/developers/docs/reference#message-formatting-timestamp-styles>), of which others have some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeStyle {
    /// The time of day.
    Clock,
    /// The time of day with seconds.
    ClockSeconds,
    /// The day, short.
    ShortDate,
    /// The day.
    Date,
    /// The day and the time of day.
    #[default]
    DateClock,
    /// The same with the day of the week.
    WeekdayDateClock,
    /// The day, short, and the time of day.
    ShortDateClock,
    /// The same with seconds.
    ShortDateClockSeconds,
    /// How long ago, or until. Told as the day and the time of day, which stay true.
    Relative,
}

impl Time {
    /// In words, in UTC: `10 August 2021, 11:16 UTC`. A moment outside of the years -9999 to 9999 is told in seconds.
    pub fn shown(&self) -> String {
        let format = match self.style {
            TimeStyle::Clock => "%H:%M UTC",
            TimeStyle::ClockSeconds => "%H:%M:%S UTC",
            TimeStyle::ShortDate => "%-d %b %Y (UTC)",
            TimeStyle::Date => "%-d %B %Y (UTC)",
            TimeStyle::DateClock | TimeStyle::Relative => "%-d %B %Y, %H:%M UTC",
            TimeStyle::WeekdayDateClock => "%A, %-d %B %Y, %H:%M UTC",
            TimeStyle::ShortDateClock => "%-d %b %Y, %H:%M UTC",
            TimeStyle::ShortDateClockSeconds => "%-d %b %Y, %H:%M:%S UTC",
        };
        match jiff::Timestamp::from_second(self.seconds) {
            Ok(moment) => moment.strftime(format).to_string(),
            Err(_) => format!("{} seconds after 1970", self.seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_words() {
        let cases = [
            (1_628_594_197, TimeStyle::Clock, "11:16 UTC"),
            (1_628_594_197, TimeStyle::ClockSeconds, "11:16:37 UTC"),
            (1_628_594_197, TimeStyle::ShortDate, "10 Aug 2021 (UTC)"),
            (1_628_594_197, TimeStyle::Date, "10 August 2021 (UTC)"),
            (1_628_594_197, TimeStyle::DateClock, "10 August 2021, 11:16 UTC"),
            (1_628_594_197, TimeStyle::WeekdayDateClock, "Tuesday, 10 August 2021, 11:16 UTC"),
            (1_628_594_197, TimeStyle::ShortDateClock, "10 Aug 2021, 11:16 UTC"),
            (1_628_594_197, TimeStyle::ShortDateClockSeconds, "10 Aug 2021, 11:16:37 UTC"),
            (1_628_594_197, TimeStyle::Relative, "10 August 2021, 11:16 UTC"),
            (0, TimeStyle::DateClock, "1 January 1970, 00:00 UTC"),
            (-1, TimeStyle::DateClock, "31 December 1969, 23:59 UTC"),
            (951_782_400, TimeStyle::Date, "29 February 2000 (UTC)"),
            (i64::MAX, TimeStyle::Clock, "9223372036854775807 seconds after 1970"),
        ];
        for (seconds, style, expected) in cases {
            assert_eq!(Time { seconds, style }.shown(), expected);
        }
    }
}
