//! The flags for what a cluster has and an API server has not: nodes that run pods, and load balancers.

use std::time::Duration;

use clap::{ArgAction, Args};
use ipnet::IpNet;

use super::duration::duration;

/// Nodes and pods.
#[derive(Args, Clone, Debug)]
pub struct Simulation {
    /// Simulate nodes: schedule pods to them, give them addresses, make them ready, and stop them. `false` gives a bare
    /// control plane
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true",
          require_equals = true)]
    pub simulate_pods: bool,

    /// How many nodes to simulate, spread over three zones
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub simulate_nodes: u16,

    /// Ranges for the addresses of simulated pods, one or two of different families, the primary first
    #[arg(long, value_name = "CIDR[,CIDR]", default_value = "10.244.0.0/16,fd00:10:244::/56", value_parser = parse_ranges)]
    pub pod_cidr: Ranges,

    /// How long a simulated pod takes from running to ready
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = duration)]
    pub pod_start_delay: Duration,

    /// How long a simulated pod with restartPolicy Never runs until its containers end well
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub pod_run_time: Duration,
}

/// Load balancers.
#[derive(Args, Clone, Debug)]
pub struct LoadBalancing {
    /// Give LoadBalancer Services addresses: `off`, `instant`, `delayed=DURATION`, or `manual` (when the Service's
    /// annotation kubedouble.dev/address says so)
    #[arg(long, value_name = "MODE", default_value = "off", value_parser = parse_mode)]
    pub load_balancer: Mode,

    /// Ranges for the addresses of load balancers, one or two of different families
    #[arg(
        long,
        value_name = "CIDR[,CIDR]",
        default_value = "203.0.113.0/24,2001:db8:113::/64",
        value_parser = parse_ranges
    )]
    pub load_balancer_pool: Ranges,

    /// Give load balancers names in this domain instead of addresses
    #[arg(long, value_name = "DOMAIN")]
    pub load_balancer_domain: Option<String>,
}

/// When a load balancer gets its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Never
    Off,
    /// As soon as it is seen
    Instant,
    /// A while after it is seen
    Delayed(Duration),
    /// When its annotation says so
    Manual,
}

/// One or two ranges of different families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges(pub Vec<IpNet>);

fn parse_mode(text: &str) -> Result<Mode, String> {
    match text {
        "off" => Ok(Mode::Off),
        "instant" => Ok(Mode::Instant),
        "manual" => Ok(Mode::Manual),
        _ => match text.strip_prefix("delayed=") {
            Some(delay) => duration(delay).map(Mode::Delayed),
            None => Err("it is one of off, instant, delayed=DURATION and manual".to_owned()),
        },
    }
}

fn parse_ranges(text: &str) -> Result<Ranges, String> {
    let range = |part: &str| part.trim().parse::<IpNet>().map_err(|_| format!("{part:?} is not a range"));
    let ranges: Vec<_> = text.split(',').map(range).collect::<Result<_, _>>()?;
    match ranges.as_slice() {
        [_] => {}
        [a, b] if a.addr().is_ipv4() != b.addr().is_ipv4() => {}
        _ => return Err("one range, or two of different IP families, can be given".to_owned()),
    }
    Ok(Ranges(ranges.iter().map(IpNet::trunc).collect()))
}
