//! Cluster IPs, node ports and health check node ports: taken from the cluster's ranges, never twice.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::IpAddr,
    ops::RangeInclusive,
};

use ipnet::IpNet;
use k8s_openapi::api::core::v1::ServiceSpec;

use super::{
    families, update,
    view::{NONE, SpecView},
};
use crate::kinds::{Allocator, Claim, Family, model::allocator, networking::ip_address, rules::ip};
use crate::object::{FieldError, Path, Status, field, status::Result};

/// Whose addresses and ports are settled.
pub struct Owner<'a> {
    /// Namespace of the Service.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// Settles families, addresses and ports of a new or updated Service.
pub fn settle(
    owner: &Owner,
    new: &mut ServiceSpec,
    old: Option<&ServiceSpec>,
    allocator: &dyn Allocator,
) -> Result<()> {
    if let Some(old) = old {
        update::keep_allocated(new, old);
    }
    update::agree_on_ips(new, old);
    families::settle(new, old, allocator.ranges())
        .map_err(|errors| Status::invalid_named("", "Service", owner.name, &errors))?;
    settle_ips(owner, new, old, allocator)?;
    settle_ports(owner, new, old, allocator)
}

/// The lower part of a range is for those who ask for a number, the upper part for everyone else.
/// Addresses: 16 to 256 of them; node ports: 16 to 128.
pub fn static_band(size: u128, fraction: u128, most: u128) -> u128 {
    if size <= 16 { 0 } else { (size / fraction).max(16).min(most) }
}

/// The addresses of a range that Services can have: not the network address, nor IPv4's broadcast address.
pub fn usable(net: &IpNet) -> RangeInclusive<u128> {
    let (first, last) = (allocator::number(&net.network()) + 1, allocator::number(&net.broadcast()));
    first..=last.saturating_sub(u128::from(net.addr().is_ipv4()))
}

fn settle_ips(
    owner: &Owner,
    new: &mut ServiceSpec,
    old: Option<&ServiceSpec>,
    allocator: &dyn Allocator,
) -> Result<()> {
    if new.is_external_name() || families::is_untouched_preference(new, old) {
        return Ok(());
    }
    // Which entries of `clusterIPs` are new: all of a new Service, the second of one that becomes dual-stack.
    let first = match old {
        Some(old) if !old.is_external_name() => {
            let upgraded = !old.is_headless() && old.families().len() == 1 && new.families().len() == 2;
            if !upgraded {
                return Ok(());
            }
            1
        }
        _ => 0,
    };
    if new.ips().first().is_some_and(|address| address == NONE) {
        return Ok(());
    }
    let families = new.families().to_vec();
    let mut wanted = new.ips().to_vec();
    wanted.resize(wanted.len().max(families.len()), String::new());
    let mut settled = wanted.clone();
    for (i, name) in families.iter().enumerate().skip(first) {
        let family = if name == Family::V4.name() { Family::V4 } else { Family::V6 };
        let request = Request { owner, wanted: &wanted, allocator };
        settled[i] = request.take(family, &wanted[i])?;
    }
    new.cluster_ip = settled.first().cloned();
    new.cluster_ips = Some(settled);
    Ok(())
}

/// One Service's request for addresses.
struct Request<'a> {
    owner: &'a Owner<'a>,
    wanted: &'a [String],
    allocator: &'a dyn Allocator,
}

