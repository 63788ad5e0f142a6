//! The changes that are watched: patches that carry the time of their sending, at a fixed rate.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::{Clock, WARMUP, WATCHED_OBJECTS};
use crate::client::Connection;
use crate::services::{Services, seeded};
use crate::tally::Tally;
use crate::work::Bench;
use crate::work::requests::{Tickets, merged};

/// Sends changes from now until the asked seconds after `measured_from`.
///
/// A server that can't keep up gets fewer of them: the achieved rate is the tally's.
pub async fn send_all(bench: &Bench, clock: Clock, measured_from: Duration) -> Tally {
    let options = &bench.options;
    let first_due = measured_from.saturating_sub(WARMUP);
    let schedule = Arc::new(Schedule {
        services: bench.services.clone(),
        tickets: Tickets::new(0..options.rate * (options.seconds + WARMUP.as_secs())),
        clock,
        interval: Duration::from_secs(1).div_f64(options.rate as f64),
        first_due,
        measured_from,
        end: measured_from + Duration::from_secs(options.seconds),
    });
    let mut writers = JoinSet::new();
    for _ in 0..options.concurrency.min(options.rate) {
        writers.spawn(write(bench.endpoint.connection(), schedule.clone()));
    }
    merged(&writers.join_all().await)
}

struct Schedule {
    services: Services,
    tickets: Tickets,
    clock: Clock,
    interval: Duration,
    first_due: Duration,
    measured_from: Duration,
    end: Duration,
}

async fn write(mut connection: Connection, schedule: Arc<Schedule>) -> Tally {
    let clock = schedule.clock;
    let mut tally = Tally::new();
    tally.started = clock.instant(schedule.measured_from);
    tally.ended = tally.started;
    while let Some(ticket) = schedule.tickets.draw() {
        let due = schedule.first_due + schedule.interval.mul_f64(ticket as f64);
        sleep_until(clock.instant(due).into()).await;
        let sent = clock.now();
        if sent > schedule.end {
            break;
        }
        let name = seeded(ticket % WATCHED_OBJECTS);
        let outcome = connection.send(schedule.services.stamp(&name, sent.as_nanos() as u64)).await;
        if sent >= schedule.measured_from {
            tally.record(clock.now() - sent, &outcome);
        }
    }
    tally
}
