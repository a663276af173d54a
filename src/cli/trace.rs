//! `relay trace`: what became of a message in every room.

use super::{RunningBridge, fail, note, print_json};
use crate::commands::became;
use crate::control::{Request, Response};
use crate::engine::{Trace, TracedRoom};
use std::process::ExitCode;

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
            print!("{}", shown.join("\n"));
            ExitCode::SUCCESS
        }
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

fn shown(trace: &Trace) -> String {
    let by = trace.author.as_ref().map_or_else(String::new, |author| format!(" by {author}"));
    let at = jiff::Timestamp::from_millisecond(trace.at)
        .map_or_else(|_| String::new(), |at| format!(", {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
    let changed = trace.changed.as_ref().map_or_else(String::new, |what| format!(", last change: {what}"));
    let mut out = format!("{}{by}{at}{changed}, envelope {}\n", trace.kind, trace.envelope);
    room(&trace.origin, &mut out);
    for there in &trace.rooms {
        room(there, &mut out);
    }
    if trace.rooms.is_empty() {
        note(
            "It has gone to no other room: no other was linked, or it was left out by a rule. The log says more.",
            &mut out,
        );
    }
    out
}

fn room(of: &TracedRoom, out: &mut String) {
    let place = match (&of.account, &of.name) {
        (Some(account), Some(name)) => format!("{account}:{name}"),
        _ => of.room.clone(),
    };
    out.push_str(&format!("  {place}: {}\n", became(of)));
    if !of.messages.is_empty() {
        let link = of.link.as_ref().map_or_else(String::new, |link| format!("  {link}"));
        out.push_str(&format!("      {}{link}\n", of.messages.join(", ")));
    }
}
