//! Moments, which Telegram's clients show in each reader's own time zone since Bot API 9.5.
//!
//! Source: <https://core.telegram.org/bots/api#date-time-entity-formatting>.

use relay_contract::TimeStyle;

/// The format of an entity: the day of the week, a short or long day, a short or long time of day.
pub fn format(style: TimeStyle) -> &'static str {
    match style {
        TimeStyle::Clock => "t",
        TimeStyle::ClockSeconds => "T",
        TimeStyle::ShortDate => "d",
        TimeStyle::Date => "D",
        TimeStyle::DateClock => "Dt",
        TimeStyle::WeekdayDateClock => "wDt",
        TimeStyle::ShortDateClock => "dt",
        TimeStyle::ShortDateClockSeconds => "dT",
        TimeStyle::Relative => "r",
    }
}

/// The nearest that says no less of the moment.
pub fn style(format: &str) -> TimeStyle {
    let has = |c: char| format.contains(c);
    match (has('w'), has('d'), has('D'), has('t'), has('T')) {
        _ if has('r') => TimeStyle::Relative,
        (false, false, false, true, false) => TimeStyle::Clock,
        (false, false, false, _, true) => TimeStyle::ClockSeconds,
        (false, true, _, false, false) => TimeStyle::ShortDate,
        (false, false, true, false, false) => TimeStyle::Date,
        (false, true, _, true, false) => TimeStyle::ShortDateClock,
        (_, true, _, _, true) => TimeStyle::ShortDateClockSeconds,
        (false, ..) => TimeStyle::DateClock,
        (true, ..) => TimeStyle::WeekdayDateClock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        let all = [
            TimeStyle::Clock,
            TimeStyle::ClockSeconds,
            TimeStyle::ShortDate,
            TimeStyle::Date,
            TimeStyle::DateClock,
            TimeStyle::WeekdayDateClock,
            TimeStyle::ShortDateClock,
            TimeStyle::ShortDateClockSeconds,
            TimeStyle::Relative,
        ];
        for one in all {
            assert_eq!(style(format(one)), one, "{one:?}");
        }
        let others = [
            ("", TimeStyle::DateClock),
            ("w", TimeStyle::WeekdayDateClock),
            ("wD", TimeStyle::WeekdayDateClock),
            ("wdT", TimeStyle::ShortDateClockSeconds),
            ("DT", TimeStyle::DateClock),
            ("odd", TimeStyle::ShortDate),
        ];
        for (format, expected) in others {
            assert_eq!(style(format), expected, "{format}");
        }
    }
}
