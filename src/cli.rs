//! The command line: one file a command.

mod check;
#[cfg(feature = "demo")]
mod demo;
mod logging;
mod mistakes;
mod run;
mod status;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code for a config file with mistakes, and for a command line that cannot be understood.
const EXIT_MISTAKES: u8 = 2;

/// Joins rooms on different chat platforms, and loses nothing on the way.
#[derive(Debug, Parser)]
#[command(name = "relay", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bridge until it is told to stop (SIGINT, SIGTERM)
    Run(ConfigFile),
    /// Check the config file: all mistakes at once, each with its line and what to write instead
    Check(check::Check),
    /// Show how the running bridge is: accounts, rooms, what waits, what went wrong
    Status(status::StatusOf),
    /// Try Relay in the browser: three pretend platforms inside this process, bridged by the real thing
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
}

/// Which config file.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The config file
    #[arg(long, short, default_value = "bridges.toml", env = "RELAY_CONFIG")]
    config: PathBuf,
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // One TLS provider for all clients; an error only says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Run(file) => run::run(&file.config),
        Command::Check(check) => check::run(&check),
        Command::Status(of) => status::run(&of),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo::run(&demo),
    }
}

/// Says on standard error what went wrong.
fn fail(what: impl std::fmt::Display) -> ExitCode {
    eprintln!("relay: {what}");
    ExitCode::FAILURE
}
