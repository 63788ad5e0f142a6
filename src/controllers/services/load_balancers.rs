//! Plays the cloud that gives Services of type LoadBalancer their addresses.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use serde_json::{Value, json};

use super::{
    address_pool::AddressPool,
    balancer_changes::{self, Update},
};
use crate::{
    controllers::{
        Controller,
        engine::{
            queue::Queue,
            recorder::{Note, record},
        },
        key_of,
        simulation::options,
        split_key,
        workloads::ownership,
    },
    world::informer::{Change, Informers},
};
use crate::{
    kinds::{Family, core::node, service},
    object::{meta, status::Result},
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
    queue: OnceLock<Queue>,
    ledger: Mutex<Ledger>,
}

/// What is remembered of Services.
#[derive(Default)]
struct Ledger {
    /// Held by the uids of Services.
    addresses: AddressPool,
    /// When each Service was first seen to want a load balancer, by uid.
    since: HashMap<String, Instant>,
    /// The keys of Services for which there was no address.
    starved: BTreeSet<String>,
    /// The keys of Services whose load balancer is up.
    up: BTreeSet<String>,
    /// What happened that the load balancers of Services have to follow, by key.
    updates: HashMap<String, Vec<Update>>,
    /// The keys of Services of which it has been told that their load balancer is being ensured.
    begun: BTreeSet<String>,
    /// The keys of Services whose load balancer leads to other nodes than before.
    rehosted: BTreeSet<String>,
}

impl LoadBalancers {
    pub fn new(settings: LoadBalancing) -> Self {
        Self { settings, queue: OnceLock::new(), ledger: Mutex::default() }
    }
}

impl Controller for LoadBalancers {
    fn name(&self) -> &'static str {
        NAME
    }

    fn attach(&self, queue: &Queue) {
        self.queue.get_or_init(|| queue.clone());
    }

    fn keys(&self, change: &Change, world: &Informers) -> Vec<String> {
        let mut ledger = self.ledger();
        if change.is(&service::DEF) {
            let had_one = || change.mentions("LoadBalancer") || change.mentions(FINALIZER);
            return if had_one() { ledger.note(change, world.is_ready()) } else { Vec::new() };
        }
        let is_host = |node: Option<&Value>| node.is_some_and(balancer_changes::is_host);
        if !change.is(&node::DEF) || !world.is_ready() || is_host(change.before()) == is_host(change.now()) {
            return Vec::new();
        }
        ledger.rehosted = ledger.up.clone();
        ledger.up.iter().cloned().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (namespace, name) = split_key(key);
            let Some(service) = world.get(&service::DEF, namespace, name).await? else { return Ok(()) };
            let updates = self.ledger().updates.remove(key);
            for (reason, message) in updates.iter().flatten().filter_map(|update| update.note.as_ref()) {
                tell(world, &service, "Normal", reason, message).await;
            }
            if !is_ours(&service) {
                return self.give_up(world, &service).await;
            }
            if updates.is_some() {
                self.begin(world, &service).await;
            }
            let is_rehosted = self.ledger().rehosted.remove(key);
            if is_rehosted && warn_of_no_host(world, &service).await {
                tell(world, &service, "Normal", "UpdatedLoadBalancer", "Updated load balancer with new hosts").await;
            }
            set_finalizer(world, &service, true).await?;
            // What is there may have to follow the Service's families, unless somebody wrote it by hand.
            let is_given = !ingress(&service).is_empty() && self.settings.timing != Timing::Manual;
            if !is_given && !self.is_due(&service) {
                return Ok(());
            }
            self.ensure(world, &service).await
        })
    }
}

