//! All that is kept of a person, through the control socket: after the answer's line come the lines of the export, until the socket ends. The
//! last one says that it is whole.

use super::backup::pass_on;
use super::{AskError, Request, Response, path};
use crate::commands::Commands;
use crate::consent::Person;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use tokio::net::unix::OwnedWriteHalf;

/// Longest wait for more of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends it.
pub(super) async fn send(to: OwnedWriteHalf, commands: &Commands, person: Person) -> io::Result<()> {
    let core = commands.core().clone();
    match pass_on(to, move |out| core.export(&person, out)).await? {
        Ok(Ok(exported)) => tracing::info!(events = exported.events, "what is kept of somebody was exported"),
        Ok(Err(error)) => tracing::warn!(%error, "an export was not finished"),
        Err(error) => tracing::error!(%error, "exporting panicked"),
    }
    Ok(())
}

/// Asks the engine that runs with this state directory; writes what comes, and answers how many lines. Blocks.
pub fn fetch(data_dir: &Path, who: &str, mut out: impl Write) -> Result<u64, AskError> {
    let told = |error: io::Error| AskError::NoAnswer(error.to_string());
    let mut stream = UnixStream::connect(path(data_dir)).map_err(|error| AskError::of(&error, data_dir))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
    let mut line =
        serde_json::to_vec(&Request::Export { who: who.to_owned() }).map_err(|e| told(e.into()))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(told)?;
    let mut lines = BufReader::new(stream);
    let mut answer = Vec::new();
    lines.read_until(b'\n', &mut answer).map_err(told)?;
    match serde_json::from_slice(&answer) {
        Ok(Response::Export) => {}
        Ok(Response::Error(error)) => return Err(AskError::Refused(error)),
        _ => return Err(AskError::NoAnswer("is it of another version?".into())),
    }
    let (mut count, mut last) = (0, Vec::new());
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).map_err(told)? == 0 {
            break;
        }
        out.write_all(&line).map_err(told)?;
        (count, last) = (count + 1, line);
    }
    let is_whole = serde_json::from_slice::<serde_json::Value>(&last).is_ok_and(|last| last["what"] == "end");
    if !is_whole {
        return Err(AskError::NoAnswer("it ended in the middle; the log of Relay says why".into()));
    }
    Ok(count)
}
