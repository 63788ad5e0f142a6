//! `list`: every request reads all Services of the namespace in one answer.

use super::Bench;
use super::requests::{Plan, send_all};
use crate::client::Failure;
use crate::report::Row;

const WARMUP_LISTS: u64 = 3;

/// Runs it.
pub async fn run(bench: &Bench) -> Result<Vec<Row>, Failure> {
    bench.seed(bench.options.list_objects).await?;
    let services = bench.services.clone();
    let plan = Plan {
        warmup: WARMUP_LISTS,
        count: bench.options.lists,
        concurrency: bench.options.list_concurrency,
        time_limit: bench.options.time_limit(),
    };
    let tally = send_all(&bench.endpoint, plan, move |_| services.list()).await;
    Ok(Row::with_first_byte("list", "list first byte", tally).into())
}
