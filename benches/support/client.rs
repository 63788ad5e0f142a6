//! A keep-alive HTTP/1.1 connection that does as little as possible, so that what is measured is the server.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How much is read at once, so that a first byte is not counted together with many others.
const READ_MAX: u64 = 256 * 1024;

/// One connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What was answered.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// From the request to the first byte.
    pub first_byte: Duration,
}

/// A GET as bytes.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

/// A POST of JSON as bytes.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    with_body("POST", "application/json", path, body)
}

/// A PUT of JSON as bytes.
pub fn put(path: &str, body: &str) -> Vec<u8> {
    with_body("PUT", "application/json", path, body)
}

/// A JSON merge patch as bytes.
pub fn merge_patch(path: &str, body: &str) -> Vec<u8> {
    with_body("PATCH", "application/merge-patch+json", path, body)
}

fn with_body(method: &str, media: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: {media}\r\ncontent-length: {length}");
    format!("{head}\r\n\r\n{body}").into_bytes()
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a server that listens");
        stream.set_nodelay(true).expect("a TCP socket");
        Self { stream, buffer: Vec::with_capacity(256 * 1024) }
    }

    /// Sends a request and reads the whole answer, whose length must be stated.
    pub async fn send(&mut self, request: &[u8]) -> Answer {
        let sent = Instant::now();
        let head = self.open(request).await;
        let first_byte = sent.elapsed();
        let end = head + self.content_length(head);
        if self.buffer.len() < end {
            self.buffer.reserve(end - self.buffer.len());
        }
        while self.buffer.len() < end {
            self.read().await;
        }
        Answer { status: self.status(), body: self.buffer[head..].to_vec(), first_byte }
    }

    /// Sends a request, and answers where the body begins once the head is there.
    pub async fn open(&mut self, request: &[u8]) -> usize {
        self.buffer.clear();
        self.stream.write_all(request).await.expect("a connection that takes a request");
        loop {
            self.read().await;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                return end + 4;
            }
        }
    }

    /// The next bytes of a stream, whatever their framing.
    pub async fn next_bytes(&mut self) -> &[u8] {
        self.buffer.clear();
        self.read().await;
        &self.buffer
    }

    async fn read(&mut self) {
        let mut stream = (&mut self.stream).take(READ_MAX);
        let count = stream.read_buf(&mut self.buffer).await.expect("a connection that can be read");
        assert_ne!(count, 0, "the server closed the connection");
    }

    fn status(&self) -> u16 {
        std::str::from_utf8(&self.buffer[9..12]).ok().and_then(|text| text.parse().ok()).expect("a status code")
    }

    fn content_length(&self, head: usize) -> usize {
        const NAME: &[u8] = b"content-length: ";
        let mut names = self.buffer[..head].windows(NAME.len());
        let at = names.position(|name| name.eq_ignore_ascii_case(NAME)).expect("an answer of stated length");
        let digits = self.buffer[at + NAME.len()..head].iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
    }
}

/// Where a text begins in another.
pub fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
