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
    if let Ok(at) = written.parse::<Timestamp>() {
        return Ok(at);
    }
    let ago = written.parse::<jiff::Span>().map_err(|_| {
        "it is neither how long ago (`2h`, `3 days`) nor a time (2026-11-25T10:00:00Z)".to_owned()
    })?;
    let ago = ago.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|error| error.to_string())?;
    (Timestamp::now() - ago.abs()).round(jiff::Unit::Millisecond).map_err(|error| error.to_string())
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
        1 => format!("{messages}; 1 had not been heard, and is on its way."),
        _ => format!("{messages}; {new} had not been heard, and are on their way."),
    }
}

fn begin(milliseconds: u64) -> ProgressBar {
    let bar = ProgressBar::new(milliseconds);
    match ProgressStyle::with_template("{wide_bar} {percent}% {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
