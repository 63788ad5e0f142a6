//! Results as a table for people and as JSON for scripts.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::histogram::Histogram;
use crate::tally::{Errors, Tally};

/// One line of results.
pub struct Row {
    work: &'static str,
    elapsed: Duration,
    bytes: u64,
    delays: Histogram,
    errors: Errors,
}

impl Row {
    /// The results of requests, from sending to the end of the answer.
    pub fn of(work: &'static str, tally: Tally) -> Row {
        let elapsed = tally.elapsed();
        Row { work, elapsed, bytes: tally.bytes, delays: tally.delays, errors: tally.errors }
    }

    /// The results of the same requests twice: to the end of the answer, and to its first byte.
    pub fn with_first_byte(work: &'static str, first_byte_work: &'static str, mut tally: Tally) -> [Row; 2] {
        let delays = std::mem::replace(&mut tally.first_bytes, Histogram::new());
        let first =
            Row { work: first_byte_work, elapsed: tally.elapsed(), bytes: 0, delays, errors: Errors::default() };
        [Row::of(work, tally), first]
    }

    /// Whether anything succeeded.
    pub fn has_results(&self) -> bool {
        self.delays.total() > 0
    }

    fn per_second(&self, amount: f64) -> f64 {
        amount / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// A table with one row per measurement, and below it what went wrong.
pub fn to_table(rows: &[Row]) -> String {
    let mut table = format!(
        "{:<16}{:>10}{:>9}{:>11}{:>9}{:>10}{:>10}{:>10}{:>10}\n",
        "work", "done", "seconds", "per second", "MB/s", "p50 ms", "p90 ms", "p99 ms", "max ms"
    );
    for row in rows {
        let done = row.delays.total();
        let _ = writeln!(
            table,
            "{:<16}{:>10}{:>9.2}{:>11.0}{:>9.1}{:>10.2}{:>10.2}{:>10.2}{:>10.2}",
            row.work,
            done,
            row.elapsed.as_secs_f64(),
            row.per_second(done as f64),
            row.per_second(row.bytes as f64 / 1e6),
            millis(row.delays.quantile(0.50)),
            millis(row.delays.quantile(0.90)),
            millis(row.delays.quantile(0.99)),
            millis(row.delays.max()),
        );
    }
    for row in rows.iter().filter(|row| !row.errors.is_empty()) {
        for (kind, count, message) in row.errors.iter() {
            let _ = writeln!(table, "{}: {count} errors, {kind}: {message}", row.work);
        }
    }
    table
}

/// The same numbers for scripts.
pub fn to_json(server: &str, rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows.iter().map(row_to_json).collect();
    json!({ "server": server, "results": rows })
}

fn row_to_json(row: &Row) -> Value {
    let errors: Map<String, Value> = row
        .errors
        .iter()
        .map(|(kind, count, message)| (kind.to_owned(), json!({ "count": count, "first": message })))
        .collect();
    json!({
        "work": row.work,
        "done": row.delays.total(),
        "seconds": row.elapsed.as_secs_f64(),
        "perSecond": row.per_second(row.delays.total() as f64),
        "bytes": row.bytes,
        "megabytesPerSecond": row.per_second(row.bytes as f64 / 1e6),
        "p50Ms": millis(row.delays.quantile(0.50)),
        "p90Ms": millis(row.delays.quantile(0.90)),
        "p99Ms": millis(row.delays.quantile(0.99)),
        "maxMs": millis(row.delays.max()),
        "errors": errors,
    })
}

fn millis(delay: Duration) -> f64 {
    delay.as_secs_f64() * 1e3
}
