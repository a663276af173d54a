//! Relay as a process of its own, from its start to its end.

use crate::process::{NotTold, Process};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::UnixDatagram;

/// Longest start, and longest wait for messages.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What went wrong, for people.
#[derive(Debug)]
pub struct Trouble(pub String);

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<NotTold> for Trouble {
    fn from(not_told: NotTold) -> Self {
        Self(not_told.to_string())
    }
}

/// An error, with what was tried.
pub fn trouble<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> Trouble {
    move |error| Trouble(format!("{what}: {error}"))
}

/// A Relay that runs. It ends with the value.
pub struct Running {
    child: Child,
    /// Its process.
    pub process: Process,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this binary with the config in a folder, and with secrets as variables; answers how long it took until it said that it is
/// ready.
pub async fn start(
    relay: &Path,
    folder: &Path,
    variables: &[(&str, &str)],
) -> Result<(Running, Duration), Trouble> {
    let path = folder.join("notify");
    // Of an earlier start.
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).map_err(trouble("the notify socket"))?;
    let log = std::fs::File::create(folder.join("relay.log")).map_err(trouble("the log"))?;
    let mut command = Command::new(relay);
    command
        .args(["run", "--config"])
        .arg(folder.join("bridges.toml"))
        .env("NOTIFY_SOCKET", &path)
        .envs(variables.iter().copied())
        .env_remove("STATE_DIRECTORY")
        .env_remove("WATCHDOG_USEC")
        .stdin(Stdio::null())
        .stderr(log);
    let began = Instant::now();
    let child = command.spawn().map_err(trouble("relay"))?;
    let running = Running { process: Process::of(child.id()), child };
    match tokio::time::timeout(PATIENCE, ready(&socket)).await {
        Ok(told) => told.map_err(trouble("the notify socket"))?,
        Err(_) => return Err(gave_up(folder, "relay is never ready")),
    }
    Ok((running, began.elapsed()))
}

/// What went wrong, and the end of the log.
pub fn gave_up(folder: &Path, what: &str) -> Trouble {
    let log = std::fs::read_to_string(folder.join("relay.log")).unwrap_or_default();
    let end: Vec<&str> = log.lines().rev().take(20).collect();
    Trouble(format!("{what}:\n{}", end.into_iter().rev().collect::<Vec<_>>().join("\n")))
}

async fn ready(socket: &UnixDatagram) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if buffer[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
            return Ok(());
        }
    }
}
