//! Simulates the scheduler, and the kubelets of simulated nodes: pods get a node and addresses, run, become ready, fail
//! when somebody wants that, and stop.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    options::{self, Simulation},
    pod_status::{self, End, Life},
    scheduling,
};
use crate::{
    controllers::{
        engine::{
            controller::{Context, Controller, key_of, split_key},
            workqueue::WorkQueue,
            writes,
        },
        services::address_pool::AddressPool,
        workloads::ownership,
    },
    world::{change::Change, informer::Informers, recorder::Note, selection::Selection},
};
use crate::{
    kinds::{core::node, pod},
    object::{Reason, Status, meta, status::Result},
    verbs::{Caller, DecodedObject, DeleteOptions, Target, WriteOptions},
};

const NAME: &str = "pod-simulator";
const SCHEDULER: &str = "default-scheduler";
const KUBELET: &str = "kubelet";
/// How long a pod takes to stop unless it has less time or says otherwise.
const STOP_TIME: Duration = Duration::from_millis(100);

pub struct PodSimulator {
    simulation: Simulation,
    state: Mutex<State>,
}

/// What is remembered of pods, by uid where nothing else is said.
#[derive(Default)]
struct State {
    addresses: AddressPool,
    assignments: HashMap<String, Assignment>,
    /// How many pods each node has.
    load: HashMap<String, usize>,
    /// The keys of pods without a node.
    waiting: BTreeSet<String>,
}

/// A pod that has a node.
struct Assignment {
    key: String,
    node: String,
    /// Whether the node has been seen to be simulated.
    simulated: bool,
    ready_at: Option<Instant>,
    ends_at: Option<Instant>,
    stopped_at: Option<Instant>,
}

impl PodSimulator {
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation, state: Mutex::default() }
    }
}

impl Controller for PodSimulator {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        let mut state = self.state();
        if change.is(&pod::DEF) {
            state.apply(change);
            return change.now().map(key_of).into_iter().collect();
        }
        if !change.is(&node::DEF) {
            return Vec::new();
        }
        let node = change.newest().map_or("", meta::name);
        let on_node = state
            .assignments
            .values()
            .filter(|assignment| assignment.node == node)
            .map(|assignment| assignment.key.clone());
        on_node.chain(state.waiting.iter().cloned()).collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, context: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let world = context.world;
            let (namespace, name) = split_key(key);
            let Some(pod) = world.get(&pod::DEF, namespace, name).await? else { return Ok(()) };
            let node = meta::text(&pod, &["spec", "nodeName"]).to_owned();
            if node.is_empty() {
                return self.schedule(world, &pod).await;
            }
            let Some(node) = world.with_index(|index| index.node(&node)) else {
                // Nobody is left to stop the pod.
                let was_simulated =
                    self.state().assignments.get(meta::uid(&pod)).is_some_and(|assignment| assignment.simulated);
                return if was_simulated { delete(world, &pod).await } else { Ok(()) };
            };
            if !options::is_simulated(&node) {
                return Ok(());
            }
            if let Some(assignment) = self.state().assignments.get_mut(meta::uid(&pod)) {
                assignment.simulated = true;
            }
            if meta::is_deleting(&pod) {
                return self.stop(context, &pod).await;
            }
            if ["Succeeded", "Failed"].contains(&meta::text(&pod, &["status", "phase"])) {
                return Ok(());
            }
            match options::failure(&pod) {
                Some(why) => end(world, &pod, End::Failure(why)).await,
                None => self.run(context, &pod, &node).await,
            }
        })
    }
}

impl PodSimulator {
    /// Gives the pod to the node that has the fewest.
    async fn schedule(&self, world: &Informers, pod: &Value) -> Result<()> {
        if !scheduling::is_schedulable(pod) {
            return Ok(());
        }
        let nodes = world.with_index(Selection::nodes);
        if !nodes.iter().any(|node| options::is_simulated(node)) {
            return Ok(());
        }
        let chosen = match scheduling::candidates(pod, &nodes) {
            Ok(candidates) => self.state().place(pod, &candidates),
            Err(why) => return refuse(world, pod, &why).await,
        };
        let binding = json!({
            "metadata": {"name": meta::name(pod), "namespace": meta::namespace(pod), "uid": meta::uid(pod)},
            "target": {"kind": "Node", "name": chosen},
        });
        let target = Target::new(&pod::DEF, meta::namespace(pod), meta::name(pod));
        let sub = pod::DEF.subresource("binding").expect("pods can be bound");
        let options = WriteOptions::internal("kube-scheduler");
        match world.api.create_subresource(&target, sub, DecodedObject::from(binding), &options).await {
            Ok(_) => {
                writes::add_change();
                let place = format!("{}/{}", meta::namespace(pod), meta::name(pod));
                let message = format!("Successfully assigned {place} to {chosen}");
                record_event(world, pod, SCHEDULER, "Normal", "Scheduled", &message).await;
                Ok(())
            }
            Err(status) if matches!(status.reason, Reason::NotFound | Reason::Conflict) => {
                self.state().forget(meta::uid(pod));
                Ok(())
            }
            Err(status) => Err(status),
        }
    }

