//! Many independent requests, a fixed number of them in flight.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::client::{Call, Connection, Endpoint};
use crate::tally::Tally;

/// A worker gives up after this many requests in a row that found no working connection.
const BROKEN_IN_A_ROW_MAX: u32 = 10;

/// How many requests, and how many at a time.
pub struct Plan {
    /// Requests before measuring starts.
    pub warmup: u64,
    /// Measured requests.
    pub count: u64,
    /// Workers; each has one connection and one request in flight.
    pub concurrency: u64,
    /// Longest time for the warm-up, and again for the measured requests.
    pub time_limit: Duration,
}

/// Sends `call(0)`, `call(1)`, … and tallies those after the warm-up.
pub async fn send_all<F>(endpoint: &Endpoint, plan: Plan, call: F) -> Tally
where
    F: Fn(u64) -> Call + Send + Sync + 'static,
{
    let workers = plan.concurrency.min(plan.count.max(1));
    let shared = Arc::new(Shared {
        warmup: Tickets::new(0..plan.warmup),
        measured: Tickets::new(plan.warmup..plan.warmup + plan.count),
        warm: Barrier::new(workers as usize),
        time_limit: plan.time_limit,
        call,
    });
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        tasks.spawn(work(endpoint.connection(), shared.clone()));
    }
    let tallies = tasks.join_all().await;
    merged(&tallies)
}

/// Numbers to be drawn, each once.
pub struct Tickets {
    next: AtomicU64,
    end: u64,
}

impl Tickets {
    /// All numbers of a range.
    pub fn new(range: Range<u64>) -> Tickets {
        Tickets { next: AtomicU64::new(range.start), end: range.end }
    }

    /// The next number, until there is none.
    pub fn draw(&self) -> Option<u64> {
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        (ticket < self.end).then_some(ticket)
    }
}

/// The sum of what workers saw.
pub fn merged(tallies: &[Tally]) -> Tally {
    let mut sum = Tally::new();
    if let Some(started) = tallies.iter().map(|tally| tally.started).min() {
        (sum.started, sum.ended) = (started, started);
    }
    for tally in tallies {
        sum.merge(tally);
    }
    sum
}

struct Shared<F> {
    warmup: Tickets,
    measured: Tickets,
    /// Nobody measures while another still warms up.
    warm: Barrier,
    time_limit: Duration,
    call: F,
}

async fn work<F>(mut connection: Connection, shared: Arc<Shared<F>>) -> Tally
where
    F: Fn(u64) -> Call + Send + Sync + 'static,
{
    let _ = send_tickets(&mut connection, &shared, &shared.warmup).await;
    shared.warm.wait().await;
    send_tickets(&mut connection, &shared, &shared.measured).await
}

async fn send_tickets<F>(connection: &mut Connection, shared: &Shared<F>, tickets: &Tickets) -> Tally
where
    F: Fn(u64) -> Call + Send + Sync + 'static,
{
    let mut tally = Tally::new();
    let deadline = tally.started + shared.time_limit;
    let mut broken_in_a_row = 0;
    while Instant::now() < deadline && broken_in_a_row < BROKEN_IN_A_ROW_MAX {
        let Some(ticket) = tickets.draw() else { break };
        let call = (shared.call)(ticket);
        let sent = Instant::now();
        let outcome = connection.send(call).await;
        tally.record(sent.elapsed(), &outcome);
        broken_in_a_row = if outcome.is_err() { broken_in_a_row + 1 } else { 0 };
    }
    tally
}
