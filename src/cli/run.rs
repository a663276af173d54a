//! `relay run`: everything, until it is told to stop.

use super::{EXIT_MISTAKES, fail, keep_out_of_core_files, logging, mistakes, notify};
use crate::config::Config;
use crate::doctor;
use crate::engine::{self, Pulse};
use crate::reload::Reloads;
use crate::service::{Service, ServiceError};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often a start without room on the disk is tried again.
const LOOK_FOR_ROOM: Duration = Duration::from_secs(5);
const STOPPING: &str = "stopping: what is due is delivered, the rest goes on at the next start";
const LEDGER_FAILED: &str = "stopping: the ledger cannot be written";

/// Runs the bridge.
pub fn run(path: &Path) -> ExitCode {
    // Before any secret is read.
    let kept_out = keep_out_of_core_files();
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
    for found in doctor::readable_keys(&config.relay.data_dir) {
        tracing::warn!("{} {}", found.what, found.fix.unwrap_or_default());
    }
    if let Err(error) = kept_out {
        tracing::warn!(%error, "a crash may leave this process's memory in a core file");
    }
    match engine::block_on(serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error),
    }
}

async fn serve(config: Config) -> Result<(), ServiceError> {
    // From the start: unhandled, it would end the process.
    let hang_up = signal(SignalKind::hangup());
    let service = start(config).await?;
    let attendant = notify::attend(service.pulse(), service.reloads().busy());
    let mapping = tokio::spawn(show_mapping(service.pulse()));
    let failed = tokio::select! {
        () = told_to_stop() => false,
        () = service.failure() => true,
        () = told_to_reload(hang_up, service.reloads()) => false,
    };
    drop(attendant);
    mapping.abort();
    let why = if failed { LEDGER_FAILED } else { STOPPING };
    tracing::info!("{why}");
    notify::stopping(why).await;
    tokio::select! {
        () = service.stop() => {}
        () = told_to_stop() => tracing::warn!("told twice: stopping at once; what was accepted is on disk"),
    }
    if failed { Err(ServiceError::LedgerFailed) } else { Ok(()) }
}

/// Starts it. Without room on the disk it waits until there is some: ending would only make a service manager start it again and again.
async fn start(config: Config) -> Result<Service, ServiceError> {
    loop {
        match Service::start(config.clone()).await {
            Err(error) if error.is_disk_full() => {
                tracing::error!(%error, "Relay starts when there is room on the disk");
                notify::waits_for_room(LOOK_FOR_ROOM).await;
                tokio::time::sleep(LOOK_FOR_ROOM).await;
            }
            started => return started,
        }
    }
}

/// A bar while the mapping is brought up to the ledger.
async fn show_mapping(pulse: Pulse) {
    let (ledger, lookup) = (&pulse.core().ledger, &pulse.core().lookup);
    if !lookup.is_behind() {
        return;
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    let bar = ProgressBar::new(ledger.position()).with_message("bringing the mapping up to the ledger");
    let bar = if let Ok(style) = style { bar.with_style(style) } else { bar };
    while lookup.is_behind() {
        bar.set_length(ledger.position());
        bar.set_position(lookup.position());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bar.finish_and_clear();
}

/// Has the config read anew at each SIGHUP. Never resolves.
async fn told_to_reload(hang_up: std::io::Result<Signal>, reloads: Reloads) {
    if let Ok(mut hang_up) = hang_up {
        while hang_up.recv().await.is_some() {
            reloads.reload_soon();
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
