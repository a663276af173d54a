//! `relay plan` and `relay reload`: what a changed config leads to, told beforehand and done.

use super::{EXIT_MISTAKES, RunningBridge, fail, mistakes, print_json};
use crate::config::Config;
use crate::config::plan::{Does, Plan};
use crate::control::{self, AskError, Request, Response};
use crate::engine::{self, AccountState};
use crate::reload::Outcome;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Exit code of `relay plan` when something would change.
const EXIT_CHANGES: u8 = 3;
/// Exit code when only a restart takes what has changed.
const EXIT_RESTART: u8 = 4;
/// Exit code when it is in force, and an account of it waits for somebody.
const EXIT_WAITS: u8 = 5;
/// Longest wait for the accounts that have begun, and between two looks.
const BEGINS: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(250);
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
                Outcome::Done(plan) => return in_force(of, plan),
                _ => {}
            }
            tell(of, outcome, false)
        }
        Ok(_) => fail(OTHER_VERSION),
        Err(code) => code,
    }
}

/// What was changed, and which accounts of it do not work.
fn in_force(of: &Planned, plan: &Plan) -> ExitCode {
    if !of.json {
        sayln!("In force now:\n");
        say!("{plan}");
    }
    let waiting = waiting(of, plan);
    if of.json {
        let waiting: Vec<_> = waiting
            .iter()
            .map(|(account, why)| serde_json::json!({ "account": account, "problem": why }))
            .collect();
        print_json(&serde_json::json!({
            "running": true, "steps": plan.steps, "restart": plan.restart, "waiting": waiting,
            "given_up": plan.waited,
        }));
    } else {
        for (account, why) in &waiting {
            sayln!("\nThe account {account} waits for you: {why}");
        }
    }
    ExitCode::from(if waiting.is_empty() { 0 } else { EXIT_WAITS })
}

/// The accounts that have begun and wait for somebody, each with why.
fn waiting(of: &Planned, plan: &Plan) -> Vec<(String, String)> {
    let begun = plan.steps.iter().filter(|step| step.does != Does::Stop);
    let begun: Vec<&str> = begun
        .filter_map(|step| step.what.strip_prefix("account "))
        .map(|account| account.split_once(" (").map_or(account, |(name, _)| name))
        .collect();
    let until = Instant::now() + BEGINS;
    while !begun.is_empty() {
        let Ok(Response::Status(status)) = of.bridge.ask(&Request::Status) else { break };
        let of_begun = || status.accounts.iter().filter(|account| begun.contains(&account.name.as_str()));
        let starting = of_begun().any(|account| account.state == AccountState::Starting);
        if !starting || Instant::now() > until {
            let waits = of_begun().filter_map(|account| match &account.state {
                AccountState::Parked { problem } => Some((account.name.clone(), problem.to_string())),
                _ => None,
            });
            return waits.collect();
        }
        std::thread::sleep(LOOK);
    }
    Vec::new()
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
