//! A backup through the control socket: after the answer's line come the bytes of the backup, until the socket ends. So it belongs to
//! whoever asked, and lies wherever they may write.

use super::{AskError, Request, Response, path};
use crate::commands::Commands;
use crate::store::backup::{self, BackupError, Reader};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinError;

/// Longest wait for the other side to take or to give something.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes given at a time, and how many such pieces may wait.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 8;

/// Sends it. Reading the ledger is done on a thread of its own, which ends when nobody listens any more.
pub(super) async fn send(to: OwnedWriteHalf, commands: &Commands, media: bool) -> io::Result<()> {
    let (ledger, data_dir) = (commands.core().ledger.clone(), commands.data_dir().to_owned());
    let made = pass_on(to, move |out| backup::back_up(&ledger, &data_dir, media, out)).await?;
    match made {
        Ok(Ok(contents)) => tracing::info!(records = contents.records, bytes = contents.bytes, "backed up"),
        Ok(Err(error)) => tracing::warn!(%error, "a backup was not finished"),
        Err(error) => tracing::error!(%error, "making a backup panicked"),
    }
    Ok(())
}

/// Passes on what is made on a thread of its own, as it comes, and hangs up.
pub(super) async fn pass_on<T: Send + 'static>(
    mut to: OwnedWriteHalf,
    make: impl FnOnce(io::BufWriter<Pieces>) -> T + Send + 'static,
) -> io::Result<Result<T, JoinError>> {
    let (pieces, mut given) = mpsc::channel(PIECES);
    let making =
        tokio::task::spawn_blocking(move || make(io::BufWriter::with_capacity(PIECE, Pieces(pieces))));
    while let Some(piece) = given.recv().await {
        let sent = tokio::time::timeout(PATIENCE, to.write_all(&piece)).await;
        sent.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
    let made = making.await;
    to.shutdown().await?;
    Ok(made)
}

/// Hands pieces over to the task that sends them.
pub(super) struct Pieces(mpsc::Sender<Vec<u8>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let given = self.0.blocking_send(bytes.to_vec());
        given.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Asks the engine that runs with this state directory for a backup: what comes is checked by whoever reads it, and goes into `copy`
/// as it is. Blocks.
pub fn fetch(data_dir: &Path, media: bool, copy: impl Write) -> Result<Reader<impl Read>, FetchError> {
    let path = path(data_dir);
    let mut stream = UnixStream::connect(&path).map_err(|e| AskError::of(&e, data_dir))?;
    let told = |e: io::Error| FetchError::Ask(AskError::NoAnswer(e.to_string()));
    stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
    let mut line = serde_json::to_vec(&Request::Backup { media }).map_err(|e| told(e.into()))?;
    line.push(b'\n');
    stream.write_all(&line).map_err(told)?;
    let mut from = BufReader::with_capacity(PIECE, stream);
    let mut answer = Vec::new();
    from.read_until(b'\n', &mut answer).map_err(told)?;
    match serde_json::from_slice(&answer) {
        Ok(Response::Backup) => Ok(Reader::new(Copied { from, copy })?),
        Ok(Response::Error(error)) => Err(FetchError::Ask(AskError::Refused(error))),
        _ => Err(FetchError::Ask(AskError::NoAnswer("is it of another version?".into()))),
    }
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The engine could not be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// What it gave is none.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// What is read is written as it is, too.
struct Copied<R, W> {
    from: R,
    copy: W,
}

impl<R: Read, W: Write> Read for Copied<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.copy.write_all(&buffer[..read])?;
        Ok(read)
    }
}
