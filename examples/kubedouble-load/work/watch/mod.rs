//! `watch`: changes come at a fixed rate, and every watcher times how long each takes to reach it.
//!
//! A change carries the time at which it was sent; sender and watchers are one process with one monotonic clock. A
//! delay therefore holds the whole way: request, commit, and delivery.

mod changes;
mod follow;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Bench;
use super::requests::merged;
use crate::client::{Call, Endpoint, Failure, read};
use crate::report::Row;
use follow::Follower;

/// Services whose changes are watched.
const WATCHED_OBJECTS: u64 = 100;
/// Watches opened at the same time.
const OPENING_MAX: usize = 64;
/// Changes sent in this time are delivered but not measured.
const WARMUP: Duration = Duration::from_secs(1);
/// Longest wait for the last changes to arrive.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(10);
const ARRIVAL_POLL: Duration = Duration::from_millis(5);

/// Runs it.
pub async fn run(bench: &Bench) -> Result<Vec<Row>, Failure> {
    bench.seed(WATCHED_OBJECTS).await?;
    let clock = Clock { origin: Instant::now() };
    let arrived = Arc::new(AtomicU64::new(0));
    let followers =
        timeout(bench.options.time_limit(), open_all(bench, clock, &arrived)).await.unwrap_or(Err(Failure::Timeout))?;

    let measured_from = clock.now() + WARMUP;
    let (stop, stopped) = watch::channel(());
    let mut watching = JoinSet::new();
    for follower in followers {
        watching.spawn(follower.follow(measured_from, stopped.clone()));
    }
    let writes = changes::send_all(bench, clock, measured_from).await;

    let expected = writes.delays.total() * bench.options.watchers;
    let deadline = Instant::now() + ARRIVAL_TIMEOUT;
    while arrived.load(Ordering::Relaxed) < expected && Instant::now() < deadline {
        sleep(ARRIVAL_POLL).await;
    }
    drop(stop);
    let mut deliveries = merged(&watching.join_all().await);
    let missing = expected.saturating_sub(deliveries.delays.total());
    if missing > 0 {
        deliveries.errors.add_many("undelivered", missing, || "changes that did not reach a watcher".to_owned());
    }
    Ok(vec![Row::of("watch writes", writes), Row::of("watch deliveries", deliveries)])
}

/// Time since the workload began, the same for senders and watchers.
#[derive(Clone, Copy)]
struct Clock {
    origin: Instant,
}

impl Clock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn instant(&self, time: Duration) -> Instant {
        self.origin + time
    }
}

/// Opens every watch from one resourceVersion, so that none misses a change.
async fn open_all(bench: &Bench, clock: Clock, arrived: &Arc<AtomicU64>) -> Result<Vec<Follower>, Failure> {
    let reply = bench.endpoint.connection().send(bench.services.list_one()).await?.expect_success("list Services")?;
    let list: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let resource_version = list["metadata"]["resourceVersion"].as_str().unwrap_or("0").to_owned();
    let seconds = bench.options.time_limit + bench.options.seconds + (WARMUP + ARRIVAL_TIMEOUT).as_secs();
    stream::iter(0..bench.options.watchers)
        .map(|_| {
            let call = bench.services.watch(&resource_version, seconds);
            open(&bench.endpoint, call, clock, arrived.clone())
        })
        .buffer_unordered(OPENING_MAX)
        .try_collect()
        .await
}

async fn open(endpoint: &Endpoint, call: Call, clock: Clock, arrived: Arc<AtomicU64>) -> Result<Follower, Failure> {
    let mut connection = endpoint.connection();
    let response = connection.open(call).await?;
    if response.status().is_success() {
        return Ok(Follower::new(connection, response.into_body(), clock, arrived));
    }
    let reply = read(response, Instant::now()).await?;
    Err(reply.refused("watch Services"))
}
