//! `create`: every request makes a Service.

use super::Bench;
use super::requests::send_all;
use crate::client::Failure;
use crate::report::Row;
use crate::services::created;

/// Runs it.
pub async fn run(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let services = bench.services.clone();
    let tally = send_all(&bench.endpoint, bench.plan(), move |ticket| services.create(&created(ticket))).await;
    Ok(vec![Row::of("create", tally)])
}
