//! `relay rooms`: what each account sees, and what to write into `links`.

use super::{EXIT_MISTAKES, RunningBridge, fail, mistakes, note, print_json};
use crate::commands::{self, AccountRooms, RoomLine};
use crate::config::Config;
use crate::control::{self, AskError, Request, Response};
use crate::engine;
use relay_contract::Visibility;
use std::fmt::Write;
use std::process::ExitCode;

/// Arguments of `relay rooms`.
#[derive(Debug, clap::Args)]
pub struct Rooms {
    #[command(flatten)]
    bridge: RunningBridge,
    /// Only this account
    #[arg(long)]
    account: Option<String>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Asks the running bridge; where none runs, the platforms.
pub fn run(of: &Rooms) -> ExitCode {
    let data_dir = match of.bridge.data_dir() {
        Ok(data_dir) => data_dir,
        Err(code) => return code,
    };
    let mut rooms = match engine::block_on_without_actors(control::ask(&data_dir, &Request::Rooms)) {
        Ok(Response::Rooms(rooms)) => rooms,
        Ok(Response::Error(error)) => return fail(error),
        Ok(_) => return fail("the running relay answered something else: is it of another version?"),
        Err(AskError::NotRunning(_)) if of.bridge.data_dir.is_none() => match Config::load(&of.bridge.config)
        {
            Ok(config) => engine::block_on_without_actors(commands::of_config(&config)),
            Err(found) => {
                eprint!("{}", mistakes::show(&found));
                return ExitCode::from(EXIT_MISTAKES);
            }
        },
        Err(error) => return fail(error),
    };
    if let Some(account) = &of.account {
        rooms.retain(|rooms| rooms.account == *account);
        if rooms.is_empty() {
            return fail(format_args!("there is no account `{account}`"));
        }
    }
    if of.json {
        return print_json(&rooms);
    }
    say!("{}", table(&rooms));
    ExitCode::SUCCESS
}

fn table(accounts: &[AccountRooms]) -> String {
    let mut out = String::new();
    for account in accounts {
        // Writing into a String cannot fail.
        let _ = write_account(account, &mut out);
    }
    out
}

fn write_account(account: &AccountRooms, out: &mut String) -> std::fmt::Result {
    if !out.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{} ({})", account.account, account.platform)?;
    account.problem.iter().chain(&account.warnings).for_each(|problem| note(problem, out));
    let width = account.rooms.iter().map(|room| room.link.chars().count() + 2).max().unwrap_or(0).min(60);
    for room in &account.rooms {
        write_room(room, width, out)?;
    }
    if account.problem.is_none() && account.complete && account.rooms.is_empty() {
        note(
            "It is in no room and in no space. Invite the bot first: README.md, “Real tokens in five minutes”.",
            out,
        );
    }
    if account.problem.is_none() && !account.complete {
        let only =
            if account.rooms.is_empty() { "No room was seen yet" } else { "Only rooms that were seen" };
        let why = "this platform tells a bot of a room when something happens there. Add the bot, write something in the room \
                   while relay runs, and ask again.";
        note(&format!("{only}: {why}"), out);
    }
    Ok(())
}

fn write_room(room: &RoomLine, width: usize, out: &mut String) -> std::fmt::Result {
    let readers = match room.visibility {
        Visibility::Private => "read by invitation",
        Visibility::Space => "read by its space",
        Visibility::World => "read by anybody",
    };
    let people = room.members.map_or_else(String::new, |members| match members {
        1 => ", 1 member".to_owned(),
        members => format!(", {members} members"),
    });
    let link = format!("\"{}\"", room.link);
    let named = if room.link.ends_with(&room.name) {
        String::new()
    } else {
        format!("{}/{}, ", room.space, room.name)
    };
    write!(out, "  {link:<width$}  {named}{readers}{people}")?;
    if !room.channels.is_empty() {
        write!(out, ", in {}", room.channels.join(", "))?;
    }
    writeln!(out)?;
    room.problem.iter().chain(&room.warnings).for_each(|problem| note(problem, out));
    Ok(())
}
