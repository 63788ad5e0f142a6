//! The workloads: one file each, and the loop that most of them share.

mod create;
mod get;
mod list;
mod mixed;
mod patch;
mod requests;
mod watch;

use crate::client::{Endpoint, Failure};
use crate::options::{Options, Workload};
use crate::report::Row;
use crate::services::{self, Services};
use requests::Plan;

/// What every workload needs: a server, a namespace on it, and the amounts.
pub struct Bench {
    endpoint: Endpoint,
    services: Services,
    options: Options,
}

impl Bench {
    /// A bench in a namespace that exists.
    pub fn new(options: &Options, endpoint: &Endpoint, namespace: &str) -> Bench {
        let services = Services::new(namespace, options.headless);
        Bench { endpoint: endpoint.clone(), services, options: options.clone() }
    }

    /// Runs one workload.
    pub async fn run(&self, workload: Workload) -> Result<Vec<Row>, Failure> {
        match workload {
            Workload::Create => create::run(self).await,
            Workload::Get => get::run(self).await,
            Workload::List => list::run(self).await,
            Workload::Patch => patch::run(self).await,
            Workload::Mixed => mixed::run(self).await,
            Workload::Watch => watch::run(self).await,
            Workload::All => unreachable!("a sequence holds single workloads"),
        }
    }

    /// Creates the Services that a workload works on.
    async fn seed(&self, wanted: u64) -> Result<(), Failure> {
        let services = self.services.clone();
        let plan = Plan { warmup: 0, count: wanted, ..self.plan() };
        let tally =
            requests::send_all(&self.endpoint, plan, move |number| services.create(&services::seeded(number))).await;
        let done = tally.delays.total();
        if done < wanted {
            let errors = tally.errors.to_string();
            return Err(Failure::Unprepared { doing: "create the Services to work on", done, wanted, errors });
        }
        Ok(())
    }

    /// The amounts asked for on the command line.
    fn plan(&self) -> Plan {
        let Options { warmup, count, concurrency, .. } = self.options;
        Plan { warmup, count, concurrency, time_limit: self.options.time_limit() }
    }
}
