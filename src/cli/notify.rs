//! What a service manager that listens is told, such as systemd: what is waited for, ready, alive, stopping.
//! <https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html>

use crate::engine::{Pulse, Readiness};
use sd_notify::NotifyState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The watchdog's period when none is set: how often the start's end is put off.
const UNWATCHED: Duration = Duration::from_secs(60);
/// The shortest period that is kept.
const SHORTEST: Duration = Duration::from_millis(200);
/// How often the start is looked at.
const START_ROUND: Duration = Duration::from_millis(100);
/// How often the line of a running Relay is looked at.
const ROUND: Duration = Duration::from_secs(10);
/// Longest wait for the service manager.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest line, in characters.
const LONGEST: usize = 300;

/// Whether a service manager listens.
fn is_heard() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells that the start waits for room on the disk, for so long at least, so that it is not given up meanwhile.
pub async fn waits_for_room(wait: Duration) {
    if is_heard() {
        tell(&[
            longer_start(UNWATCHED.max(wait * 2)),
            NotifyState::Status("the disk is full: waiting for room"),
        ])
        .await;
    }
}

/// Tells how the engine is until what this returns is dropped: ready once all is settled, and alive while it is.
pub fn attend(pulse: Pulse, reloads: watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if is_heard() {
        let ready = Arc::new(AtomicBool::new(false));
        tasks.spawn(report(pulse.clone(), ready.clone()));
        tasks.spawn(follow_reloads(reloads, ready.clone()));
        tasks.spawn(keep_alive(pulse, ready));
    }
    tasks
}

/// Tells that Relay ends now. The watchdog's clock begins anew: what drains is bounded by itself.
pub async fn stopping(why: &str) {
    if is_heard() {
        tell(&[NotifyState::Stopping, NotifyState::Watchdog, NotifyState::Status(why)]).await;
    }
}

/// Tells each time the config is read anew. Before the start is over there is nothing to tell: it would seem to be.
async fn follow_reloads(mut busy: watch::Receiver<bool>, ready: Arc<AtomicBool>) {
    while busy.changed().await.is_ok() {
        if ready.load(Ordering::Acquire) {
            let now = NotifyState::monotonic_usec_now().ok();
            let states: Vec<_> = std::iter::once(NotifyState::Reloading).chain(now).collect();
            tell(&states).await;
            // Also one that was over before this could be told.
            let _ = busy.wait_for(|busy| !busy).await;
            tell(&[NotifyState::Ready]).await;
        }
    }
}

/// The line for people, and the one word that the start has ended.
async fn report(pulse: Pulse, ready: Arc<AtomicBool>) {
    let mut told = None;
    loop {
        let readiness: Readiness = pulse.core().readiness();
        let line = one_line(&readiness.summary());
        if readiness.is_settled() && !ready.load(Ordering::Acquire) {
            tracing::info!("ready: {line}");
            tell(&[NotifyState::Ready, NotifyState::Status(&line)]).await;
            ready.store(true, Ordering::Release);
        } else if told.as_ref() != Some(&line) {
            tell(&[NotifyState::Status(&line)]).await;
        }
        told = Some(line);
        tokio::time::sleep(if ready.load(Ordering::Acquire) { ROUND } else { START_ROUND }).await;
    }
}

/// A sign of life twice in the watchdog's period, as long as all that everything waits for answers within a quarter of it.
async fn keep_alive(pulse: Pulse, ready: Arc<AtomicBool>) {
    let period = sd_notify::watchdog_enabled().unwrap_or(UNWATCHED).max(SHORTEST);
    loop {
        let asked = tokio::time::Instant::now();
        let stuck = pulse.stuck(period / 4).await;
        if stuck.is_empty() {
            // An outage of a platform must not make the start fail; what is stuck, must.
            let start = (!ready.load(Ordering::Acquire)).then(|| longer_start(period));
            let states: Vec<_> = std::iter::once(NotifyState::Watchdog).chain(start).collect();
            tell(&states).await;
            tokio::time::sleep_until(asked + period / 2).await;
        } else {
            let parts = stuck.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            tracing::error!(
                parts,
                "a part of Relay does not answer; unless it does, the service manager ends this process"
            );
            tokio::time::sleep_until(asked + period / 4).await;
        }
    }
}

fn longer_start(by: Duration) -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(u32::try_from(by.as_micros()).unwrap_or(u32::MAX))
}

async fn tell(states: &[NotifyState<'_>]) {
    let lines = states.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let sent = tokio::task::spawn_blocking(move || sd_notify::notify(&[NotifyState::Custom(&lines)]));
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::warn!(%error, "the service manager cannot be told"),
        Ok(Err(error)) => tracing::error!(%error, "telling the service manager panicked"),
        Err(_) => tracing::warn!("the service manager does not listen"),
    }
}

/// Without line breaks, for each line is an assignment of its own: what a platform says must not be able to make one.
fn one_line(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_platform_says_is_no_assignment() {
        let cases = [
            ("waiting for owls (HTTP 502)", "waiting for owls (HTTP 502)"),
            ("a\nREADY=1\r\nb\0", "a READY=1  b "),
            (&"ä".repeat(1_000), &"ä".repeat(LONGEST)),
        ];
        for (said, told) in cases {
            assert_eq!(one_line(said), told);
        }
    }
}
