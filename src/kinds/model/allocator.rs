//! Shared names, such as addresses and node ports, each held by at most one object.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::RangeInclusive,
};

use ipnet::IpNet;

/// One number in a pool, e.g. a cluster IP. The pool's name says what the numbers mean.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    /// The pool: [`Family::pool`] for addresses, [`NODE_PORTS`] for node ports.
    pub pool: &'static str,
    /// The number: an address as an integer, or a port.
    pub number: u128,
}

impl Claim {
    /// The claim on a cluster IP.
    pub fn address(address: &IpAddr) -> Self {
        Self { pool: Family::of(address).pool(), number: number(address) }
    }

    /// The claim on a node port.
    pub fn node_port(port: u16) -> Self {
        Self { pool: NODE_PORTS, number: port.into() }
    }
}

/// The pool of node ports, health-check node ports included.
pub const NODE_PORTS: &str = "node-ports";

/// An IP family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The family of a range.
    pub fn of_net(net: &IpNet) -> Self {
        Self::of(&net.addr())
    }

    /// `IPv4` or `IPv6`, as in `spec.ipFamilies`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// The other family.
    pub fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }

    /// The pool that holds this family's cluster IPs.
    pub fn pool(self) -> &'static str {
        match self {
            Self::V4 => "cluster-ips-v4",
            Self::V6 => "cluster-ips-v6",
        }
    }
}

/// The ranges from which Services get addresses and ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// The server's own service ranges, primary family first; one or two, of different families.
    pub configured: Vec<IpNet>,
    /// Every ready ServiceCIDR's ranges, the configured ones first.
    pub ready: Vec<IpNet>,
    /// Node ports.
    pub node_ports: RangeInclusive<u16>,
}

/// What an allocation may know: who holds what, which ranges there are, and dice.
pub trait Allocator {
    /// Whether nobody holds the claim, not even the object that is being written.
    fn is_free(&self, claim: &Claim) -> bool;

    /// The lowest free number of the pool within the range. Costs the logarithm of what is held, never the range.
    fn first_free(&self, pool: &'static str, range: RangeInclusive<u128>) -> Option<u128>;

    /// A number below the bound.
    fn random(&self, bound: u128) -> u128;

    /// The ranges.
    fn ranges(&self) -> &Ranges;

    /// Whether the write is a dry run, which allocates nothing and shows stand-ins.
    fn dry_run(&self) -> bool;
}

/// An address as a pool number.
pub fn number(address: &IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// A pool number as an address.
pub fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(number.into()),
    }
}
