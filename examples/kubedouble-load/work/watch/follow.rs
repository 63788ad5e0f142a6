//! One watcher: reads the stream, finds the time of sending in each event, and counts the delay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::watch;

use super::Clock;
use crate::client::Connection;
use crate::services::SENT;
use crate::tally::Tally;

/// An open watch.
pub struct Follower {
    /// Held so that the stream stays open.
    _connection: Connection,
    body: Incoming,
    clock: Clock,
    arrived: Arc<AtomicU64>,
    /// The beginning of a line whose end has not arrived.
    rest: Vec<u8>,
    /// `"kubedouble-load/sent"`, as it stands in an event.
    needle: Vec<u8>,
}

impl Follower {
    /// Follows the stream `body`; `arrived` counts the measured deliveries of all watchers.
    pub fn new(connection: Connection, body: Incoming, clock: Clock, arrived: Arc<AtomicU64>) -> Follower {
        let needle = format!("\"{SENT}\"").into_bytes();
        Follower { _connection: connection, body, clock, arrived, rest: Vec::new(), needle }
    }

    /// Counts the changes sent since `measured_from`, until told to stop.
    pub async fn follow(mut self, measured_from: Duration, mut stop: watch::Receiver<()>) -> Tally {
        let mut tally = Tally::new();
        tally.started = self.clock.instant(measured_from);
        tally.ended = tally.started;
        loop {
            let frame = tokio::select! {
                frame = self.body.frame() => frame,
                _ = stop.changed() => return tally,
            };
            match frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.read_chunk(data, measured_from, &mut tally);
                    }
                }
                Some(Err(error)) => {
                    tally.errors.add("connection", || error.to_string());
                    return tally;
                }
                None => {
                    tally.errors.add("ended", || "the server ended a watch early".to_owned());
                    return tally;
                }
            }
        }
    }

    fn read_chunk(&mut self, data: &[u8], measured_from: Duration, tally: &mut Tally) {
        let now = self.clock.now();
        tally.bytes += data.len() as u64;
        let mut seen = 0;
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                break;
            }
            match sent_time(&self.rest, &self.needle) {
                Some(sent) if sent >= measured_from => {
                    tally.delays.record(now.saturating_sub(sent));
                    seen += 1;
                }
                Some(_) => {}
                None => record_oddity(&self.rest, tally),
            }
            self.rest.clear();
        }
        if seen > 0 {
            tally.ended = self.clock.instant(now);
            self.arrived.fetch_add(seen, Ordering::Relaxed);
        }
    }
}

/// An event without a time is a bookmark, which is fine, or an error.
fn record_oddity(line: &[u8], tally: &mut Tally) {
    let event: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
    if event["type"] == "ERROR" {
        let message = event["object"]["message"].as_str().unwrap_or("no message").to_owned();
        tally.errors.add(&format!("event {}", event["object"]["code"]), || message);
    }
}

/// Parsing every event of every watcher as JSON would measure the parser, so this looks for one annotation.
fn sent_time(line: &[u8], needle: &[u8]) -> Option<Duration> {
    let at = line.windows(needle.len()).position(|window| window == needle)?;
    let digits = line[at + needle.len()..]
        .iter()
        .skip_while(|byte| !byte.is_ascii_digit())
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u64, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    Some(Duration::from_nanos(digits))
}
