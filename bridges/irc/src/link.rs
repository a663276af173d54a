//! The connection itself: lines in, lines out, over TCP or TLS.

use crate::config::Config;
use bytes::{Buf, BytesMut};
use relay_contract::{OpenError, Problem};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long the way to the server and its certificate may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// The longest line that is read, in bytes: tags have 8,191, the rest 512, and some servers go beyond. What is longer is passed over.
/// Source: <https://ircv3.net/specs/extensions/message-tags#size-limit>.
const LONGEST_LINE: usize = 16 * 1024;

/// How much may wait to be written, in bytes, before nothing more is taken on.
const MOST_WAITING: usize = 32 * 1024;

/// What is said beyond that is said by itself, such as answers to the server's pings: a server that asks and asks and reads nothing of what
/// it is told is left, in bytes.
const MOST_UNREAD: usize = 1024 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection.
pub struct Link {
    reads: ReadHalf<Box<dyn Stream>>,
    writes: WriteHalf<Box<dyn Stream>>,
    come: BytesMut,
    /// The line that has begun is too long, and goes on.
    overlong: bool,
    waiting: BytesMut,
    /// What was written may still be held back by TLS.
    unflushed: bool,
}

impl Link {
    /// Connects.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let late = || {
            OpenError::Unavailable(format!(
                "{} did not answer within {} s",
                config.host,
                CONNECTING.as_secs()
            ))
        };
        tokio::time::timeout(CONNECTING, connect(config)).await.map_err(|_| late())?
    }

    fn new(stream: Box<dyn Stream>) -> Self {
        let (reads, writes) = tokio::io::split(stream);
        Self {
            reads,
            writes,
            come: BytesMut::new(),
            overlong: false,
            waiting: BytesMut::new(),
            unflushed: false,
        }
    }

    /// Puts a line among those to be written. It has no end yet.
    pub fn say(&mut self, line: &str) {
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.extend_from_slice(b"\r\n");
    }

    /// Whether more may be put there.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING
    }

    /// The next line, without its end; what waits is written meanwhile. May be dropped and called again.
    pub async fn line(&mut self) -> Result<String, String> {
        loop {
            if self.waiting.len() > MOST_UNREAD {
                return Err("the server reads nothing of what it is told".to_owned());
            }
            if let Some(line) = self.take_line() {
                return Ok(line);
            }
            let to_write = self.unflushed || !self.waiting.is_empty();
            tokio::select! {
                read = self.reads.read_buf(&mut self.come) => match read {
                    Ok(0) => return Err("the server has closed the connection".to_owned()),
                    Ok(_) => {}
                    Err(error) => return Err(format!("reading failed: {error}")),
                },
                written = write(&mut self.writes, &mut self.waiting, &mut self.unflushed), if to_write => {
                    written.map_err(|error| format!("writing failed: {error}"))?;
                }
            }
        }
    }

    /// Writes what waits, within a time.
    pub async fn finish(&mut self, within: Duration) {
        let all = async {
            let waiting = self.waiting.split();
            self.writes.write_all(&waiting).await?;
            self.writes.shutdown().await
        };
        // It is the end either way.
        let _ = tokio::time::timeout(within, all).await;
    }

    fn take_line(&mut self) -> Option<String> {
        loop {
            let Some(end) = self.come.iter().position(|byte| *byte == b'\n') else {
                if self.come.len() > LONGEST_LINE {
                    self.come.clear();
                    self.overlong = true;
                }
                return None;
            };
            let line = self.come.split_to(end + 1);
            if std::mem::take(&mut self.overlong) || line.len() > LONGEST_LINE {
                continue;
            }
            // Blanks at its end are the text's: the next line of a message may go on behind them.
            let end = line.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
            let line = line.get(..end).unwrap_or_default();
            if !line.is_empty() {
                return Some(decoded(line));
            }
        }
    }
}

/// Writes some of what waits, or flushes what was written. May be dropped and called again.
async fn write(
    writes: &mut WriteHalf<Box<dyn Stream>>,
    waiting: &mut BytesMut,
    unflushed: &mut bool,
) -> std::io::Result<()> {
    if waiting.is_empty() {
        writes.flush().await?;
        *unflushed = false;
        return Ok(());
    }
    let count = writes.write(waiting).await?;
    if count == 0 {
        return Err(std::io::ErrorKind::WriteZero.into());
    }
    waiting.advance(count);
    *unflushed = true;
    Ok(())
}

