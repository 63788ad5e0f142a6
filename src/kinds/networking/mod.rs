//! Ingresses, network policies, and the address ranges of Services.

use ipnet::IpNet;
use serde_json::Value;

use crate::kinds::Kind;

kinds! {
    ingress,
    ingress_class,
    ip_address,
    network_policy,
    service_cidr,
}

/// Where the ranges come from that Services get addresses from, beside those the server is started with.
pub struct RangeSource {
    /// The kind of the objects.
    pub kind: &'static Kind,
    /// The ranges that one of them gives.
    pub ranges: fn(&Value) -> Vec<IpNet>,
}

/// Ranges come from ServiceCIDRs that are ready.
pub fn range_source() -> RangeSource {
    RangeSource { kind: &service_cidr::DEF, ranges: service_cidr::ready_ranges }
}
