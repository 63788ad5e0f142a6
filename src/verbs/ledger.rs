//! Who holds which address and node port, as an allocation sees it.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::IpNet;

use super::{Api, stored};
use crate::{
    kinds::{Claim, Ledger, Ranges, networking::service_cidr},
    object::Revision,
    store::Stored,
};

/// A view of the store's pools during one write.
pub(super) struct StoreLedger<'a> {
    api: &'a Api,
    ranges: Arc<Ranges>,
    dry_run: bool,
}

/// The ranges as the ServiceCIDRs of these revisions have them, so that not every write need read those again.
#[derive(Default)]
pub(super) struct KnownRanges(Mutex<Option<(Vec<Revision>, Arc<Ranges>)>>);

impl Api {
    /// The pools and ranges as they are now.
    pub(super) fn ledger(&self, dry_run: bool) -> StoreLedger<'_> {
        let snapshot = self.0.store.snapshot();
        let cidrs: Vec<_> = snapshot.range(&service_cidr::DEF.prefix(), None).map(|(_, stored)| &**stored).collect();
        let revisions: Vec<_> = cidrs.iter().map(|stored| stored.revision()).collect();
        let mut known = self.0.ranges.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ranges = match &*known {
            Some((read, ranges)) if *read == revisions => Arc::clone(ranges),
            _ => {
                let ranges = Arc::new(self.ranges(&cidrs));
                *known = Some((revisions, Arc::clone(&ranges)));
                ranges
            }
        };
        StoreLedger { api: self, ranges, dry_run }
    }

    fn ranges(&self, cidrs: &[&Stored]) -> Ranges {
        let configured = self.0.settings.cluster_ip_ranges.clone();
        let mut ready = configured.clone();
        for cidr in cidrs {
            let object = stored::parse(cidr.bytes());
            if service_cidr::is_ready(&object) {
                ready.extend(service_cidr::ranges(&object).iter().filter_map(|cidr| cidr.parse::<IpNet>().ok()));
            }
        }
        ready.dedup();
        Ranges { configured, ready, node_ports: self.0.settings.node_ports.clone() }
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