/// Text of these bytes: UTF-8, else the Latin alphabet of old clients. NUL is nothing.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace('\0', ""),
        Err(_) => bytes.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect(),
    }
}

async fn connect(config: &Config) -> Result<Link, OpenError> {
    let host = config.host.as_str();
    let unreachable =
        |error: std::io::Error| OpenError::Unavailable(format!("{host} could not be reached: {error}"));
    let stream = TcpStream::connect((host, config.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if !config.tls {
        return Ok(Link::new(Box::new(stream)));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        OpenError::Refused(Problem::new(
            format!("`server` names a host that no certificate can be of: {host}."),
            "Write the name that the server's certificate has.",
        ))
    })?;
    let tls = TlsConnector::from(Arc::new(tls(config)?));
    match tls.connect(name, stream).await {
        Ok(stream) => Ok(Link::new(Box::new(stream))),
        Err(error) if has_expired(&error) => Err(OpenError::Refused(Problem::new(
            format!("The certificate of {host} has expired."),
            format!(
                "Whoever runs {host} renews it; if it is in order, this machine's clock is wrong: timedatectl set-ntp true"
            ),
        ))),
        Err(error) if is_certificate(&error) => Err(OpenError::Refused(Problem::new(
            format!("The certificate of {host} is not trusted: {error}."),
            "Look whether `server` has the name in its certificate. One of the server's own making goes into `trust`.",
        ))),
        Err(error) => Err(OpenError::Unavailable(format!("TLS with {host} failed: {error}"))),
    }
}

fn is_certificate(error: &std::io::Error) -> bool {
    certificate(error).is_some()
}

fn has_expired(error: &std::io::Error) -> bool {
    matches!(certificate(error), Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }))
}

/// What is wrong with the server's certificate.
fn certificate(error: &std::io::Error) -> Option<&CertificateError> {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(found)) => Some(found),
        _ => None,
    }
}

fn tls(config: &Config) -> Result<ClientConfig, OpenError> {
    let failed = |error: rustls::Error| OpenError::Unavailable(format!("TLS cannot be set up: {error}"));
    let mut roots = RootCertStore::empty();
    // A machine may have certificates that cannot be read: the others count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(config.trust.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_root_certificates(roots);
    match &config.certificate {
        None => Ok(builder.with_no_client_auth()),
        Some(own) => builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key()).map_err(|error| {
            OpenError::Refused(Problem::new(
                format!("`sasl_certificate` cannot be used: {error}."),
                "Look whether the key is that of the certificate.",
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_whatever_their_pieces() {
        let (ours, mut theirs) = tokio::io::duplex(256 * 1024);
        let mut link = Link::new(Box::new(ours));
        link.say("PING a");
        let long = "x".repeat(LONGEST_LINE * 2);
        for piece in ["one\r", "\ntw", "o\n\r\n", &long, &long, "\nthree \0end\n"] {
            theirs.write_all(piece.as_bytes()).await.unwrap();
        }
        theirs.write_all(b"caf\xe9\n").await.unwrap();
        for expected in ["one", "two", "three end", "café"] {
            assert_eq!(link.line().await.unwrap(), expected);
        }
        let mut said = [0; 8];
        tokio::join!(
            async { assert!(tokio::time::timeout(Duration::from_millis(50), link.line()).await.is_err()) },
            async { theirs.read_exact(&mut said).await.unwrap() }
        );
        assert_eq!(&said, b"PING a\r\n");
        drop(theirs);
        assert!(link.line().await.unwrap_err().contains("closed"));
    }

    #[tokio::test]
    async fn a_server_that_only_asks_is_left() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut link = Link::new(Box::new(ours));
        let asks = tokio::spawn(async move { while theirs.write_all(b"PING :x\n").await.is_ok() {} });
        let left = loop {
            match link.line().await {
                Ok(_) => link.say(&format!("PONG {}", "x".repeat(400))),
                Err(left) => break left,
            }
        };
        assert!(left.contains("reads nothing"), "{left}");
        drop(link);
        asks.await.unwrap();
    }
}
