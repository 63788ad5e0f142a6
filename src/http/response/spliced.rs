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
pub struct Spliced {
    parts: [Bytes; 3],
    sent: usize,
}

impl Spliced {
    /// A body of what comes before, the bytes, and what comes after.
    pub fn new(parts: [Bytes; 3]) -> Self {
        Self { parts, sent: 0 }
    }
}

impl HttpBody for Spliced {
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
        self.sent >= self.parts.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.parts.iter().map(|part| part.len() as u64).sum())
    }
}
