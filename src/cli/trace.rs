//! `relay trace`: what became of a message in every room.

use super::queue::{why, word};
use super::{RunningBridge, fail, note, print_json};
use crate::commands::became;
use crate::control::{Request, Response};
use crate::engine::{Trace, TracedRoom};
use crate::spans;
use crate::texts::Language;
use relay_contract::Timestamp;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `relay trace`.
#[derive(Debug, clap::Args)]
pub struct TraceOf {
    /// A message: its id on its platform, a link to it, or the id of an envelope from the log
    #[arg(allow_hyphen_values = true)]
    message: String,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Asks and prints.
pub fn run(of: &TraceOf) -> ExitCode {
    match of.bridge.ask(&Request::Trace { message: of.message.clone() }) {
        Ok(Response::Traces(traces)) if of.json => print_json(&traces),
        Ok(Response::Traces(traces)) => {
            let shown: Vec<String> = traces.iter().map(shown).collect();
            say!("{}", shown.join("\n"));
            ExitCode::SUCCESS
        }
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

fn shown(trace: &Trace) -> String {
    let who = trace.who.as_ref().map_or_else(String::new, |who| format!(" ({who})"));
    let by = trace.author.as_ref().map_or_else(String::new, |author| format!(" by {author}{who}"));
    let at = jiff::Timestamp::from_millisecond(trace.at)
        .map_or_else(|_| String::new(), |at| format!(", {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
    let changed = trace.changed.as_ref().map_or_else(String::new, |what| format!(", last change: {what}"));
    let mut out = format!("{}{by}{at}{changed}, envelope {}\n", trace.kind, trace.envelope);
    room(trace, &trace.origin, &mut out);
    note(&accepted(trace), &mut out);
    for there in &trace.rooms {
        room(trace, there, &mut out);
    }
    if let Some(since) = trace.held {
        let since = took(Timestamp::now().0.saturating_sub(since));
        note(
            &format!(
                "It is held at the door since {since}: its author says more than their budget (`flood`). It goes on by itself, in its order."
            ),
            &mut out,
        );
    } else if trace.rooms.is_empty() {
        note(
            "It has gone to no other room: no other was linked, or it was left out by a rule. The log says more.",
            &mut out,
        );
    }
    out
}

/// When Relay had it, counted from when it was written.
fn accepted(trace: &Trace) -> String {
    match trace.accepted - trace.at {
        // Clocks differ; and some platforms count in seconds.
        later if trace.at <= 0 || later < 0 => "accepted, by a clock that is behind the platform's".into(),
        later => format!("accepted {} after it was written", took(later)),
    }
}

/// Its hops, each with the time from the one before.
fn hops(trace: &Trace, of: &TracedRoom) -> Option<String> {
    let mut hops = Vec::new();
    if let Some(queued) = of.queued {
        hops.push(format!("in the lane {} after it was accepted", took(queued - trace.accepted)));
    }
    if let Some(delivered) = of.delivered {
        let from = of.queued.unwrap_or(trace.accepted);
        let failed = match of.failed_attempts {
            0 => String::new(),
            1 => ", after 1 failed attempt".to_owned(),
            count => format!(", after {count} failed attempts"),
        };
        let edited = if of.edited { ", as it was edited" } else { "" };
        hops.push(format!("delivered {} later{failed}{edited}", took(delivered - from)));
    }
    if let Some(changed) = of.changed {
        let from = of.delivered.unwrap_or(trace.accepted);
        hops.push(format!("last changed {} after that", took(changed - from)));
    }
    if let Some(lane) = &of.lane {
        let why = why(lane, Timestamp::now().0).map_or_else(String::new, |why| format!(" ({why})"));
        hops.push(format!("the room's lane is {}{why}", word(lane)));
    }
    let next = of.next_try.map(|at| at - Timestamp::now().0).filter(|left| *left > 0);
    hops.extend(next.map(|left| format!("looked at again in {}", took(left))));
    (!hops.is_empty()).then(|| hops.join("; "))
}

fn took(ms: i64) -> String {
    spans::short(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

fn room(trace: &Trace, of: &TracedRoom, out: &mut String) {
    let place = match (&of.account, &of.name) {
        (Some(account), Some(name)) => format!("{account}:{name}"),
        _ => of.room.clone(),
    };
    out.push_str(&format!("  {place}: {}\n", became(Language::English, of)));
    if let Some(hops) = hops(trace, of) {
        note(&hops, out);
    }
    if !of.messages.is_empty() {
        let link = of.link.as_ref().map_or_else(String::new, |link| format!("  {link}"));
        out.push_str(&format!("      {}{link}\n", of.messages.join(", ")));
    }
}
