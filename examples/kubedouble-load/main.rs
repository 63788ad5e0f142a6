//! kubedouble-load: drives any server that speaks the Kubernetes API with the same work, and reports what it saw.
//!
//! It knows a URL and a token and nothing of the server behind them, so its numbers compare.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod client;
mod histogram;
mod namespace;
mod options;
mod report;
mod services;
mod tally;
mod tls;
mod work;

use std::process::ExitCode;

use clap::Parser;

use crate::client::{Endpoint, Failure};
use crate::namespace::Namespace;
use crate::options::{Options, Workload};
use crate::report::Row;
use crate::work::Bench;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let mut rows = Vec::new();
    let outcome = run(&options, &mut rows).await;
    if options.json {
        println!("{:#}", report::to_json(&options.server, &rows));
    } else if !rows.is_empty() {
        print!("{}", report::to_table(&rows));
    }
    match outcome {
        Ok(()) if rows.iter().all(Row::has_results) => ExitCode::SUCCESS,
        Ok(()) => {
            eprintln!("error: a workload had no successful request");
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// What was measured before a failure is kept in `rows`.
async fn run(options: &Options, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let endpoint = Endpoint::parse(&options.server, options.token.as_deref())?;
    for &workload in options.workload.sequence() {
        let interrupted = tokio::select! {
            outcome = run_one(options, &endpoint, workload) => {
                rows.extend(outcome?);
                false
            }
            _ = tokio::signal::ctrl_c() => true,
        };
        if interrupted {
            eprintln!("interrupted; deleting the namespace ...");
            Namespace::existing(&namespace_name(workload)).delete(&endpoint).await;
            return Err(Failure::Interrupted);
        }
    }
    Ok(())
}

/// Each workload has a namespace of its own, so what one leaves behind does not slow the next.
async fn run_one(options: &Options, endpoint: &Endpoint, workload: Workload) -> Result<Vec<Row>, Failure> {
    eprintln!("{workload} ...");
    let namespace = Namespace::create(endpoint, &namespace_name(workload)).await?;
    let rows = Bench::new(options, endpoint, namespace.name()).run(workload).await;
    namespace.delete(endpoint).await;
    rows
}

/// Unique to this process, so that two generators may share a server.
fn namespace_name(workload: Workload) -> String {
    format!("kubedouble-load-{workload}-{}", std::process::id())
}