    /// Brings the pod to where it should be by now: running, and ready when its time has come and nothing holds it.
    async fn run(&self, Context { world, queue }: Context<'_>, pod: &Value, node: &Value) -> Result<()> {
        let addresses = self.addresses(world, pod, node).await?;
        let is_started = ownership::is_true(pod, "ContainersReady") || self.is_due(queue, pod);
        let life = Life {
            host: &host_addresses(node),
            addresses: &addresses,
            ready: is_started && !options::is_held_unready(pod),
            node_ready: ownership::is_true(node, "Ready"),
            now: world.api.now(),
        };
        let is_ready = life.ready;
        write_status(world, pod, pod_status::running(pod, &life)).await?;
        if is_ready && self.has_run(queue, pod) { end(world, pod, End::Success).await } else { Ok(()) }
    }

    /// Whether the pod's containers have done what they had to. The time begins when this is first asked.
    fn has_run(&self, queue: &WorkQueue, pod: &Value) -> bool {
        let Some(time) = options::run_time(pod, self.simulation.run_time) else { return false };
        let mut state = self.state();
        let Some(assignment) = state.assignments.get_mut(meta::uid(pod)) else { return false };
        let at = *assignment.ends_at.get_or_insert_with(|| Instant::now() + time);
        let wait = at.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            queue.requeue_after(key_of(pod), wait);
        }
        wait.is_zero()
    }

    /// Removes the pod when it has had time to stop.
    async fn stop(&self, Context { world, queue }: Context<'_>, pod: &Value) -> Result<()> {
        let grace = meta::at(pod, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_u64);
        let Some(grace) = grace.filter(|grace| *grace > 0) else { return Ok(()) };
        let time = options::stop_after(pod).unwrap_or(STOP_TIME).min(Duration::from_secs(grace));
        let wait = {
            let mut state = self.state();
            let Some(assignment) = state.assignments.get_mut(meta::uid(pod)) else { return Ok(()) };
            // A shorter grace period may have been granted since.
            let at = assignment.stopped_at.unwrap_or_else(|| Instant::now() + time).min(Instant::now() + time);
            assignment.stopped_at = Some(at);
            at.saturating_duration_since(Instant::now())
        };
        if wait.is_zero() {
            return delete(world, pod).await;
        }
        queue.add_after(key_of(pod), wait);
        Ok(())
    }

    /// Whether the pod's containers have had time to become ready. The time begins when this is first asked.
    fn is_due(&self, queue: &WorkQueue, pod: &Value) -> bool {
        let wait = {
            let mut state = self.state();
            let Some(assignment) = state.assignments.get_mut(meta::uid(pod)) else { return false };
            let begins = assignment.ready_at.is_none();
            let at = *assignment.ready_at.get_or_insert_with(|| Instant::now() + self.simulation.start_delay);
            let wait = at.saturating_duration_since(Instant::now());
            if !begins || wait.is_zero() {
                return wait.is_zero();
            }
            wait
        };
        queue.add_after(key_of(pod), wait);
        false
    }

    /// The pod's addresses: those somebody chose, its node's, those it has, or new ones.
    async fn addresses(&self, world: &Informers, pod: &Value, node: &Value) -> Result<Vec<IpAddr>> {
        let chosen = match options::chosen_addresses(pod) {
            Ok(chosen) => chosen,
            Err(why) => return Err(no_sandbox(world, pod, why).await),
        };
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        if meta::at(pod, &["spec", "hostNetwork"]) == Some(&Value::Bool(true)) {
            return Ok(host_addresses(node));
        }
        let present: Vec<IpAddr> = status_addresses(pod).collect();
        if !present.is_empty() {
            return Ok(present);
        }
        let cidrs = meta::items(node, &["spec", "podCIDRs"]).iter().filter_map(Value::as_str);
        let mut ranges: Vec<_> = cidrs.filter_map(|cidr| cidr.parse().ok()).collect();
        if ranges.is_empty() {
            ranges.clone_from(&self.simulation.pod_ranges);
        }
        let taken: Option<Vec<_>> = {
            let mut state = self.state();
            let held = state.addresses.held_by(meta::uid(pod)).to_vec();
            let mut take = |range| state.addresses.take(range, meta::uid(pod));
            if held.is_empty() { ranges.into_iter().map(&mut take).collect() } else { Some(held) }
        };
        match taken {
            Some(addresses) => Ok(addresses),
            None => {
                self.state().addresses.release(meta::uid(pod));
                let why = format!("no address is free on {}", meta::name(node));
                Err(no_sandbox(world, pod, why).await)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Brings the state up to date with a change of a pod.
    fn apply(&mut self, change: &Change) {
        let Some(newest) = change.newest() else { return };
        let (key, uid) = (key_of(newest), meta::uid(newest));
        let Some(pod) = change.now() else {
            self.waiting.remove(&key);
            return self.forget(uid);
        };
        let node = meta::text(pod, &["spec", "nodeName"]);
        if node.is_empty() {
            self.waiting.insert(key);
            return;
        }
        self.waiting.remove(&key);
        self.put(uid, &key, node);
        if ownership::is_active(pod) || meta::is_deleting(pod) {
            for address in status_addresses(pod) {
                self.addresses.take_this(address, uid);
            }
        } else {
            self.addresses.release(uid);
        }
    }

    /// Chooses the candidate with the fewest pods, and counts the pod there.
    fn place(&mut self, pod: &Value, candidates: &[&Value]) -> String {
        let load = |node: &&&Value| self.load.get(meta::name(node)).copied().unwrap_or_default();
        let chosen = candidates.iter().min_by_key(load).map_or("", |node| meta::name(node)).to_owned();
        self.put(meta::uid(pod), &key_of(pod), &chosen);
        chosen
    }

    fn put(&mut self, uid: &str, key: &str, node: &str) {
        if self.assignments.get(uid).is_some_and(|assignment| assignment.node == node) {
            return;
        }
        self.unassign(uid);
        *self.load.entry(node.to_owned()).or_default() += 1;
        let assignment = Assignment {
            key: key.to_owned(),
            node: node.to_owned(),
            simulated: false,
            ready_at: None,
            ends_at: None,
            stopped_at: None,
        };
        self.assignments.insert(uid.to_owned(), assignment);
    }

    fn forget(&mut self, uid: &str) {
        self.unassign(uid);
        self.addresses.release(uid);
    }

    fn unassign(&mut self, uid: &str) {
        if let Some(assignment) = self.assignments.remove(uid)
            && let Some(load) = self.load.get_mut(&assignment.node)
        {
            *load = load.saturating_sub(1);
        }
    }
}

/// Says in the pod's status that no node can take it.
async fn refuse(world: &Informers, pod: &Value, why: &str) -> Result<()> {
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why});
    let known = ownership::condition(pod, "PodScheduled");
    if known.is_some_and(|known| known["message"] == why) {
        return Ok(());
    }
    let mut refused = pod.clone();
    pod::set_condition(&mut refused, condition, world.api.now());
    write_status(world, pod, refused).await?;
    record_event(world, pod, SCHEDULER, "Warning", "FailedScheduling", why).await;
    Ok(())
}

