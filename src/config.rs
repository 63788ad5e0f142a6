//! The command line: what `kubedouble` can be asked for. The only reader of flags and environment.

mod admission;
mod assets;
mod check;
mod controllers;
mod duration;
mod etcd;
mod exit;
mod go_flags;
mod history;
mod identity;
mod kube_apiserver;
mod limits;
pub mod program;
mod runtime_config;
mod simulation;

use std::{net::IpAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use clap::{ArgAction, Parser};
use ipnet::IpNet;

pub use admission::AdmissionFlags;
pub use assets::Assets;
pub use check::{Check, Command};
pub use controllers::Controllers;
pub use etcd::Etcd;
pub use exit::Exit;
pub use identity::IdentityFlags;
pub use limits::Limits;
pub use runtime_config::RuntimeConfig;
pub use simulation::{LoadBalancing, Mode, Ranges, Simulation};

pub use duration::duration;

use crate::store::{Durability, History};

/// Fewest addresses a service range may hold.
const SERVICE_RANGE_ADDRESSES_MIN: u128 = 8;
/// Shortest IPv6 service prefix, as in kube-apiserver.
const SERVICE_PREFIX_V6_MIN: u8 = 64;

/// A test double for the Kubernetes API server, complete around core/v1 Services.
///
/// Without arguments it listens on http://127.0.0.1:8080, where kubectl looks when it has no configuration, and keeps
/// its data in ./kubedouble.db.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100, args_override_self = true)]
pub struct Config {
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1", env = "KUBEDOUBLE_BIND_ADDRESS")]
    pub bind_address: IpAddr,

    /// Port to listen on with plain HTTP; 0 takes a free one
    #[arg(long, default_value = "8080", env = "KUBEDOUBLE_PORT")]
    pub port: Option<u16>,

    /// File that keeps the data, or `:memory:` to keep nothing
    #[arg(long, value_name = "FILE", default_value = "kubedouble.db", env = "KUBEDOUBLE_DATA")]
    pub data: PathBuf,

    /// When an acknowledged write is on disk: at once, when the system writes it, or when it likes
    #[arg(long, value_enum, default_value_t = Durability::Full)]
    pub durability: Durability,

    /// How far watches and paged lists can go back: by age, number of events and bytes, whatever is reached first
    #[arg(
        long,
        value_name = "AGE[,EVENTS[,SIZE]]",
        default_value = "5m,100000,256Mi",
        value_parser = history::parse
    )]
    pub history_window: History,

    /// Ranges for cluster IPs, one or two of different families, the primary first
    #[arg(
        long,
        value_name = "CIDR[,CIDR]",
        default_value = "10.96.0.0/16,fd00:10:96::/112",
        value_parser = parse_cluster_ip_ranges
    )]
    pub service_cluster_ip_range: ClusterIpRanges,

    /// Range for node ports
    #[arg(long, value_name = "FROM-TO", default_value = "30000-32767", value_parser = parse_ports)]
    pub service_node_port_range: RangeInclusive<u16>,

    /// Address that the `kubernetes` Service leads to
    #[arg(long, value_name = "IP", default_value = "192.0.2.1")]
    pub advertise_address: IpAddr,

    /// How long an Event is kept after it was last written; 0 keeps it for ever
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub event_ttl: Duration,

    /// Write a kubeconfig for this server to FILE once it listens
    #[arg(long, value_name = "FILE")]
    pub kubeconfig_out: Option<PathBuf>,

    /// Controllers that run: `*` for all, `NAME` for one, `-NAME` for all but one, by the names of kube-controller-manager
    #[arg(long, value_name = "NAME[,NAME]", default_value = "*", allow_hyphen_values = true)]
    pub controllers: Controllers,

    /// Stop when the process that has started this one ends
    #[arg(long, value_name = "BOOL", default_value_t = false, action = ArgAction::Set, num_args = 0..=1,
          default_missing_value = "true", require_equals = true)]
    pub exit_with_parent: bool,

    /// Make uids, generated names and allocation order the same in every run
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    #[command(flatten)]
    pub simulation: Simulation,

    #[command(flatten)]
    pub load_balancing: LoadBalancing,

    /// What to log: a level, or a filter such as `info,kubedouble::store=debug`
    #[arg(long, value_name = "FILTER", default_value = "info", env = "KUBEDOUBLE_LOG")]
    pub log: String,

    #[command(flatten, next_help_heading = "Limits")]
    pub limits: Limits,

    #[command(flatten, next_help_heading = "Identity")]
    pub identity: IdentityFlags,

    #[command(flatten, next_help_heading = "Admission")]
    pub admission: AdmissionFlags,

    /// Addresses of etcd, which name the data; an etcd of the same directory keeps it as long as it runs
    #[arg(long, value_name = "URL[,URL]", value_delimiter = ',', action = ArgAction::Append, hide = true)]
    pub etcd_servers: Vec<String>,

    /// APIs to turn off and on: `group/version=false` (`v1` for the core group), `api/all`, `api/ga`, `api/beta`, `api/alpha`
    #[arg(long, value_name = "API[=BOOL],...", default_value = "", hide_default_value = true)]
    pub runtime_config: RuntimeConfig,

    /// Flags of kube-apiserver that were given and have no effect here
    #[arg(skip)]
    pub without_effect: Vec<String>,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The service ranges, primary first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterIpRanges(pub Vec<IpNet>);

impl Config {
    /// What cannot be said of a single flag.
    pub fn check(&self) -> Result<(), String> {
        self.admission.check()?;
        self.identity.check(self.bind_address)
    }
}

fn parse_cluster_ip_ranges(text: &str) -> Result<ClusterIpRanges, String> {
    let ranges: Vec<IpNet> = text
        .split(',')
        .map(|part| part.trim().parse::<IpNet>().map_err(|_| format!("{part:?} is not a range such as 10.96.0.0/16")))
        .collect::<Result<_, _>>()?;
    match ranges.as_slice() {
        [_] => {}
        [a, b] if a.addr().is_ipv4() != b.addr().is_ipv4() => {}
        [_, _] => return Err("two service ranges must be of different IP families".to_owned()),
        _ => return Err("one or two service ranges can be given".to_owned()),
    }
    for range in &ranges {
        check_range(range)?;
    }
    Ok(ClusterIpRanges(ranges.iter().map(IpNet::trunc).collect()))
}

fn check_range(range: &IpNet) -> Result<(), String> {
    let host_bits = u32::from(range.max_prefix_len() - range.prefix_len());
    if 1u128.checked_shl(host_bits).unwrap_or(u128::MAX) < SERVICE_RANGE_ADDRESSES_MIN {
        return Err(format!("{range} must hold at least {SERVICE_RANGE_ADDRESSES_MIN} addresses"));
    }
    if range.addr().is_ipv6() && range.prefix_len() < SERVICE_PREFIX_V6_MIN {
        let (shortest, got) = (SERVICE_PREFIX_V6_MIN, range.prefix_len());
        return Err(format!("shortest allowed prefix length for service CIDR is {shortest}, got {got}"));
    }
    Ok(())
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let bad = || format!("{text:?} is not a range of ports such as 30000-32767");
    let (from, to) = text.split_once('-').ok_or_else(bad)?;
    let (from, to): (u16, u16) = (from.trim().parse().map_err(|_| bad())?, to.trim().parse().map_err(|_| bad())?);
    if from == 0 || from > to {
        return Err(bad());
    }
    Ok(from..=to)
}
