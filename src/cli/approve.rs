//! `relay approve`: lets a room in that asked to join, or a link go on whose room more people can read now.

use super::{RunningBridge, fail};
use crate::control::{Request, Response};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Arguments of `relay approve`.
#[derive(Debug, clap::Args)]
pub struct Approve {
    /// The code that whoever asked was given; or ACCOUNT:ROOM of a link that is parked since more people can read its room
    what: String,
    #[command(flatten)]
    bridge: RunningBridge,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
}

/// Shows who it is, asks, and does it.
pub fn run(approve: &Approve) -> ExitCode {
    let ask = |sure| approve.bridge.ask(&Request::Approve { what: approve.what.clone(), sure });
    if !approve.yes {
        match ask(false) {
            Ok(Response::Shown(words)) => sayln!("{words}"),
            Ok(_) => return other(),
            Err(code) => return code,
        }
        if !std::io::stdin().is_terminal() {
            return fail("nothing was done: run it again with --yes to let it in");
        }
        if !is_meant() {
            sayln!("Nothing was done.");
            return ExitCode::SUCCESS;
        }
    }
    match ask(true) {
        Ok(Response::Done(words)) => {
            sayln!("{words}");
            ExitCode::SUCCESS
        }
        Ok(_) => other(),
        Err(code) => code,
    }
}

fn is_meant() -> bool {
    let mut out = std::io::stdout();
    // A terminal that is gone answers nothing either.
    let _ = write!(out, "Let it in? [y/N] ").and_then(|()| out.flush());
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

fn other() -> ExitCode {
    fail("the running relay answered something else: is it of another version?")
}
