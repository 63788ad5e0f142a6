//! Simulates the cloud that gives Services of type LoadBalancer their addresses.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use k8s_openapi::api::core::v1::LoadBalancerIngress;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    address_pool::AddressPool,
    balancer_changes::{self, Update},
};
use crate::{
    controllers::{
        engine::{
            controller::{Context, Controller, split_key},
            workqueue::WorkQueue,
            writes,
        },
        simulation::options,
    },
    world::{change::Change, informer::Informers, node_view::NodeView, recorder::Note, service_view::ServiceView},
};
use crate::{
    kinds::{Family, core::node, service},
    object::{Facts, status::Result},
};

const NAME: &str = "service-controller";
/// The finalizer that keeps a Service until its load balancer is gone.
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// The class of load balancers that are ours, beside those without a class.
const CLASS: &str = "kubedouble.dev/lb";

/// How load balancers get their addresses.
#[derive(Clone, Debug)]
pub struct LoadBalancing {
    /// When.
    pub timing: Timing,
    /// From where.
    pub ranges: Vec<IpNet>,
    /// The domain of names that are given instead of addresses.
    pub domain: Option<String>,
}

/// When a load balancer gets its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// This long after it was first seen.
    After(Duration),
    /// When its annotation asks for one.
    Manual,
}

pub struct LoadBalancers {
    settings: LoadBalancing,
    state: Mutex<State>,
}

/// What is remembered of Services.
#[derive(Default)]
struct State {
    /// Held by the uids of Services.
    addresses: AddressPool,
    /// When each Service was first seen to want a load balancer, by uid.
    since: HashMap<String, Instant>,
    /// The keys of Services for which there was no address.
    without_address: BTreeSet<String>,
    /// The keys of Services whose load balancer is up.
    up: BTreeSet<String>,
    /// What happened that the load balancers of Services have to follow, by key.
    updates: HashMap<String, Vec<Update>>,
    /// The keys of Services with an event that their load balancer is being ensured.
    announced: BTreeSet<String>,
    /// The keys of Services whose load balancer leads to other nodes than before.
    with_new_hosts: BTreeSet<String>,
}

impl LoadBalancers {
    pub fn new(settings: LoadBalancing) -> Self {
        Self { settings, state: Mutex::default() }
    }
}

impl Controller for LoadBalancers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, Context { world, .. }: Context<'_>) -> Vec<String> {
        let mut state = self.state();
        if change.is(&service::DEF) {
            let has_one = |service: &Facts| {
                service.spec_type == "LoadBalancer" || service.finalizers.iter().any(|finalizer| finalizer == FINALIZER)
            };
            return if change.any(has_one) { state.apply(change, world.has_synced()) } else { Vec::new() };
        }
        // One that does not decode is in no index; the informer has reported it.
        let is_host = |node: Option<&Value>| {
            node.and_then(|node| NodeView::of(node).ok()).is_some_and(|node| balancer_changes::is_host(&node))
        };
        if !change.is(&node::DEF) || !world.has_synced() || is_host(change.before()) == is_host(change.now()) {
            return Vec::new();
        }
        state.with_new_hosts = state.up.clone();
        state.up.iter().cloned().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, context: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Context { world, queue } = context;
            let (namespace, name) = split_key(key);
            let Some(service) = world.get(&service::DEF, namespace, name).await? else { return Ok(()) };
            let service = ServiceView::of(&service)?;
            let updates = self.state().updates.remove(key);
            for (reason, message) in updates.iter().flatten().filter_map(|update| update.note.as_ref()) {
                record_event(world, &service, "Normal", reason, message).await;
            }
            if !is_ours(&service) {
                return self.give_up(context, &service).await;
            }
            if updates.is_some() {
                self.announce(world, &service).await;
            }
            let is_with_new_hosts = self.state().with_new_hosts.remove(key);
            if is_with_new_hosts && warn_of_no_host(world, &service).await {
                record_event(world, &service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts")
                    .await;
            }
            writes::set_finalizer(&world.api, NAME, &service::DEF, service.object, FINALIZER, true).await?;
            // What is there may have to follow the Service's families, unless somebody wrote it by hand.
            let is_given = !service.ingress().is_empty() && self.settings.timing != Timing::Manual;
            if !is_given && !self.is_due(queue, &service) {
                return Ok(());
            }
            self.ensure(world, &service).await
        })
    }
}

