//! Starts the stand-ins as a process of their own and prints where they are.

use clap::Parser;
use serde_json::json;

use stand_ins::control::urls;
use stand_ins::world::World;
use stand_ins::{StandIns, StartError};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Discord, Slack and Telegram on loopback, with people and faults on demand.
///
/// Prints one line of JSON with the URLs and runs until it is interrupted or terminated. Logs go to standard error (RUST_LOG).
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// World file (TOML): which guilds, workspaces, chats, people and bots exist. Left out: a small built-in world
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Port of the control server on 127.0.0.1; 0 lets the system choose one
    #[arg(long, value_name = "N", default_value_t = 0)]
    control_port: u16,
}

/// Exit code for a world file that cannot be used.
const BAD_WORLD: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let world = match arguments.world {
        None => World::demo(),
        Some(path) => match World::read(&path) {
            Ok(world) => world,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(BAD_WORLD);
            }
        },
    };
    let stand_ins = match stand_ins::start_on(world, arguments.control_port).await {
        Ok(stand_ins) => stand_ins,
        Err(error) => {
            eprintln!("cannot start: {error}");
            let bad_world = match &error {
                StartError::World(_) => true,
                StartError::Server(_, error) => error.kind() == std::io::ErrorKind::InvalidInput,
            };
            return if bad_world { ExitCode::from(BAD_WORLD) } else { ExitCode::FAILURE };
        }
    };
    match announce_and_wait(&stand_ins).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot go on: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn announce_and_wait(stand_ins: &StandIns) -> std::io::Result<()> {
    // Before the line is printed, so that whoever reads it may end this process at once.
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let line = json!({
        "control": stand_ins.control_url,
        "discord": urls(stand_ins.discord.as_ref()),
        "slack": urls(stand_ins.slack.as_ref()),
        "telegram": urls(stand_ins.telegram.as_ref()),
    });
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    stand_ins.stop();
    Ok(())
}
