//! `relay plan` and `relay reload`: what a changed config leads to, told beforehand and done.

use super::{EXIT_MISTAKES, RunningBridge, fail, mistakes, print_json};
use crate::config::Config;
use crate::config::plan::Plan;
use crate::control::{self, AskError, Request, Response};
use crate::engine;
use crate::reload::Outcome;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code of `relay plan` when something would change.
const EXIT_CHANGES: u8 = 3;
/// Exit code when only a restart takes what has changed.
const EXIT_RESTART: u8 = 4;
const OTHER_VERSION: &str = "the running relay answered something else: is it of another version?";

/// Arguments of both.
#[derive(Debug, clap::Args)]
pub struct Planned {
    #[command(flatten)]
    bridge: RunningBridge,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Tells what would change.
pub fn plan(of: &Planned) -> ExitCode {
    let data_dir = match of.bridge.data_dir() {
        Ok(data_dir) => data_dir,
        Err(code) => return code,
    };
    // It may run in another folder.
    let config = of.bridge.data_dir.is_none().then(|| full(&of.bridge.config));
    let request = Request::Plan { config };
    match engine::block_on_without_actors(control::ask(&data_dir, &request)) {
        Ok(Response::Reload(outcome)) => {
            if !of.json && outcome == Outcome::Nothing {
                sayln!("Nothing changes: the running relay does what the config says.");
            }
            tell(of, outcome, true)
        }
        Ok(Response::Error(error)) => fail(error),
        Ok(_) => fail(OTHER_VERSION),
        Err(AskError::NotRunning(_)) if of.bridge.data_dir.is_none() => not_running(of),
        Err(error) => fail(error),
    }
}

/// What would start.
fn not_running(of: &Planned) -> ExitCode {
    match Config::load(&of.bridge.config) {
        Ok(config) => {
            let plan = Plan::start(&config);
            if of.json {
                sayln!("{}", serde_json::json!({ "running": false, "steps": plan.steps, "restart": [] }));
            } else {
                sayln!("No relay runs with this config. `relay run` would start:\n\n{plan}");
            }
            ExitCode::from(if plan.is_empty() { 0 } else { EXIT_CHANGES })
        }
        Err(found) if of.json => wrong(&found),
        Err(found) => {
            eprint!("{}", mistakes::show(&found));
            ExitCode::from(EXIT_MISTAKES)
        }
    }
}

/// Has the config read anew, and tells what was changed.
pub fn reload(of: &Planned) -> ExitCode {
    match of.bridge.ask(&Request::Reload) {
        Ok(Response::Reload(outcome)) => {
            match &outcome {
                Outcome::Nothing if !of.json => sayln!("Nothing has changed."),
                Outcome::Done(_) if !of.json => sayln!("In force now:\n"),
                _ => {}
            }
            tell(of, outcome, false)
        }
        Ok(_) => fail(OTHER_VERSION),
        Err(code) => code,
    }
}

fn tell(of: &Planned, outcome: Outcome, before: bool) -> ExitCode {
    let json = |plan: &Plan| {
        print_json(&serde_json::json!({ "running": true, "steps": plan.steps, "restart": plan.restart }));
    };
    match outcome {
        Outcome::Nothing => {
            if of.json {
                json(&Plan::default());
            }
            ExitCode::SUCCESS
        }
        Outcome::Done(plan) => {
            if of.json {
                json(&plan)
            } else {
                say!("{plan}")
            }
            ExitCode::from(if before { EXIT_CHANGES } else { 0 })
        }
        Outcome::Restart(plan) => {
            if of.json {
                json(&plan)
            } else {
                say!("{plan}")
            }
            eprintln!(
                "relay: only a restart takes what is marked with `!`; until then nothing of it is done"
            );
            ExitCode::from(EXIT_RESTART)
        }
        Outcome::Mistakes(found) => {
            let found = found.into();
            if of.json {
                return wrong(&found);
            }
            eprint!("{}", mistakes::show_where(&found, "all goes on as before"));
            ExitCode::from(EXIT_MISTAKES)
        }
        Outcome::Failed(why) => fail(why),
    }
}

fn wrong(found: &crate::config::Mistakes) -> ExitCode {
    sayln!("{}", serde_json::json!({ "file": found.path, "mistakes": found.mistakes }));
    ExitCode::from(EXIT_MISTAKES)
}

fn full(config: &std::path::Path) -> PathBuf {
    std::path::absolute(config).unwrap_or_else(|_| config.to_owned())
}
