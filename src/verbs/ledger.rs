//! Who holds which address and node port, as an allocation sees it.

use std::ops::RangeInclusive;

use super::{Api, stored};
use ipnet::IpNet;

use crate::kinds::{Claim, Ledger, Ranges, service_cidr};

/// A view of the store's pools during one write.
pub(super) struct StoreLedger<'a> {
    api: &'a Api,
    ranges: Ranges,
    dry_run: bool,
}

impl Api {
    /// The pools and ranges as they are now.
    pub(super) fn ledger(&self, dry_run: bool) -> StoreLedger<'_> {
        let configured = self.0.settings.cluster_ip_ranges.clone();
        let mut ready = configured.clone();
        let snapshot = self.0.store.snapshot();
        for (_, stored) in snapshot.range(&service_cidr::DEF.prefix(), None) {
            let object = stored::parse(stored.bytes());
            if service_cidr::is_ready(&object) {
                ready.extend(service_cidr::ranges(&object).iter().filter_map(|cidr| cidr.parse::<IpNet>().ok()));
            }
        }
        ready.dedup();
        let node_ports = self.0.settings.node_ports.clone();
        StoreLedger { api: self, ranges: Ranges { configured, ready, node_ports }, dry_run }
    }
}

impl Ledger for StoreLedger<'_> {
    fn is_free(&self, claim: &Claim) -> bool {
        self.api.0.store.holder(claim.pool, claim.number).is_none()
    }

    fn first_free(&self, pool: &'static str, range: RangeInclusive<u128>) -> Option<u128> {
        self.api.0.store.first_free(pool, range)
    }

    fn random(&self, bound: u128) -> u128 {
        self.api.0.context.random("allocation", bound)
    }

    fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    fn dry_run(&self) -> bool {
        self.dry_run
    }
}
