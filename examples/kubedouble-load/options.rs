//! The command line. Every amount has an upper bound, so a run always ends by itself.

use std::fmt;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Drive a Kubernetes API server with Services and report throughput and delays.
#[derive(Parser, Clone)]
#[command(name = "kubedouble-load")]
pub struct Options {
    /// What to do; `all` does the others one after another
    #[arg(value_enum)]
    pub workload: Workload,
    /// The server; certificates of https servers are not verified
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Bearer token
    #[arg(long, env = "KUBEDOUBLE_LOAD_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Measured requests of create, get, patch and mixed
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub count: u64,
    /// Requests in flight, each on a connection of its own
    #[arg(long, value_name = "C", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub concurrency: u64,
    /// Requests sent before measuring starts
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
    pub warmup: u64,
    /// Services that get, patch and mixed work on
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub objects: u64,
    /// Services in the listed namespace
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub list_objects: u64,
    /// Measured lists
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub lists: u64,
    /// Lists in flight
    #[arg(long, value_name = "C", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=256))]
    pub list_concurrency: u64,
    /// Watches on the one namespace; each takes a connection, so mind `ulimit -n`
    #[arg(long, value_name = "W", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    pub watchers: u64,
    /// Writes per second while watching
    #[arg(long, value_name = "R", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub rate: u64,
    /// Seconds of measured writes while watching
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Longest time for one phase of a workload; the rest of its requests is left out
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub time_limit: u64,
    /// Create headless Services, which take no cluster IP: for servers with a small Service range
    #[arg(long)]
    pub headless: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

impl Options {
    /// The longest time for one phase.
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(self.time_limit)
    }
}

/// What can be asked of the server.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Create Services
    Create,
    /// Read single Services
    Get,
    /// Read all Services of a namespace
    List,
    /// Change a label with a merge patch
    Patch,
    /// Of ten requests: eight gets, one create, one patch
    Mixed,
    /// Watch a namespace and time how long each change takes to arrive
    Watch,
    /// All of them, one after another
    All,
}

impl Workload {
    /// The workloads this one stands for.
    pub fn sequence(&self) -> &'static [Workload] {
        use Workload::*;
        match self {
            Create => &[Create],
            Get => &[Get],
            List => &[List],
            Patch => &[Patch],
            Mixed => &[Mixed],
            Watch => &[Watch],
            All => &[Create, Get, List, Patch, Mixed, Watch],
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Workload::Create => "create",
            Workload::Get => "get",
            Workload::List => "list",
            Workload::Patch => "patch",
            Workload::Mixed => "mixed",
            Workload::Watch => "watch",
            Workload::All => "all",
        })
    }
}
