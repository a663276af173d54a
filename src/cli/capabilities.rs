//! `relay capabilities`: what carries over into each room and out of it.

use super::{fail, print_json};
use crate::config::Config;
use crate::control::{self, AskError, Request, Response};
use crate::engine;
use crate::matrix::{self, Column};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `relay capabilities`.
#[derive(Debug, clap::Args)]
pub struct CapabilitiesOf {
    /// Only this channel, or this room as `links` names it
    of: Option<String>,
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

/// Asks the running Relay about its rooms; where none runs, shows what each platform can at best.
pub fn run(args: &CapabilitiesOf) -> ExitCode {
    let columns = match columns(args) {
        Ok(columns) => columns,
        Err(why) => return fail(why),
    };
    if args.json {
        return print_json(&columns);
    }
    say!("{}", matrix::text(&columns));
    ExitCode::SUCCESS
}

fn columns(args: &CapabilitiesOf) -> Result<Vec<Column>, String> {
    let data_dir = match &args.data_dir {
        Some(data_dir) => Some(data_dir.clone()),
        // Without a config there is no Relay to ask, and the platforms' own table is still worth showing.
        None => Config::data_dir(&args.config).ok(),
    };
    let asked = data_dir.map(|data_dir| {
        let request = Request::Capabilities { of: args.of.clone() };
        engine::block_on_without_actors(control::ask(&data_dir, &request))
    });
    match (asked, &args.of) {
        (Some(Ok(Response::Capabilities(columns))), None) if columns.is_empty() => Ok(matrix::of_platforms()),
        (Some(Ok(Response::Capabilities(columns))), Some(of)) if columns.is_empty() => {
            Err(format!("no channel and no linked room is called `{of}`; relay status lists them"))
        }
        (Some(Ok(Response::Capabilities(columns))), _) => Ok(columns),
        (Some(Ok(Response::Error(error))), _) => Err(error),
        (Some(Ok(_)), _) => {
            Err("the running relay answered something else: is it of another version?".into())
        }
        (Some(Err(AskError::NotRunning(_))) | None, None) => Ok(matrix::of_platforms()),
        (Some(Err(AskError::NotRunning(_))) | None, Some(of)) => of_platform(of),
        (Some(Err(error)), _) => Err(error.to_string()),
    }
}

/// Without a running Relay, a platform's name can be asked about too.
fn of_platform(of: &str) -> Result<Vec<Column>, String> {
    let mut columns = matrix::of_platforms();
    columns.retain(|column| column.platform.eq_ignore_ascii_case(of));
    match columns.is_empty() {
        true => Err(format!(
            "no relay runs here that could tell of `{of}`. Start it with `relay run`, or ask about a platform"
        )),
        false => Ok(columns),
    }
}
