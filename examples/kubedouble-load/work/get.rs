//! `get`: every request reads one Service.

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
    let tally = send_all(&bench.endpoint, bench.plan(), move |ticket| services.get(&seeded(ticket % objects))).await;
    Ok(vec![Row::of("get", tally)])
}
