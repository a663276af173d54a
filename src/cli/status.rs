//! `relay status`: how the running bridge is.

use super::queue::{why, word};
use super::{RunningBridge, fail, note, print_json};
use crate::control::{Request, Response};
use crate::engine::{AccountState, LaneState, LinkStatus, Status};
use crate::observe;
use crate::routing::{Connect, Direction};
use crate::sizes;
use relay_contract::Timestamp;
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `relay status`.
#[derive(Debug, clap::Args)]
pub struct StatusOf {
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Asks and prints.
pub fn run(of: &StatusOf) -> ExitCode {
    match of.bridge.ask(&Request::Status) {
        Ok(Response::Status(status)) if of.json => print_json(&status),
        Ok(Response::Status(status)) => {
            say!("{}", table(&status));
            ExitCode::SUCCESS
        }
        Ok(_) => fail("the running relay answered something else: is it of another version?"),
        Err(code) => code,
    }
}

fn table(status: &Status) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_table(status, &mut out);
    out
}

fn write_table(status: &Status, out: &mut String) -> std::fmt::Result {
    writeln!(out, "Relay {}\n", status.version)?;
    if status.disk.full {
        let least = status.disk.least_free;
        let [free, enough] = [status.disk.free, least.saturating_add(least / 10)].map(sizes::in_words);
        writeln!(out, "THE DISK IS FULL: {free} are free. Nothing is accepted until it is {enough};")?;
        writeln!(out, "then it goes on by itself (`least_free` in [relay]).\n")?;
    }
    if let Some(refused) = &status.config.refused {
        writeln!(
            out,
            "THE CONFIG WAS CHANGED AND IS NOT TAKEN: all goes on as it was at {}.",
            when(status.config.loaded)
        )?;
        note(&refused.why, out);
        writeln!(out)?;
    } else if status.config.loaded > 0 {
        writeln!(out, "Config: {}, read at {}\n", status.config.file, when(status.config.loaded))?;
    }
    writeln!(out, "Accounts")?;
    for account in &status.accounts {
        let how = match &account.state {
            AccountState::Up => "up".to_owned(),
            AccountState::Starting => "starting: its credential is being checked".into(),
            AccountState::Interrupted { reason } => format!("interrupted, trying again: {reason}"),
            AccountState::Parked { .. } => "parked; it is tried again by itself".into(),
        };
        writeln!(out, "  {:<16} {:<10} {how}", account.name, account.platform)?;
        if account.paused.is_some() {
            note("paused: its deliveries are held until `relay queue resume`", out);
        }
        if let AccountState::Parked { problem } = &account.state {
            note(&problem.to_string(), out);
        }
        for warning in &account.warnings {
            note(warning, out);
        }
        if account.catching_up > 0 {
            let rooms = if account.catching_up == 1 { "room" } else { "rooms" };
            note(&format!("reading what was said meanwhile: {} {rooms} left", account.catching_up), out);
        }
        if let Some(missed) = &account.missed {
            note(&format!("missed: {}", missed.what), out);
        }
    }
    for channel in &status.channels {
        let open = match channel.connect {
            Connect::Open => " (any room may join)",
            Connect::Ask => "",
            Connect::Closed => " (closed to newcomers)",
        };
        writeln!(out, "\nChannel {}{open}", channel.name)?;
        for link in &channel.links {
            write_link(link, out)?;
        }
        for link in &channel.disconnected {
            writeln!(
                out,
                "  {:<16} {:<32} disconnected, though it is in the config",
                link.account,
                name(link)
            )?;
        }
        for owners in &channel.owners {
            let shown = owners.name.as_ref().unwrap_or(&owners.link);
            let how = if owners.problems.is_empty() { "owners' room" } else { "owners' room, not usable" };
            writeln!(out, "  {:<16} {shown:<32} {how}", "")?;
            owners.problems.iter().for_each(|problem| note(problem, out));
        }
    }
    if !status.held.is_empty() {
        writeln!(out, "\nHeld at the door: more than one person's budget (`flood` in [relay])")?;
        for held in &status.held {
            writeln!(
                out,
                "  {} in {}: {} wait",
                held.sender,
                held.name.as_ref().unwrap_or(&held.room),
                held.held
            )?;
        }
    }
    let happened: Vec<_> = status.counters.iter().filter(|(_, count)| **count > 0).collect();
    if !happened.is_empty() {
        writeln!(out, "\nSince the start")?;
        for (name, count) in happened {
            writeln!(out, "  {name:<14} {count:>9}  {}", observe::in_words(name))?;
        }
    }
    if !status.dead_letters.is_empty() {
        writeln!(out, "\nGiven up (the newest; `relay queue` counts all)")?;
        for letter in &status.dead_letters {
            let room = letter.link.as_ref().unwrap_or(&letter.room);
            writeln!(out, "  {}  {room}", letter.envelope)?;
            note(&letter.reason, out);
        }
        let room = status.dead_letters.last().and_then(|letter| letter.link.as_deref());
        if let Some(room) = room {
            writeln!(
                out,
                "\nrelay queue show \"{room}\" tells what they said; relay queue retry sends them."
            )?;
        }
    }
    Ok(())
}

fn when(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| "?".into(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn name(link: &LinkStatus) -> String {
    match (&link.space, &link.name) {
        (Some(space), Some(name)) if space != name => format!("{space}/{name}"),
        (_, Some(name)) => name.clone(),
        _ => link.room.clone(),
    }
}

fn write_link(link: &LinkStatus, out: &mut String) -> std::fmt::Result {
    let direction = match link.direction {
        Direction::In => ", only from this room",
        Direction::Out => ", only into this room",
        Direction::Both => "",
    };
    let now = Timestamp::now().0;
    let how = match &link.lane {
        Some(lane) => word(lane),
        None => "not found yet",
    };
    write!(out, "  {:<16} {:<32} {how}{direction}", link.account, name(link))?;
    if link.joined {
        write!(out, ", joined in the chat")?;
    }
    if let Some(template) = &link.template {
        write!(out, ", people are called {template} (set in the chat)")?;
    }
    if link.queued > 0 {
        write!(out, ", {} waiting", link.queued)?;
    }
    if link.dead > 0 {
        write!(out, ", {} given up", link.dead)?;
    }
    if link.purged > 0 {
        write!(out, ", {} taken back by a purge", link.purged)?;
    }
    writeln!(out)?;
    if let Some(why) = link.lane.as_ref().and_then(|lane| why(lane, now)) {
        note(&why, out);
    }
    let parked = match &link.lane {
        Some(LaneState::Parked { problem }) => Some(problem.to_string()),
        _ => None,
    };
    let others = link.problems.iter().filter(|problem| Some(*problem) != parked.as_ref());
    others.for_each(|problem| note(problem, out));
    Ok(())
}
