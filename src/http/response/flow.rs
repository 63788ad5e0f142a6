//! How far a client has read what was written for it, so that a stream is made no faster than it is taken.
//!
//! Over HTTP/2 the windows of the protocol do this. Over HTTP/1.1 hyper collects as much of a body as the longest head
//! may have, which is too much for each of many watches that nobody reads.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes of a body may wait for the client to read.
const AHEAD_MAX: u64 = 128 * 1024;

/// Counts what the connection has taken.
#[derive(Default)]
pub struct Flow {
    written: AtomicU64,
    waker: AtomicWaker,
}

/// A connection that counts what is written to it.
pub struct Counted<S> {
    stream: S,
    flow: Arc<Flow>,
}

/// One body on a connection.
pub struct Paced {
    flow: Arc<Flow>,
    /// What the connection had taken before.
    begun: u64,
    /// The bytes of the body so far.
    made: u64,
}

impl<S> Counted<S> {
    /// Counts into this flow.
    pub fn new(stream: S, flow: Arc<Flow>) -> Self {
        Self { stream, flow }
    }

    fn count(&self, written: usize) {
        self.flow.written.fetch_add(written as u64, Relaxed);
        self.flow.waker.wake();
    }
}

impl Paced {
    /// A body that begins now.
    pub fn new(flow: Arc<Flow>) -> Self {
        let begun = flow.written.load(Relaxed);
        Self { flow, begun, made: 0 }
    }

    /// Waits until the client has read so much that more may be made.
    pub async fn ready(&self) {
        poll_fn(|context| {
            self.flow.waker.register(context.waker());
            let taken = self.flow.written.load(Relaxed) - self.begun;
            if self.made.saturating_sub(taken) <= AHEAD_MAX { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Notes that so many bytes were made.
    pub fn made(&mut self, bytes: usize) {
        self.made += bytes as u64;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, parts))?;
        self.count(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