impl Request<'_> {
    fn take(&self, family: Family, wanted: &str) -> Result<String> {
        let ranges: Vec<_> = self.allocator.ranges().ready.iter().filter(|net| Family::of_net(net) == family).collect();
        match ip::parse(wanted) {
            Some(address) => self.take_this(&ranges, wanted, address).map(|()| wanted.to_owned()),
            None if self.allocator.dry_run() => {
                ranges.first().map(|net| net.network().to_string()).ok_or_else(|| self.full())
            }
            None => {
                let address = ranges.iter().find_map(|net| self.pick(net)).ok_or_else(|| self.full())?;
                self.check_parent(&address, "IP")?;
                Ok(address.to_string())
            }
        }
    }

    fn take_this(&self, ranges: &[&IpNet], wanted: &str, address: IpAddr) -> Result<()> {
        let what = format!("IP {wanted}");
        if !ranges.iter().any(|net| usable(net).contains(&allocator::number(&address))) {
            let dry = |net: &&IpNet| {
                format!("the provided IP ({address}) is not in the valid range. The range of valid IPs is {net}")
            };
            let real = || "the provided network does not match the current range".to_owned();
            let reason = ranges.first().filter(|_| self.allocator.dry_run()).map_or_else(real, dry);
            return Err(self.failed(&what, &reason));
        }
        if self.allocator.dry_run() {
            return Ok(());
        }
        self.check_parent(&address, &what)?;
        if self.allocator.is_free(&Claim::address(&address)) {
            Ok(())
        } else {
            Err(self.failed(&what, "provided IP is already allocated"))
        }
    }

    /// A free address: from the dynamic band if there is one, else from the static one.
    fn pick(&self, net: &IpNet) -> Option<IpAddr> {
        let family = Family::of_net(net);
        let (first, last) = usable(net).into_inner();
        let size =
            allocator::number(&net.broadcast()).saturating_sub(allocator::number(&net.network())).saturating_add(1);
        let dynamic = first + static_band(size, 16, 256);
        let number = pick_within(self.allocator, family.pool(), dynamic..=last)
            .or_else(|| pick_within(self.allocator, family.pool(), first..=dynamic - 1))?;
        Some(allocator::address(family, number))
    }

    /// The IPAddress object that stands for the allocation must be able to name the Service.
    fn check_parent(&self, address: &IpAddr, what: &str) -> Result<()> {
        let errors = ip_address::validate_parent("", "services", self.owner.namespace, self.owner.name);
        if errors.is_empty() {
            return Ok(());
        }
        let list = field::aggregate(&errors);
        Err(self.failed(what, &format!("IPAddress.networking.k8s.io \"{address}\" is invalid: {list}")))
    }

    fn failed(&self, what: &str, reason: &str) -> Box<Status> {
        let path = Path::new("spec").child("clusterIPs");
        let detail = format!("failed to allocate {what}: {reason}");
        invalid(self.owner, FieldError::invalid(&path, self.wanted.to_vec(), &detail))
    }

    fn full(&self) -> Box<Status> {
        let name = self.owner.name;
        Status::internal(format!("failed to allocate a serviceIP for Service \"{name}\": range is full"))
    }
}

/// A free number: from a random place upwards, then from the start.
fn pick_within(allocator: &dyn Allocator, pool: &'static str, range: RangeInclusive<u128>) -> Option<u128> {
    let (first, last) = range.into_inner();
    let start = last.checked_sub(first).map(|span| first + allocator.random(span.saturating_add(1)))?;
    let below = || if start > first { allocator.first_free(pool, first..=start - 1) } else { None };
    allocator.first_free(pool, start..=last).or_else(below)
}

fn settle_ports(
    owner: &Owner,
    new: &mut ServiceSpec,
    old: Option<&ServiceSpec>,
    allocator: &dyn Allocator,
) -> Result<()> {
    let mut ports = Ports { owner, allocator, taken: BTreeSet::new() };
    if new.has_node_ports() {
        match old {
            None => ports.create(new)?,
            Some(old) => ports.update(new, old)?,
        }
    }
    if new.needs_health_check() && !old.is_some_and(SpecView::needs_health_check) {
        let number = ports.health_check(new.health_check_port())?;
        new.health_check_node_port = Some(number);
    }
    Ok(())
}

/// The node ports that one write has taken so far.
struct Ports<'a> {
    owner: &'a Owner<'a>,
    allocator: &'a dyn Allocator,
    taken: BTreeSet<u16>,
}

