//! Flags that bound what is done at the same time, and how a server leaves; named as kube-apiserver names them.

use std::time::Duration;

use clap::Args;

use super::duration::duration;

/// How much at once, and how to leave.
#[derive(Args, Clone, Debug, Default)]
pub struct Limits {
    /// Most requests that only read at the same time, watches aside; more are refused with 429. 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_requests_inflight: usize,

    /// Most requests that write at the same time; more are refused with 429. 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub max_mutating_requests_inflight: usize,

    /// How long to go on serving when told to stop; /readyz says at once that the server leaves
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub shutdown_delay_duration: Duration,
}
