//! A stored object as a body: its bytes between what comes before and after them, so that nothing is copied.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::HttpBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Parts that are sent one after the other.
pub struct Spliced<const N: usize> {
    parts: [Bytes; N],
    sent: usize,
}

impl<const N: usize> Spliced<N> {
    /// A body of these parts.
    pub fn new(parts: [Bytes; N]) -> Self {
        Self { parts, sent: 0 }
    }
}

impl<const N: usize> HttpBody for Spliced<N> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let sent = self.sent;
        let part = self.parts.get_mut(sent).map(std::mem::take);
        self.sent += 1;
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent >= N
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.parts.iter().map(|part| part.len() as u64).sum())
    }
}
