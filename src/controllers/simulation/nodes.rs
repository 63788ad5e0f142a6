//! Simulated nodes: made at the start, spread over zones, and ready unless somebody holds them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use futures_util::future::{BoxFuture, try_join_all};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Taint;
use serde::Deserialize;
use serde_json::{Value, json};

use super::options::{self, Simulation};
use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::{
        change::Change,
        decode::{decode, or_default},
        informer::Informers,
        meta_view::MetaView,
        node_view::NodeView,
    },
};
use crate::{
    kinds::{core::node, lease},
    object::{Reason, meta, status::Result},
    verbs::{Api, DecodedObject, Target, WriteOptions, rfc3339},
};

const NAME: &str = "node-simulator";
/// The component that renews a node's Lease.
const KUBELET: &str = "kubelet";
/// Where a kubelet listens.
const KUBELET_PORT: u16 = 10250;
/// The namespace of the Leases of nodes.
const LEASES: &str = "kube-node-lease";
/// How many seconds a Lease holds.
const LEASE_SECONDS: i64 = 40;
/// How often it is renewed.
const RENEW_INTERVAL: Duration = Duration::from_secs(10);
/// A Lease that is younger is not renewed.
const FRESH_SECONDS: i64 = 5;
const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];
/// Keeps pods off a node that is not ready.
const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// What `kubectl get nodes` shows as the node's version.
const VERSION: &str = "v1.36.3";

/// What people write on a node to play with it.
#[derive(Deserialize)]
struct Simulated<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
}

#[derive(Deserialize)]
struct Lease<'a> {
    #[serde(borrow, default)]
    spec: LeaseSpec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LeaseSpec<'a> {
    #[serde(deserialize_with = "or_default")]
    renew_time: &'a str,
}

/// Makes the nodes that are missing.
pub async fn create_nodes(api: &Api, simulation: &Simulation) -> Result<()> {
    let now = rfc3339(api.now());
    let create = async |index| {
        let node = DecodedObject::from(node(simulation, index, &now));
        match api.create(&Target::new(&node::DEF, "", ""), node, &WriteOptions::internal(NAME)).await {
            Ok(_) => Ok(()),
            Err(status) if status.reason == Reason::AlreadyExists => Ok(()),
            Err(status) => Err(status),
        }
    };
    try_join_all((0..simulation.nodes).map(create)).await?;
    Ok(())
}

pub struct NodeSimulator;

impl Controller for NodeSimulator {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        let node = if change.is(&node::DEF) { change.now() } else { None };
        // One that does not decode is in no index; the informer has reported it.
        let node = node.and_then(|node| NodeView::of(node).ok());
        node.filter(options::is_simulated).map(|node| node.name).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, queue }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let found = world.get(&node::DEF, "", key).await?;
            let Some(node) = found.filter(|node| !meta::is_deleting(node)) else { return Ok(()) };
            let (view, Simulated { metadata }) = (NodeView::of(&node)?, decode(&node)?);
            let ready = !options::is_held_unready(&metadata);
            if ready {
                renew_lease(world, &node).await?;
                queue.requeue_after(key.to_owned(), RENEW_INTERVAL);
            }
            if view.is_ready != ready {
                let condition = ready_condition(ready, &rfc3339(world.api.now()));
                let mut conditions = meta::items(&node, &["status", "conditions"]).to_vec();
                conditions.retain(|known| known["type"] != "Ready");
                conditions.push(condition);
                let changes = json!({"status": {"conditions": conditions}});
                writes::merge(&world.api, NAME, &node::DEF, &node, "status", &changes).await?;
            }
            let tainted = view.taints.iter().any(|taint| taint.key == NOT_READY);
            if tainted == ready {
                let mut taints = view.taints;
                taints.retain(|taint| taint.key != NOT_READY);
                if !ready {
                    let (key, effect) = (NOT_READY.to_owned(), "NoSchedule".to_owned());
                    taints.push(Taint { key, effect, ..Taint::default() });
                }
                let taints = if taints.is_empty() { Value::Null } else { json!(taints) };
                let version = meta::resource_version(&node);
                let changes = json!({"metadata": {"resourceVersion": version}, "spec": {"taints": taints}});
                writes::merge(&world.api, NAME, &node::DEF, &node, "", &changes).await?;
            }
            Ok(())
        })
    }
}

