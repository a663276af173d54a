//! `relay resync`: reads a room's history once more, by hand.

use super::{RunningBridge, fail, print_json};
use crate::control::{Request, Response};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SpanRelativeTo, Timestamp};
use std::process::ExitCode;

/// Arguments of `relay resync`.
#[derive(Debug, clap::Args)]
pub struct ResyncOf {
    /// A linked room: `ACCOUNT:ROOM`, its name, or its id
    #[arg(allow_hyphen_values = true)]
    room: String,
    /// From when on: `2h`, `3 days`, or a time such as 2026-11-25T10:00:00Z [default: where Relay knows it up to]
    #[arg(long, value_parser = since)]
    since: Option<Timestamp>,
    /// Messages that are asked for at once
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=100))]
    batch: u16,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print what was read as JSON
    #[arg(long)]
    json: bool,
}

/// A time, or how long ago it was.
fn since(written: &str) -> Result<Timestamp, String> {
    let now = Timestamp::now();
    let at = match written.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => ago(written, now)?,
    };
    if at > now {
        return Err("that is still to come: nothing was said then".into());
    }
    // Whatever is older than any message is the beginning of all of them.
    at.max(Timestamp::UNIX_EPOCH).round(jiff::Unit::Millisecond).map_err(|error| error.to_string())
}

fn ago(written: &str, now: Timestamp) -> Result<Timestamp, String> {
    let span = written.parse::<jiff::Span>().map_err(|_| {
        "it is neither how long ago (`2h`, `3 days`) nor a time (2026-11-25T10:00:00Z)".to_owned()
    })?;
    let ago = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "months and years differ in length: write weeks, days or hours, or a time such as 2026-11-25T10:00:00Z".to_owned())?;
    Ok(now.checked_sub(ago.abs()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Asks, shows how it goes, and prints what came of it.
pub fn run(of: &ResyncOf) -> ExitCode {
    let request = Request::Resync {
        room: of.room.clone(),
        since: of.since.map(|at| at.as_millisecond()),
        batch: of.batch,
    };
    let mut bar: Option<ProgressBar> = None;
    let answered = of.bridge.follow(&request, &mut |step| {
        let Response::Resyncing { since, read, new, at } = step else { return };
        let span = |to: i64| u64::try_from(to - since).unwrap_or(0);
        let bar = bar.get_or_insert_with(|| begin(span(Timestamp::now().as_millisecond())));
        bar.set_position(span(at.unwrap_or(*since)));
        bar.set_message(format!("{read} read, {new} new"));
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match answered {
        Ok(response @ Response::Resynced { .. }) if of.json => print_json(&response),
        Ok(Response::Resynced { read, new }) => {
            sayln!("{}", came_of_it(read, new));
            ExitCode::SUCCESS
        }
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

fn came_of_it(read: u64, new: u64) -> String {
    let messages =
        if read == 1 { "1 message was read".to_owned() } else { format!("{read} messages were read") };
    match new {
        0 => format!("{messages}; nothing of it was new."),
        // Not all of it is carried: what its author or the door holds back stays where it was said.
        1 => format!("{messages}; 1 had not been heard, and goes wherever it may be shown."),
        _ => format!("{messages}; {new} had not been heard, and go wherever they may be shown."),
    }
}

fn begin(milliseconds: u64) -> ProgressBar {
    let bar = ProgressBar::new(milliseconds);
    match ProgressStyle::with_template("{wide_bar} {percent}% {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_or_when() {
        let hours = |count| Timestamp::now() - jiff::SignedDuration::from_hours(count);
        let near = |one: Timestamp, other: Timestamp| one.duration_since(other).abs().as_secs() < 60;
        let read = [
            ("2h", hours(2)),
            ("3 days", hours(72)),
            ("1 week ago", hours(168)),
            ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z".parse().unwrap()),
            ("0001-01-01T00:00:00Z", Timestamp::UNIX_EPOCH),
            ("90000 weeks", Timestamp::UNIX_EPOCH),
            ("1000000 weeks", Timestamp::UNIX_EPOCH),
        ];
        for (written, at) in read {
            assert!(since(written).is_ok_and(|read| near(read, at)), "{written}: {:?}", since(written));
        }
        let wrong = [
            ("200 years", "write weeks, days or hours"),
            ("3 months", "write weeks, days or hours"),
            ("soon", "neither"),
            ("", "neither"),
            ("2999-01-01T00:00:00Z", "still to come"),
        ];
        for (written, why) in wrong {
            assert!(
                since(written).is_err_and(|error| error.contains(why)),
                "{written}: {:?}",
                since(written)
            );
        }
    }
}
