//! `relay alerts`: what needs a person now, and whether the ways work by which admins are told.

use super::{RunningBridge, fail, note, print_json};
use crate::alerts::{Open, Went};
use crate::control::{Request, Response};
use std::process::ExitCode;

/// Arguments of `relay alerts`.
#[derive(Debug, clap::Args)]
pub struct Alerts {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print everything as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show what needs a person now (also without `list`)
    List,
    /// Send a sample to the room, the webhook and the mailbox of [alerts], and say what came of each
    Test,
}

/// Asks, and prints.
pub fn run(of: &Alerts) -> ExitCode {
    let request = match of.what {
        None | Some(What::List) => Request::Alerts,
        Some(What::Test) => Request::AlertsSample,
    };
    match of.bridge.ask(&request) {
        Ok(Response::Alerts(open)) if of.json => print_json(&open),
        Ok(Response::Alerts(open)) => {
            say!("{}", list(&open));
            ExitCode::SUCCESS
        }
        Ok(Response::AlertsSample(went)) => {
            let all = went.iter().all(|way| way.arrived);
            if of.json {
                print_json(&went);
            } else {
                say!("{}", ways(&went));
            }
            if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

fn list(open: &[Open]) -> String {
    let mut out = String::new();
    for one in open {
        let since = jiff::Timestamp::from_millisecond(one.since).unwrap_or_default();
        let told = if one.told { "" } else { ", not told yet" };
        out.push_str(&format!("since {since:.0}{told}\n"));
        note(&format!("{} {}", one.what, one.fix), &mut out);
    }
    if out.is_empty() {
        out.push_str("Nothing needs a person.\n");
    }
    out
}

fn ways(went: &[Went]) -> String {
    went.iter().map(|way| format!("{}: {}\n", way.way, way.what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown() {
        assert_eq!(list(&[]), "Nothing needs a person.\n");
        let open =
            |told| Open { since: 1_700_000_000_000, what: "It is so.".into(), fix: "Do this.".into(), told };
        let shown = list(&[open(true), open(false)]);
        assert_eq!(
            shown,
            "since 2023-11-14T22:13:20Z\n      It is so. Do this.\nsince 2023-11-14T22:13:20Z, not told yet\n      It is so. Do this.\n"
        );
        let went = Went { way: "webhook".into(), arrived: true, what: "it has arrived".into() };
        assert_eq!(ways(&[went]), "webhook: it has arrived\n");
    }
}
