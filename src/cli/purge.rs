//! `relay purge`: what somebody said lately goes.

use super::{RunningBridge, fail, print_json};
use crate::control::{Request, Response};
use crate::engine::{Purged, Whose};
use crate::spans;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Arguments of `relay purge`.
#[derive(Debug, clap::Args)]
pub struct Purge {
    /// Whose messages: PLATFORM:USERID, or with --room the name that people see there
    author: String,
    /// Only what was said in this room: ACCOUNT:ROOM as in `links`, by name or id
    #[arg(long)]
    room: Option<String>,
    /// Only what was said in this time, such as "3 days", whether it is held at the door or has gone on
    #[arg(long, default_value = "24 hours", value_parser = seconds)]
    since: u64,
    /// Only show what it comes to
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
    /// Print the counts as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bridge: RunningBridge,
}

fn seconds(written: &str) -> Result<u64, String> {
    let span = spans::read(written).filter(|span| span.as_secs() > 0);
    span.map(|span| span.as_secs())
        .ok_or_else(|| "write how long, such as \"24 hours\" or \"3 days\"".to_owned())
}

/// Shows what it comes to, asks, and does it.
pub fn run(purge: &Purge) -> ExitCode {
    let ask = |dry| {
        let whose = Whose { author: purge.author.clone(), room: purge.room.clone(), within: purge.since };
        purge.bridge.ask(&Request::Purge { whose, dry })
    };
    let show = |purged: &Purged| match purge.json {
        true => print_json(purged),
        false => {
            say!("{}", in_words(purged));
            ExitCode::SUCCESS
        }
    };
    if !purge.yes {
        let would = match ask(true) {
            Ok(Response::Purged(would)) => would,
            Ok(_) => return other(),
            Err(code) => return code,
        };
        if purge.dry_run {
            return show(&would);
        }
        say!("{}", in_words(&would));
        if !std::io::stdin().is_terminal() {
            return fail("nothing was done: run it again with --yes to have them gone");
        }
        if !is_meant() {
            sayln!("Nothing was done.");
            return ExitCode::SUCCESS;
        }
    }
    match ask(false) {
        Ok(Response::Purged(purged)) => show(&purged),
        Ok(_) => other(),
        Err(code) => code,
    }
}

fn is_meant() -> bool {
    let mut out = std::io::stdout();
    // A terminal that is gone answers nothing either.
    let _ = write!(out, "Have them gone? [y/N] ").and_then(|()| out.flush());
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

fn other() -> ExitCode {
    fail("the running relay answered something else: is it of another version?")
}

fn in_words(purged: &Purged) -> String {
    let Purged { author, messages, held, waiting, delivered, done } = purged;
    let (are, gone) = if *done { ("are being", "") } else { ("would be", " Nothing was done yet.") };
    format!(
        "{author}: {messages} message(s) in that time, and {held} held at the door.\n{delivered} copies {are} deleted, {waiting} deliveries \
         {are} cancelled, {held} held {are} dropped.{gone}\nWhat was written stays in the room where it was written.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago() {
        let cases = [("90s", Some(90)), ("5m", Some(300)), ("24h", Some(86_400)), ("1 week", Some(604_800))];
        let wrong = ["0h", "h", "24", "-1h", "99999999999999999999d"].map(|written| (written, None));
        for (written, expected) in cases.into_iter().chain(wrong) {
            assert_eq!(seconds(written).ok(), expected, "{written}");
        }
    }

    #[test]
    fn counts_in_words() {
        let purged = Purged {
            author: "Ada (slack:U1)".into(),
            messages: 3,
            held: 2,
            waiting: 4,
            delivered: 5,
            done: true,
        };
        assert!(in_words(&purged).contains("5 copies are being deleted, 4 deliveries are being cancelled"));
        assert!(in_words(&Purged { done: false, ..purged }).contains("dropped. Nothing was done yet.\n"));
    }
}
