//! `patch`: every request changes a label of one Service with a merge patch.

use super::Bench;
use super::requests::send_all;
use crate::client::Failure;
use crate::report::Row;
use crate::services::seeded;

/// Runs it.
pub async fn run(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let objects = bench.options.objects;
    bench.seed(objects).await?;
    let services = bench.services.clone();
    let label = move |ticket| services.label(&seeded(ticket % objects), ticket);
    let tally = send_all(&bench.endpoint, bench.plan(), label).await;
    Ok(vec![Row::of("patch", tally)])
}