impl LoadBalancers {
    /// Records that work on the Service's load balancer begins, unless that has been recorded.
    async fn announce(&self, world: &Informers, service: &ServiceView<'_>) {
        if self.state().announced.insert(service.metadata.namespaced_name()) {
            record_event(world, service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer").await;
            warn_of_no_host(world, service).await;
        }
    }

    /// Gives the Service its name or addresses.
    async fn ensure(&self, world: &Informers, service: &ServiceView<'_>) -> Result<()> {
        let wanted = match &self.settings.domain {
            Some(domain) => {
                let hostname = format!("{}.{}.{domain}", service.metadata.name, service.metadata.namespace);
                vec![LoadBalancerIngress { hostname: Some(hostname), ..LoadBalancerIngress::default() }]
            }
            None => match self.addresses(service) {
                Ok(addresses) => addresses.iter().map(virtual_ip).collect(),
                // Nothing changes before an address is free or the Service is edited.
                Err(why) => {
                    self.announce(world, service).await;
                    self.state().without_address.insert(service.metadata.namespaced_name());
                    self.fail(world, service, &why).await;
                    return Ok(());
                }
            },
        };
        let is_changed = service.ingress() != wanted;
        if is_changed {
            self.announce(world, service).await;
        }
        if is_changed {
            let changes = json!({"status": {"loadBalancer": {"ingress": wanted}}});
            let written = writes::merge(&world.api, NAME, &service::DEF, service.object, "status", &changes).await;
            if let Err(status) = written {
                self.fail(world, service, &status.message).await;
                return Err(status);
            }
        }
        if self.state().announced.remove(&service.metadata.namespaced_name()) {
            record_event(world, service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer").await;
        }
        Ok(())
    }

    /// Records why the Service has no load balancer.
    async fn fail(&self, world: &Informers, service: &ServiceView<'_>, why: &str) {
        self.state().announced.remove(&service.metadata.namespaced_name());
        let message = format!("Error syncing load balancer: failed to ensure load balancer: {why}");
        record_event(world, service, "Warning", "SyncLoadBalancerFailed", &message).await;
    }

    /// The Service's addresses: those somebody chose, the one it asks for, or one of each of its families.
    fn addresses(&self, service: &ServiceView<'_>) -> std::result::Result<Vec<IpAddr>, String> {
        let chosen = options::chosen_addresses(&service.metadata)?;
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        let uid = service.metadata.uid;
        let mut state = self.state();
        let asked = service.spec.load_balancer_ip.as_deref().unwrap_or_default();
        if let Ok(asked) = asked.parse::<IpAddr>() {
            let known = self.settings.ranges.iter().any(|range| range.contains(&asked));
            return match known && state.addresses.take_this(asked, uid) {
                true => Ok(vec![asked]),
                false if known => Err(format!("the address {asked} is taken")),
                false => Err(format!("the address {asked} is in no pool")),
            };
        }
        let mut addresses = Vec::new();
        for family in service.families() {
            let Some(range) = self.settings.ranges.iter().find(|range| Family::of_net(range).name() == *family) else {
                continue;
            };
            let held = state.addresses.held_by(uid).iter().find(|address| range.contains(*address)).copied();
            let address = held.or_else(|| state.addresses.take(*range, uid));
            addresses.push(address.ok_or_else(|| format!("no address is left in {range}"))?);
        }
        if addresses.is_empty() {
            return Err("there is no pool of the Service's address families".to_owned());
        }
        Ok(addresses)
    }

    /// Takes back what a Service had that is no load balancer any more.
    async fn give_up(&self, Context { world, queue }: Context<'_>, service: &ServiceView<'_>) -> Result<()> {
        if service.metadata.finalizers.contains(&FINALIZER) && !is_foreign(service) {
            record_event(world, service, "Normal", "DeletingLoadBalancer", "Deleting load balancer").await;
            if !service.ingress().is_empty() && !service.metadata.is_deleting() {
                let changes = json!({"status": {"loadBalancer": {"ingress": null}}});
                writes::merge(&world.api, NAME, &service::DEF, service.object, "status", &changes).await?;
            }
            writes::set_finalizer(&world.api, NAME, &service::DEF, service.object, FINALIZER, false).await?;
            record_event(world, service, "Normal", "DeletedLoadBalancer", "Deleted load balancer").await;
        }
        let without_address = self.state().release(service);
        without_address.into_iter().for_each(|key| queue.add(key));
        Ok(())
    }

    /// Whether it is time to give the Service its address.
    fn is_due(&self, queue: &WorkQueue, service: &ServiceView<'_>) -> bool {
        if options::wants_address(&service.metadata) {
            return true;
        }
        let Timing::After(delay) = self.settings.timing else { return false };
        let since = *self.state().since.entry(service.metadata.uid.to_owned()).or_insert_with(Instant::now);
        let wait = (since + delay).saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            queue.requeue_after(service.metadata.namespaced_name(), wait);
        }
        wait.is_zero()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Brings the state up to date with a change of a Service; returns the keys of those that this concerns.
    fn apply(&mut self, change: &Change, is_live: bool) -> Vec<String> {
        let key = change.namespaced_name();
        // What does not decode is an error when its key is reconciled.
        let before = change.before().and_then(|service| ServiceView::of(service).ok());
        let now = change.now().and_then(|service| ServiceView::of(service).ok());
        let Some(now) = now else {
            self.updates.remove(&key);
            let mut keys = before.map(|service| self.release(&service)).unwrap_or_default();
            keys.extend((!change.is_removal()).then_some(key));
            return keys;
        };
        let update = match &before {
            Some(before) => balancer_changes::update(before, &now, wants),
            // What was up when this server started has been told of before.
            None => (wants(&now) && (is_live || now.ingress().is_empty())).then_some(Update { note: None }),
        };
        if let Some(update) = update {
            self.updates.entry(key.clone()).or_default().push(update);
        }
        if is_ours(&now) {
            for address in now.ingress().iter().filter_map(|entry| entry.ip.as_deref()?.parse().ok()) {
                self.addresses.take_this(address, now.metadata.uid);
            }
            if !now.ingress().is_empty() {
                self.up.insert(key.clone());
            }
        }
        vec![key]
    }

    /// Takes back a Service's addresses. Returns the Services that may have an address now.
    fn release(&mut self, service: &ServiceView<'_>) -> Vec<String> {
        let (key, uid) = (service.metadata.namespaced_name(), service.metadata.uid);
        self.up.remove(&key);
        self.announced.remove(&key);
        self.since.remove(uid);
        if self.addresses.held_by(uid).is_empty() {
            return Vec::new();
        }
        self.addresses.release(uid);
        std::mem::take(&mut self.without_address).into_iter().collect()
    }
}

/// Whether the Service wants a load balancer from us.
fn wants(service: &ServiceView<'_>) -> bool {
    service.is_load_balancer() && !is_foreign(service)
}

/// Whether the Service is to have a load balancer from us.
fn is_ours(service: &ServiceView<'_>) -> bool {
    wants(service) && !service.metadata.is_deleting()
}

/// Tells if there is no node that a load balancer could lead to; returns whether there is one.
async fn warn_of_no_host(world: &Informers, service: &ServiceView<'_>) -> bool {
    let found = world.with_index(|index| index.nodes().iter().any(|node| balancer_changes::is_host(node)));
    if !found {
        let message = "There are no available nodes for LoadBalancer";
        record_event(world, service, "Warning", "UnAvailableLoadBalancer", message).await;
    }
    found
}

/// Whether somebody else has to provide the Service's load balancer.
fn is_foreign(service: &ServiceView<'_>) -> bool {
    !matches!(service.spec.load_balancer_class.as_deref(), None | Some("" | CLASS))
}

fn virtual_ip(address: &IpAddr) -> LoadBalancerIngress {
    let (ip, ip_mode) = (Some(address.to_string()), Some("VIP".to_owned()));
    LoadBalancerIngress { ip, ip_mode, ..LoadBalancerIngress::default() }
}

async fn record_event(world: &Informers, service: &ServiceView<'_>, kind: &str, reason: &str, message: &str) {
    world.recorder.record(service.object, Note { component: NAME, kind, reason, message }).await;
}