/// Reports that the pod's containers have ended.
async fn end(world: &Informers, pod: &Value, end: End<'_>) -> Result<()> {
    let Some(pod) = world.get(&pod::DEF, meta::namespace(pod), meta::name(pod)).await? else { return Ok(()) };
    write_status(world, &pod, pod_status::ended(&pod, end, world.api.now())).await
}

async fn write_status(world: &Informers, old: &Value, new: Value) -> Result<()> {
    if old == &new {
        return Ok(());
    }
    writes::update_as(&world.api, KUBELET, &pod::DEF, pod::DEF.subresource("status"), new).await?;
    Ok(())
}

async fn delete(world: &Informers, pod: &Value) -> Result<()> {
    let target = Target::new(&pod::DEF, meta::namespace(pod), meta::name(pod));
    let mut options = DeleteOptions::new(Caller::internal(KUBELET));
    options.grace_period_seconds = Some(0);
    options.preconditions.uid = Some(meta::uid(pod).to_owned());
    writes::delete_with(&world.api, &target, &options).await?;
    Ok(())
}

/// Records why the pod cannot run; returns that as an error, so that it is tried again later.
async fn no_sandbox(world: &Informers, pod: &Value, why: String) -> Box<Status> {
    record_event(world, pod, KUBELET, "Warning", "FailedCreatePodSandBox", &why).await;
    Status::internal(why)
}

fn status_addresses(pod: &Value) -> impl Iterator<Item = IpAddr> {
    meta::items(pod, &["status", "podIPs"]).iter().filter_map(|entry| meta::text(entry, &["ip"]).parse().ok())
}

fn host_addresses(node: &Value) -> Vec<IpAddr> {
    let addresses = meta::items(node, &["status", "addresses"]).iter();
    let internal = addresses.filter(|address| address["type"] == "InternalIP");
    internal.filter_map(|address| meta::text(address, &["address"]).parse().ok()).collect()
}

async fn record_event(world: &Informers, pod: &Value, component: &str, kind: &str, reason: &str, message: &str) {
    world.recorder.record(pod, Note { component, kind, reason, message }).await;
}