impl Ports<'_> {
    /// Ports with the same `port`, say 53 over TCP and UDP, share a node port.
    fn create(&mut self, spec: &mut ServiceSpec) -> Result<()> {
        let allocates = spec.allocates_node_ports();
        let mut asked: HashMap<i32, i32> = HashMap::new();
        for port in spec.port_list() {
            let number = port.node_port.unwrap_or_default();
            if number != 0 {
                asked.entry(port.port).or_insert(number);
            }
        }
        let mut shared: HashMap<i32, i32> = HashMap::new();
        for (i, port) in spec.ports.iter_mut().flatten().enumerate() {
            let own = port.node_port.unwrap_or_default();
            if own == 0 && !allocates {
                continue;
            }
            let number = match (shared.get(&port.port).copied(), asked.get(&port.port).copied()) {
                (Some(number), _) if own == 0 || own == number => number,
                (Some(_), _) => self.take_for(i, own)?,
                (None, Some(number)) => self.take_for(i, number)?,
                (None, None) => self.take_any()?,
            };
            shared.entry(port.port).or_insert(number);
            port.node_port = Some(number);
        }
        Ok(())
    }

    fn update(&mut self, new: &mut ServiceSpec, old: &ServiceSpec) -> Result<()> {
        let allocates = new.allocates_node_ports();
        let owned: HashSet<i32> = old.node_ports().into_iter().collect();
        let mut used: HashSet<(String, i32)> = HashSet::new();
        for (i, port) in new.ports.iter_mut().flatten().enumerate() {
            let number = match port.node_port.unwrap_or_default() {
                0 if !allocates => continue,
                0 => self.take_any()?,
                number if owned.contains(&number) || self.has_taken(number) => number,
                number => self.take_for(i, number)?,
            };
            port.node_port = Some(number);
            let entry = (port.protocol.clone().unwrap_or_default(), number);
            if let Some((protocol, number)) = used.replace(entry) {
                return Err(Status::untyped(format!("duplicate nodePort: {{{protocol} {number}}}")));
            }
        }
        Ok(())
    }

    fn health_check(&mut self, wanted: i32) -> Result<i32> {
        if wanted == 0 {
            let full = "failed to allocate a HealthCheck NodePort 0: range is full";
            return self.next().ok_or_else(|| Status::internal(full));
        }
        self.take(wanted).map_err(|reason| {
            Status::internal(format!("failed to allocate requested HealthCheck NodePort {wanted}: {reason}"))
        })
    }

    fn take_for(&mut self, index: usize, number: i32) -> Result<i32> {
        self.take(number).map_err(|reason| {
            let path = Path::new("spec").child("ports").index(index).child("nodePort");
            invalid(self.owner, FieldError::invalid(&path, number, &reason))
        })
    }

    fn take_any(&mut self) -> Result<i32> {
        self.next().ok_or_else(|| Status::internal("failed to allocate a nodePort: range is full"))
    }

    /// Takes a port that was asked for. A dry run does not mind the range.
    fn take(&mut self, number: i32) -> std::result::Result<i32, String> {
        let range = &self.allocator.ranges().node_ports;
        let port = u16::try_from(number).ok();
        if !self.allocator.dry_run() && !port.is_some_and(|port| range.contains(&port)) {
            let (first, last) = (range.start(), range.end());
            return Err(format!("provided port is not in the valid range. The range of valid ports is {first}-{last}"));
        }
        if let Some(port) = port {
            if self.taken.contains(&port) || !self.allocator.is_free(&Claim::node_port(port)) {
                return Err("provided port is already allocated".to_owned());
            }
            self.taken.insert(port);
        }
        Ok(number)
    }

    /// Takes any free port. A dry run shows one that cannot be mistaken for a real one.
    fn next(&mut self) -> Option<i32> {
        let port = if self.allocator.dry_run() {
            self.taken.last().copied().unwrap_or(32768).saturating_add(1)
        } else {
            self.pick()?
        };
        self.taken.insert(port);
        Some(port.into())
    }

    fn pick(&self) -> Option<u16> {
        let (first, last) = self.allocator.ranges().node_ports.clone().into_inner();
        let (first, last) = (u128::from(first), u128::from(last));
        let dynamic = first + static_band(last + 1 - first, 32, 128);
        let found = self.pick_untaken(dynamic..=last).or_else(|| self.pick_untaken(first..=dynamic - 1))?;
        u16::try_from(found).ok()
    }

    /// As [`pick_within`], past the ports this very write has taken and the allocator does not know of.
    fn pick_untaken(&self, range: RangeInclusive<u128>) -> Option<u128> {
        let mut next = pick_within(self.allocator, allocator::NODE_PORTS, range.clone())?;
        let (first, last) = range.into_inner();
        for _ in 0..=2 * self.taken.len() {
            if !u16::try_from(next).is_ok_and(|port| self.taken.contains(&port)) {
                return Some(next);
            }
            let after =
                if next < last { self.allocator.first_free(allocator::NODE_PORTS, next + 1..=last) } else { None };
            next = after.or_else(|| self.allocator.first_free(allocator::NODE_PORTS, first..=last))?;
        }
        None
    }

    fn has_taken(&self, number: i32) -> bool {
        u16::try_from(number).is_ok_and(|port| self.taken.contains(&port))
    }
}

fn invalid(owner: &Owner, error: FieldError) -> Box<Status> {
    Status::invalid_named("", "Service", owner.name, &[error])
}
