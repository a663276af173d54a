//! Lines of the audit, through the control socket: after the answer's line they come as they are, until the socket ends. The last one says
//! where the audit ends.

use super::backup::pass_on;
use super::{AskError, Request, Response, path, write};
use crate::commands::Commands;
use crate::store::audit::{AuditError, Wanted, export_unused};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use tokio::net::unix::OwnedWriteHalf;

/// Longest wait for more of it: whoever asks for one person's lines may wait for all to be looked at.
const PATIENCE: Duration = Duration::from_secs(300);

/// Sends them.
pub(super) async fn answer(
    mut to: OwnedWriteHalf,
    commands: &Commands,
    mut wanted: Wanted,
    who: Option<String>,
) -> io::Result<()> {
    let ledger = commands.core().ledger.clone();
    if let Some(who) = who {
        match commands.person(&who).await {
            Ok(person) => wanted.who = Some(ledger.audit_keys().who(&person)),
            Err(refused) => return write(&Response::Error(refused), &mut to).await,
        }
    }
    write(&Response::Audit, &mut to).await?;
    match pass_on(to, move |out| ledger.export_audit(&wanted, out)).await? {
        Ok(Ok(lines)) => tracing::info!(lines, "lines of the audit were given out"),
        Ok(Err(error)) => tracing::warn!(%error, "the audit was not given out to its end"),
        Err(error) => tracing::error!(%error, "giving out the audit panicked"),
    }
    Ok(())
}

/// Why there are no lines.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The engine could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The state directory could not be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Writes the lines of the Relay that runs; where none does, those of its state directory. Blocks.
pub fn fetch(
    data_dir: &Path,
    wanted: &Wanted,
    who: Option<&str>,
    mut out: impl Write,
) -> Result<(), FetchError> {
    let stream = match UnixStream::connect(path(data_dir)).map_err(|error| AskError::of(&error, data_dir)) {
        Ok(stream) => stream,
        // Whose an id is, only a running Relay finds out.
        Err(AskError::NotRunning(_)) if who.is_none() => {
            export_unused(data_dir, wanted, out)?;
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let told = |error: io::Error| AskError::NoAnswer(error.to_string());
    ask(stream, wanted, who, &mut out).map_err(told)?.map_err(FetchError::from)
}

fn ask(
    mut stream: UnixStream,
    wanted: &Wanted,
    who: Option<&str>,
    out: &mut impl Write,
) -> io::Result<Result<(), AskError>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = Request::Audit { wanted: wanted.clone(), who: who.map(str::to_owned) };
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut lines = BufReader::new(stream);
    let mut answer = Vec::new();
    lines.read_until(b'\n', &mut answer)?;
    match serde_json::from_slice(&answer) {
        Ok(Response::Audit) => {}
        Ok(Response::Error(error)) => return Ok(Err(AskError::Refused(error))),
        _ => return Ok(Err(AskError::NoAnswer("is it of another version?".into()))),
    }
    io::copy(&mut lines, out)?;
    out.flush()?;
    Ok(Ok(()))
}
