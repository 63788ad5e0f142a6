//! ServiceCIDRs: ready as long as they stay, and kept while an address needs them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::{change::Change, informer::Informers},
};
use crate::{
    kinds::{
        networking::{ip_address, service_cidr},
        rules::ip,
    },
    object::{meta, status::Result},
    verbs::{Api, Patch, PatchKind, Target, WriteOptions, rfc3339},
};

/// Keeps a ServiceCIDR until no address needs it.
const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
/// Who applies the status.
const STATUS_MANAGER: &str = "service-cidr-controller";

/// A condition's status, reason and message.
type Condition = (&'static str, &'static str, &'static str);

const READY: Condition = ("True", "", "Kubernetes Service CIDR is ready");
const TERMINATING: Condition = (
    "False",
    "Terminating",
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
);

/// Brings ServiceCIDRs up and lets them go.
#[derive(Default)]
pub struct ServiceCidrController {
    /// Those whose deletion waits for addresses to go or for another range to take them.
    ending: Mutex<BTreeSet<String>>,
}

impl Controller for ServiceCidrController {
    fn name(&self) -> &'static str {
        STATUS_MANAGER
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dirty = BTreeSet::new();
        if change.is(&service_cidr::DEF) {
            let name = change.key.name().to_owned();
            match change.now() {
                Some(cidr) if meta::is_deleting(cidr) => ending.insert(name.clone()),
                _ => ending.remove(&name),
            };
            dirty.extend(ending.iter().cloned());
            dirty.insert(name);
        } else if change.is(&ip_address::DEF) && change.is_removal() {
            dirty.clone_from(&ending);
        }
        dirty.into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match world.get(&service_cidr::DEF, "", key).await? {
                None => Ok(()),
                Some(cidr) if !meta::is_deleting(&cidr) => bring_up(&world.api, cidr).await,
                Some(cidr) if is_needed(world, &cidr).await? => set_ready(&world.api, &cidr, TERMINATING).await,
                Some(cidr) => {
                    let (api, kind) = (&world.api, &*service_cidr::DEF);
                    writes::set_finalizer(api, writes::MANAGER, kind, &cidr, FINALIZER, false).await?;
                    Ok(())
                }
            }
        })
    }
}

/// Gives a ServiceCIDR its finalizer and says that it is ready.
pub async fn bring_up(api: &Api, cidr: Value) -> Result<()> {
    let kind = &*service_cidr::DEF;
    let Some(cidr) = writes::set_finalizer(api, writes::MANAGER, kind, &cidr, FINALIZER, true).await? else {
        return Ok(());
    };
    set_ready(api, &cidr, READY).await
}

/// Whether some address lies in this range and in no other that stays.
async fn is_needed(world: &Informers, cidr: &Value) -> Result<bool> {
    let own = networks(cidr);
    let mut others = world.list(&service_cidr::DEF, "").await?;
    others.retain(|other| !meta::is_deleting(other) && meta::uid(other) != meta::uid(cidr));
    let others: Vec<IpNet> = others.iter().flat_map(networks).collect();
    let addresses = world.list(&ip_address::DEF, "").await?;
    let mut addresses = addresses.iter().filter_map(|address| ip::parse(meta::name(address)));
    Ok(addresses.any(|address| {
        let holds = |network: &IpNet| network.contains(&address);
        own.iter().any(holds) && !others.iter().any(holds)
    }))
}

fn networks(cidr: &Value) -> Vec<IpNet> {
    service_cidr::ranges(cidr).into_iter().filter_map(ip::parse_cidr).collect()
}

/// Applies the condition `Ready` unless it is there already.
async fn set_ready(api: &Api, cidr: &Value, (status, reason, message): Condition) -> Result<()> {
    let known = meta::items(cidr, &["status", "conditions"]).iter().find(|c| meta::text(c, &["type"]) == "Ready");
    let same = |known: &Value, name: &str, value: &str| meta::text(known, &[name]) == value;
    if known.is_some_and(|k| same(k, "status", status) && same(k, "reason", reason) && same(k, "message", message)) {
        return Ok(());
    }
    let kept = known.filter(|known| same(known, "status", status)).map(|k| meta::text(k, &["lastTransitionTime"]));
    let config = json!({
        "apiVersion": service_cidr::DEF.gvk.api_version(),
        "kind": service_cidr::DEF.gvk.kind,
        "metadata": {"name": meta::name(cidr)},
        "status": {"conditions": [{
            "type": "Ready",
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": kept.map_or_else(|| rfc3339(api.now()), str::to_owned),
        }]},
    });
    let patch = Patch { kind: PatchKind::Apply, body: Bytes::from(config.to_string()) };
    let target = Target::new(&service_cidr::DEF, "", meta::name(cidr));
    let options = WriteOptions { force: Some(true), ..WriteOptions::internal(STATUS_MANAGER) };
    writes::patch(api, &target, "status", patch, &options).await?;
    Ok(())
}
