//! Hostile bytes on a connection, also behind the handshake of a WebSocket, never end the server.
#![no_main]

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::LazyLock,
    time::Duration,
};

use clap::Parser;
use kubedouble::{config::Config, server::Server};
use libfuzzer_sys::fuzz_target;

const HANDSHAKE: &[u8] = b"GET /api/v1/services?watch=1&timeoutSeconds=1 HTTP/1.1\r\nHost: localhost\r\n\
    Origin: http://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const QUIET: Duration = Duration::from_millis(20);

static ADDRESS: LazyLock<SocketAddr> = LazyLock::new(|| {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let flags = ["kubedouble", "--port=0", "--data=:memory:", "--simulate-pods=false", "--load-balancer=off"];
            let server = Server::start(Config::parse_from(flags)).await.expect("a server starts");
            sender.send(server.address()).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("the server started")
});

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let before: &[u8] = [b"".as_slice(), HANDSHAKE, PREFACE][usize::from(kind % 3)];
    exchange(&[before, bytes].concat());
    let alive = exchange(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(alive.starts_with(b"HTTP/1.1 200"), "the server is not alive");
});

/// What comes back for some bytes, until the server hangs up or is quiet.
fn exchange(bytes: &[u8]) -> Vec<u8> {
    let mut received = Vec::new();
    let mut stream = TcpStream::connect(*ADDRESS).expect("the server listens");
    stream.set_read_timeout(Some(QUIET)).expect("a timeout can be set");
    if stream.write_all(bytes).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut received);
    }
    received
}
