//! `relay run`: everything, until it is told to stop.

use super::{EXIT_MISTAKES, fail, logging, mistakes, notify};
use crate::config::Config;
use crate::engine;
use crate::service::{Service, ServiceError};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

const STOPPING: &str = "stopping: what is due is delivered, the rest goes on at the next start";
const LEDGER_FAILED: &str = "stopping: the ledger cannot be written";

/// Runs the bridge.
pub fn run(path: &Path) -> ExitCode {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(found) => {
            eprint!("{}", mistakes::show(&found));
            return ExitCode::from(EXIT_MISTAKES);
        }
    };
    logging::start("info");
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    match engine::block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error),
    }
}

async fn serve(config: Config) -> Result<(), ServiceError> {
    // From the start: unhandled, it would end the process.
    let hang_up = signal(SignalKind::hangup());
    let (mut bar, mut rebuild) = (None, notify::Rebuild::default());
    let mut progress = |done, all| {
        rebuild.progress(done, all);
        show_progress(&mut bar, done, all);
    };
    let service = Service::start(config, &mut progress).await?;
    let attendant = notify::attend(service.pulse());
    let failed = tokio::select! {
        () = told_to_stop() => false,
        () = service.failure() => true,
        () = told_to_reload(hang_up) => false,
    };
    drop(attendant);
    let why = if failed { LEDGER_FAILED } else { STOPPING };
    tracing::info!("{why}");
    notify::stopping(why).await;
    tokio::select! {
        () = service.stop() => {}
        () = told_to_stop() => tracing::warn!("told twice: stopping at once; what was accepted is on disk"),
    }
    if failed { Err(ServiceError::LedgerFailed) } else { Ok(()) }
}

/// A bar, once it is clear that it takes more than a moment.
fn show_progress(bar: &mut Option<ProgressBar>, done: u64, all: u64) {
    const WORTH_A_BAR: u64 = 5_000;
    if all < WORTH_A_BAR {
        return;
    }
    let bar = bar.get_or_insert_with(|| {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
        let bar = ProgressBar::new(all).with_message("making the mapping anew from the ledger");
        if let Ok(style) = style { bar.with_style(style) } else { bar }
    });
    bar.set_length(all);
    bar.set_position(done);
    if done >= all {
        bar.finish_and_clear();
    }
}

/// Says at each SIGHUP that nothing comes of it. Never resolves.
async fn told_to_reload(hang_up: std::io::Result<Signal>) {
    if let Ok(mut hang_up) = hang_up {
        while hang_up.recv().await.is_some() {
            tracing::warn!("SIGHUP: reloading is not supported yet: restart to read the config anew");
        }
    }
    std::future::pending().await
}

/// Resolves at SIGINT or SIGTERM.
pub async fn told_to_stop() {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be received; only SIGKILL will end this process");
            std::future::pending::<()>().await;
        }
    }
}
