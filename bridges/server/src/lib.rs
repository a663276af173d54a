//! What answers strangers over HTTP: a bounded number of connections, so many of one other machine, and for each a deadline for the
//! header of a request and for reading what it is sent. A body has the deadline of whoever reads it.

mod seats;

pub use seats::{Seat, Seats};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

/// How long a client may take for a request's header, also between two requests.
const HEADER: Duration = Duration::from_secs(15);
/// How long a client may leave what it is sent lying.
const IDLE: Duration = Duration::from_secs(60);
/// Longest header, in bytes.
const LONGEST_HEADER: usize = 16 * 1024;
/// How long a system that gives no connection is left alone.
const CANNOT: Duration = Duration::from_secs(1);

/// Connections at a time.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of all; others wait.
    pub all: usize,
    /// Of one other machine, so that it alone keeps nobody out; what is more is closed at once.
    pub each: usize,
}

/// Answers until the task is ended, with a router for each that asks, by their address; what is being answered ends with it. `whose` is for
/// the log.
pub async fn answer(listener: TcpListener, whose: &str, limits: Limits, router: impl Fn(IpAddr) -> Router) {
    let slots = Arc::new(Semaphore::new(limits.all));
    let seats = Seats::new(limits.each);
    let mut conversations = JoinSet::new();
    loop {
        while conversations.try_join_next().is_some() {}
        // Never closed.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let other = (!peer.ip().is_loopback()).then(|| peer.ip().to_string());
                let seat = other.map(|address| seats.take(&address));
                if matches!(seat, Some(None)) {
                    tracing::debug!(whose, address = %peer.ip(), "too many connections from one address");
                    continue;
                }
                let router = router(peer.ip());
                conversations.spawn(async move {
                    converse(stream, router).await;
                    drop((slot, seat));
                });
            }
            Err(error) => {
                tracing::warn!(whose, %error, "the server cannot accept");
                tokio::time::sleep(CANNOT).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    // An event is a small packet that somebody waits for.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(IDLE));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER).max_buf_size(LONGEST_HEADER);
    let stream = Box::pin(stream);
    // A client that goes away in the middle is its own business.
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let _ = connection.with_upgrades().await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    #[tokio::test]
    async fn whoever_is_one_too_many_waits() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        let limits = Limits { all: 2, each: 1 };
        let server =
            tokio::spawn(async move { answer(listener, "test", limits, move |_| router.clone()).await });
        let ask = || async move {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        // Two who say nothing have all the places.
        let (first, _second) = (TcpStream::connect(at).await.unwrap(), TcpStream::connect(at).await.unwrap());
        let mut third = Box::pin(ask());
        assert!(timeout(Duration::from_millis(200), &mut third).await.is_err(), "it waits");
        drop(first);
        let answer = timeout(Duration::from_secs(10), third).await.unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
    }
}
