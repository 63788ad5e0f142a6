//! Who holds which address and node port, as an allocation sees it.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::IpNet;
use serde_json::Value;

use crate::{
    kinds::{Allocator, Claim, Ranges, networking},
    object::Revision,
    store::Stored,
    verbs::{Api, read::stored},
};

/// A view of the store's pools during one write.
pub(in crate::verbs) struct StoreAllocator<'a> {
    api: &'a Api,
    ranges: Arc<Ranges>,
    dry_run: bool,
}

/// The ranges that objects of these revisions give, so that not every write reads those again.
#[derive(Default)]
pub(in crate::verbs) struct KnownRanges(Mutex<Option<(Vec<Revision>, Arc<Ranges>)>>);

impl Api {
    /// The pools and ranges as they are now.
    pub(in crate::verbs) fn allocator(&self, dry_run: bool) -> StoreAllocator<'_> {
        let snapshot = self.0.store.snapshot();
        let source = networking::range_source();
        let objects: Vec<_> = snapshot.range(&source.kind.prefix(), None).map(|(_, stored)| &**stored).collect();
        let revisions: Vec<_> = objects.iter().map(|stored| stored.revision()).collect();
        let mut known = self.0.ranges.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ranges = match &*known {
            Some((read, ranges)) if *read == revisions => Arc::clone(ranges),
            _ => {
                let ranges = Arc::new(self.ranges(&objects, source.ranges));
                *known = Some((revisions, Arc::clone(&ranges)));
                ranges
            }
        };
        StoreAllocator { api: self, ranges, dry_run }
    }

    fn ranges(&self, objects: &[&Stored], of: fn(&Value) -> Vec<IpNet>) -> Ranges {
        let configured = self.0.settings.cluster_ip_ranges.clone();
        let mut ready = configured.clone();
        ready.extend(objects.iter().flat_map(|stored| of(&stored::parse(stored.bytes()))));
        ready.dedup();
        Ranges { configured, ready, node_ports: self.0.settings.node_ports.clone() }
    }
}

impl Allocator for StoreAllocator<'_> {
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
