//! One loopback HTTP server: bound first, so that its URL is known, then served until told to stop; its connections can be cut.

use crate::heard::Heard;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Tells a server, and everything that waits on its behalf, to stop. Clones tell and hear the same.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Stops.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Resolves once stopped.
    pub async fn stopped(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}

/// A bound port of 127.0.0.1 that is not served yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    /// What it reads.
    pub heard: Heard,
    /// Ends the server.
    pub stop: Stop,
}

/// Binds `port` of 127.0.0.1; 0 lets the system choose.
pub async fn bind(port: u16) -> io::Result<Bound> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address, heard: Heard::default(), stop: Stop::default() })
}

impl Bound {
    /// `127.0.0.1:port`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:port`, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves in a task of its own until stopped. Routes can extract `ConnectInfo<Connection>`.
    pub fn serve(self, router: Router) {
        let stop = self.stop.clone();
        let service = router.into_make_service_with_connect_info::<Connection>();
        tokio::spawn(async move {
            let served = axum::serve(Cuttable(self.listener, self.heard), service)
                .with_graceful_shutdown(async move { stop.stopped().await })
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "a stand-in stopped serving");
            }
        });
    }
}

/// The TCP connection that a request came on.
#[derive(Debug, Clone)]
pub struct Connection {
    cut: Arc<AtomicBool>,
    /// The client's end.
    pub peer: SocketAddr,
}

impl Connection {
    /// Cuts it: nothing is written to it any more, so that whatever the route answers never arrives.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }
}

struct Cuttable(TcpListener, Heard);

impl Listener for Cuttable {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        (Wire { stream, cut: Arc::default(), heard: self.1.clone() }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Connection {
    fn connect_info(incoming: IncomingStream<'_, Cuttable>) -> Self {
        Self { cut: incoming.io().cut.clone(), peer: *incoming.remote_addr() }
    }
}

/// A TCP stream that fails to write once it has been cut, which makes the HTTP server drop it.
struct Wire {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
    heard: Heard,
}

impl Wire {
    fn intact(&self) -> io::Result<()> {
        if self.cut.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.heard.add(&buf.filled()[before..]);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.intact()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.intact()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.intact()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
