//! `mixed`: of ten requests eight read, one creates and one changes a Service.

use super::Bench;
use super::requests::send_all;
use crate::client::Failure;
use crate::report::Row;
use crate::services::{created, seeded};

/// Runs it.
pub async fn run(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let objects = bench.options.objects;
    bench.seed(objects).await?;
    let services = bench.services.clone();
    let tally = send_all(&bench.endpoint, bench.plan(), move |ticket| match ticket % 10 {
        0 => services.create(&created(ticket)),
        5 => services.label(&seeded(ticket % objects), ticket),
        _ => services.get(&seeded(ticket % objects)),
    })
    .await;
    Ok(vec![Row::of("mixed", tally)])
}
