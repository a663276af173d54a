//! `relay status`: how the running bridge is.

use super::{EXIT_MISTAKES, fail, mistakes};
use crate::config::Config;
use crate::control::{self, Request, Response};
use crate::engine::{self, AccountState, LaneState, LinkStatus, Status};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `relay status`.
#[derive(Debug, clap::Args)]
pub struct StatusOf {
    /// The config file, which names the state directory
    #[arg(long, short, default_value = "bridges.toml", env = "RELAY_CONFIG")]
    config: PathBuf,
    /// The state directory, instead of a config file
    #[arg(long, conflicts_with = "config")]
    data_dir: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Asks and prints.
pub fn run(of: &StatusOf) -> ExitCode {
    let data_dir = match &of.data_dir {
        Some(data_dir) => data_dir.clone(),
        None => match Config::data_dir(&of.config) {
            Ok(data_dir) => data_dir,
            Err(found) => {
                eprint!("{}", mistakes::show(&found));
                return ExitCode::from(EXIT_MISTAKES);
            }
        },
    };
    let asked = engine::block_on_without_actors(control::ask(&data_dir, &Request::Status));
    match asked {
        Ok(Response::Status(status)) if of.json => match serde_json::to_string_pretty(&status) {
            Ok(json) => {
                println!("{json}");
                ExitCode::SUCCESS
            }
            Err(error) => fail(error),
        },
        Ok(Response::Status(status)) => {
            print!("{}", table(&status));
            ExitCode::SUCCESS
        }
        Ok(Response::Error(error)) => fail(error),
        Err(error) => fail(error),
    }
}

fn table(status: &Status) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_table(status, &mut out);
    out
}

fn write_table(status: &Status, out: &mut String) -> std::fmt::Result {
    writeln!(out, "Relay {}\n\nAccounts", status.version)?;
    for account in &status.accounts {
        let how = match &account.state {
            AccountState::Up => "connected".to_owned(),
            AccountState::Starting => "checking its credential".into(),
            AccountState::Interrupted { reason } => format!("not connected, trying: {reason}"),
            AccountState::Parked { problem } => format!("PARKED: {problem}"),
        };
        writeln!(out, "  {:<16} {:<10} {how}", account.name, account.platform)?;
        if let Some(missed) = &account.missed {
            writeln!(out, "      missed: {}", missed.what)?;
        }
    }
    for channel in &status.channels {
        writeln!(out, "\nChannel {}", channel.name)?;
        for link in &channel.links {
            write_link(link, out)?;
        }
    }
    let happened: Vec<_> = status.counters.iter().filter(|(_, count)| **count > 0).collect();
    if !happened.is_empty() {
        writeln!(out, "\nSince the start")?;
        for (name, count) in happened {
            writeln!(out, "  {:<16} {count}", name.replace('_', " "))?;
        }
    }
    if !status.dead_letters.is_empty() {
        writeln!(out, "\nGiven up")?;
        for letter in &status.dead_letters {
            writeln!(out, "  {} into {}: {}", letter.envelope, letter.room, letter.reason)?;
        }
    }
    Ok(())
}

fn write_link(link: &LinkStatus, out: &mut String) -> std::fmt::Result {
    let direction = match link.direction.as_str() {
        "in" => ", only from this room",
        "out" => ", only into this room",
        _ => "",
    };
    let name = match (&link.space, &link.name) {
        (Some(space), Some(name)) if space != name => format!("{space} / {name}"),
        (_, Some(name)) => name.clone(),
        _ => link.room.clone(),
    };
    let how = match &link.lane {
        Some(LaneState::Idle) => "ready".to_owned(),
        Some(LaneState::Busy) => "delivering".into(),
        Some(LaneState::Held) => "held by a rate limit".into(),
        Some(LaneState::Waiting) => "waiting for its account".into(),
        Some(LaneState::Retrying { reason }) => format!("trying again: {reason}"),
        Some(LaneState::Parked { problem }) => format!("PARKED: {problem}"),
        None => "not found yet".into(),
    };
    write!(out, "  {:<16} {name:<32} {how}{direction}", link.account)?;
    if link.queued > 0 {
        write!(out, ", {} waiting", link.queued)?;
    }
    if link.dead > 0 {
        write!(out, ", {} given up", link.dead)?;
    }
    writeln!(out)?;
    for problem in &link.problems {
        writeln!(out, "      {problem}")?;
    }
    Ok(())
}