impl LoadBalancers {
    /// Tells that work on the Service's load balancer begins, unless that has been told.
    async fn begin(&self, world: &Informers, service: &Value) {
        if self.ledger().begun.insert(key_of(service)) {
            tell(world, service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer").await;
            warn_of_no_host(world, service).await;
        }
    }

    /// Gives the Service its name or addresses.
    async fn ensure(&self, world: &Informers, service: &Value) -> Result<()> {
        let wanted = match &self.settings.domain {
            Some(domain) => {
                let hostname = format!("{}.{}.{domain}", meta::name(service), meta::namespace(service));
                vec![json!({"hostname": hostname})]
            }
            None => match self.addresses(service) {
                Ok(addresses) => addresses.into_iter().map(|address| json!({"ip": address, "ipMode": "VIP"})).collect(),
                Err(why) => {
                    self.begin(world, service).await;
                    {
                        let mut ledger = self.ledger();
                        ledger.starved.insert(key_of(service));
                        ledger.begun.remove(&key_of(service));
                    }
                    let why = format!("Error syncing load balancer: failed to ensure load balancer: {why}");
                    tell(world, service, "Warning", "SyncLoadBalancerFailed", &why).await;
                    return Ok(());
                }
            },
        };
        let is_changed = ingress(service) != wanted.as_slice();
        if is_changed {
            self.begin(world, service).await;
        }
        if self.ledger().begun.remove(&key_of(service)) {
            tell(world, service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer").await;
        }
        if is_changed {
            let changes = json!({"status": {"loadBalancer": {"ingress": wanted}}});
            ownership::merge(world, &service::DEF, service, "status", &changes, NAME).await?;
        }
        Ok(())
    }

    /// The Service's addresses: those somebody chose, the one it asks for, or one of each of its families.
    fn addresses(&self, service: &Value) -> std::result::Result<Vec<IpAddr>, String> {
        let chosen = options::chosen_addresses(service);
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        let uid = meta::uid(service);
        let mut ledger = self.ledger();
        if let Ok(asked) = meta::text(service, &["spec", "loadBalancerIP"]).parse::<IpAddr>() {
            let known = self.settings.ranges.iter().any(|range| range.contains(&asked));
            return match known && ledger.addresses.take_this(asked, uid) {
                true => Ok(vec![asked]),
                false if known => Err(format!("the address {asked} is taken")),
                false => Err(format!("the address {asked} is in no pool")),
            };
        }
        let mut addresses = Vec::new();
        for family in meta::items(service, &["spec", "ipFamilies"]).iter().filter_map(Value::as_str) {
            let Some(range) = self.settings.ranges.iter().find(|range| Family::of_net(range).name() == family) else {
                continue;
            };
            let held = ledger.addresses.held_by(uid).iter().find(|address| range.contains(*address)).copied();
            let address = held.or_else(|| ledger.addresses.take(*range, uid));
            addresses.push(address.ok_or_else(|| format!("no address is left in {range}"))?);
        }
        if addresses.is_empty() {
            return Err("there is no pool of the Service's address families".to_owned());
        }
        Ok(addresses)
    }

    /// Takes back what a Service had that is no load balancer any more.
    async fn give_up(&self, world: &Informers, service: &Value) -> Result<()> {
        if meta::finalizers(service).contains(&FINALIZER) && !is_foreign(service) {
            tell(world, service, "Normal", "DeletingLoadBalancer", "Deleting load balancer").await;
            if !ingress(service).is_empty() && !meta::is_deleting(service) {
                let changes = json!({"status": {"loadBalancer": {"ingress": null}}});
                ownership::merge(world, &service::DEF, service, "status", &changes, NAME).await?;
            }
            set_finalizer(world, service, false).await?;
            tell(world, service, "Normal", "DeletedLoadBalancer", "Deleted load balancer").await;
        }
        let starved = self.ledger().release(service);
        if let Some(queue) = self.queue.get() {
            starved.into_iter().for_each(|key| queue.add(key));
        }
        Ok(())
    }

    /// Whether it is time to give the Service its address.
    fn is_due(&self, service: &Value) -> bool {
        if options::wants_address(service) {
            return true;
        }
        let Timing::After(delay) = self.settings.timing else { return false };
        let since = *self.ledger().since.entry(meta::uid(service).to_owned()).or_insert_with(Instant::now);
        let wait = (since + delay).saturating_duration_since(Instant::now());
        if let Some(queue) = self.queue.get().filter(|_| !wait.is_zero()) {
            queue.remind(key_of(service), wait);
        }
        wait.is_zero()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Takes in what has happened to a Service; answers the keys of those that this concerns.
    fn note(&mut self, change: &Change, is_live: bool) -> Vec<String> {
        let key = change.place();
        let Some(now) = change.now() else {
            self.updates.remove(&key);
            return change.before().map(|service| self.release(service)).unwrap_or_default();
        };
        let update = match change.before() {
            Some(before) => balancer_changes::update(before, now, wants),
            // What was up when this server started has been told of before.
            None => (wants(now) && (is_live || ingress(now).is_empty())).then_some(Update { note: None }),
        };
        if let Some(update) = update {
            self.updates.entry(key.clone()).or_default().push(update);
        }
        if is_ours(now) {
            for address in ingress_addresses(now) {
                self.addresses.take_this(address, meta::uid(now));
            }
            if !ingress(now).is_empty() {
                self.up.insert(key.clone());
            }
        }
        vec![key]
    }

    /// Takes back a Service's addresses. Answers the Services that may have an address now.
    fn release(&mut self, service: &Value) -> Vec<String> {
        let (key, uid) = (key_of(service), meta::uid(service));
        self.up.remove(&key);
        self.begun.remove(&key);
        self.since.remove(uid);
        if self.addresses.held_by(uid).is_empty() {
            return Vec::new();
        }
        self.addresses.release(uid);
        std::mem::take(&mut self.starved).into_iter().collect()
    }
}

/// Whether the Service wants a load balancer from us.
fn wants(service: &Value) -> bool {
    meta::text(service, &["spec", "type"]) == "LoadBalancer" && !is_foreign(service)
}

/// Whether the Service is to have a load balancer from us.
fn is_ours(service: &Value) -> bool {
    wants(service) && !meta::is_deleting(service)
}

/// Tells if there is no node that a load balancer could lead to; answers whether there is one.
async fn warn_of_no_host(world: &Informers, service: &Value) -> bool {
    let found = world.look(|index| index.nodes().iter().any(|node| balancer_changes::is_host(node)));
    if !found {
        let message = "There are no available nodes for LoadBalancer";
        tell(world, service, "Warning", "UnAvailableLoadBalancer", message).await;
    }
    found
}

/// Whether somebody else has to provide the Service's load balancer.
fn is_foreign(service: &Value) -> bool {
    !["", CLASS].contains(&meta::text(service, &["spec", "loadBalancerClass"]))
}

fn ingress(service: &Value) -> &[Value] {
    meta::items(service, &["status", "loadBalancer", "ingress"])
}

fn ingress_addresses(service: &Value) -> impl Iterator<Item = IpAddr> {
    ingress(service).iter().filter_map(|entry| meta::text(entry, &["ip"]).parse().ok())
}

/// Puts the finalizer on the Service, or takes it away.
async fn set_finalizer(world: &Informers, service: &Value, wanted: bool) -> Result<()> {
    let mut finalizers = meta::finalizers(service);
    if finalizers.contains(&FINALIZER) == wanted {
        return Ok(());
    }
    if wanted {
        finalizers.push(FINALIZER);
    } else {
        finalizers.retain(|finalizer| *finalizer != FINALIZER);
    }
    let finalizers = if finalizers.is_empty() { Value::Null } else { json!(finalizers) };
    let version = meta::resource_version(service);
    let changes = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
    ownership::merge(world, &service::DEF, service, "", &changes, NAME).await
}

async fn tell(world: &Informers, service: &Value, kind: &str, reason: &str, message: &str) {
    record(&world.api, service, Note { component: NAME, kind, reason, message }).await;
}