/// Renews the Lease that says that the node is alive, unless that has just been done.
async fn renew_lease(world: &Informers, node: &Value) -> Result<()> {
    let now = world.api.now();
    let renewed = now.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let Some(known) = world.get(&lease::DEF, LEASES, meta::name(node)).await? else {
        let owner = json!({"apiVersion": "v1", "kind": "Node", "name": meta::name(node), "uid": meta::uid(node)});
        let lease = json!({
            "metadata": {"name": meta::name(node), "namespace": LEASES, "ownerReferences": [owner]},
            "spec": {
                "holderIdentity": meta::name(node),
                "leaseDurationSeconds": LEASE_SECONDS,
                "renewTime": renewed,
            },
        });
        writes::create_as(&world.api, KUBELET, &lease::DEF, lease).await?;
        return Ok(());
    };
    let Lease { spec: LeaseSpec { renew_time } } = decode(&known)?;
    let last = renew_time.parse::<Timestamp>().ok();
    if last.is_some_and(|last| now.duration_since(last) < SignedDuration::from_secs(FRESH_SECONDS)) {
        return Ok(());
    }
    let changes = json!({"spec": {"renewTime": renewed}});
    writes::merge(&world.api, KUBELET, &lease::DEF, &known, "", &changes).await?;
    Ok(())
}

/// The index-th node: a third of them in each zone, each with its part of the pods' ranges.
fn node(simulation: &Simulation, index: u16, now: &str) -> Value {
    let name = format!("node-{}", index + 1);
    let parts = simulation.pod_ranges.iter().map(|range| part(range, simulation.nodes, index));
    let cidrs: Vec<_> = parts.map(|part| part.to_string()).collect();
    let addresses = addresses(index).into_iter().map(|address| json!({"type": "InternalIP", "address": address}));
    let addresses: Vec<_> = addresses.chain([json!({"type": "Hostname", "address": name})]).collect();
    let capacity = json!({"cpu": "64", "memory": "256Gi", "pods": "10000", "ephemeral-storage": "1Ti"});
    json!({
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/region": "region-1",
                "topology.kubernetes.io/zone": ZONES[usize::from(index) % ZONES.len()],
                options::SIMULATED: "true",
            },
        },
        "spec": {"podCIDRs": cidrs},
        "status": {
            "capacity": capacity,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
            "conditions": [ready_condition(true, now)],
            "addresses": addresses,
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "simulated",
                "osImage": "kubedouble",
                "containerRuntimeVersion": "kubedouble://1",
                "kubeletVersion": VERSION,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    })
}

fn ready_condition(ready: bool, now: &str) -> Value {
    let (status, reason, message) = if ready {
        ("True", "KubeletReady", "kubelet is posting ready status")
    } else {
        ("False", "KubeletNotReady", "the annotation kubedouble.dev/ready says so")
    };
    json!({
        "type": "Ready",
        "status": status,
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    })
}

/// The index-th of equal parts of a range, or the whole if it is too small to be shared.
fn part(range: &IpNet, parts: u16, index: u16) -> IpNet {
    let bits = u8::try_from(u16::BITS - parts.saturating_sub(1).leading_zeros()).unwrap_or_default();
    let subnets = range.subnets(range.prefix_len().saturating_add(bits));
    subnets.ok().and_then(|mut subnets| subnets.nth(usize::from(index))).unwrap_or(*range)
}

/// Addresses of a range that is set aside for tests of networks.
fn addresses(index: u16) -> [IpAddr; 2] {
    let v4 = u32::from(Ipv4Addr::new(198, 18, 0, 1)) + u32::from(index);
    let v6 = Ipv6Addr::new(0xfd00, 0x10, 0x18, 0, 0, 0, 0, index.saturating_add(1));
    [IpAddr::V4(v4.into()), IpAddr::V6(v6)]
}
