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
    simulated_pod::SimulatedPod,
};
use crate::{
    controllers::{
        engine::{
            controller::{Context, Controller, split_key},
            workqueue::WorkQueue,
            writes,
        },
        services::address_pool::AddressPool,
    },
    world::{change::Change, informer::Informers, node_view::NodeView, recorder::Note, selection::Selection},
};
use crate::{
    kinds::{core::node, pod},
    object::{Reason, Status, status::Result},
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
            return change.now().map(|_| change.namespaced_name()).into_iter().collect();
        }
        if !change.is(&node::DEF) {
            return Vec::new();
        }
        let node = change.key.name();
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
            let pod = SimulatedPod::of(&pod)?;
            if pod.spec.node_name.is_empty() {
                return self.schedule(world, &pod).await;
            }
            let uid = pod.metadata.uid;
            let Some(node) = world.with_index(|index| index.node(pod.spec.node_name)) else {
                // Nobody is left to stop the pod.
                let was_simulated = self.state().assignments.get(uid).is_some_and(|assignment| assignment.simulated);
                return if was_simulated { delete(world, &pod).await } else { Ok(()) };
            };
            if !options::is_simulated(&node) {
                return Ok(());
            }
            if let Some(assignment) = self.state().assignments.get_mut(uid) {
                assignment.simulated = true;
            }
            if pod.metadata.is_deleting() {
                return self.stop(context, &pod).await;
            }
            if pod.is_finished() {
                return Ok(());
            }
            match options::failure(&pod.metadata) {
                Some(why) => end(world, &pod, End::Failure(why)).await,
                None => self.run(context, &pod, &node).await,
            }
        })
    }
}

impl PodSimulator {
    /// Gives the pod to the node that has the fewest.
    async fn schedule(&self, world: &Informers, pod: &SimulatedPod<'_>) -> Result<()> {
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
        let metadata = &pod.metadata;
        let binding = json!({
            "metadata": {"name": metadata.name, "namespace": metadata.namespace, "uid": metadata.uid},
            "target": {"kind": "Node", "name": chosen},
        });
        let target = Target::new(&pod::DEF, metadata.namespace, metadata.name);
        let sub = pod::DEF.subresource("binding").expect("pods can be bound");
        let options = WriteOptions::internal("kube-scheduler");
        match world.api.create_subresource(&target, sub, DecodedObject::from(binding), &options).await {
            Ok(_) => {
                writes::add_change();
                let message = format!("Successfully assigned {} to {chosen}", pod.key());
                record_event(world, pod, SCHEDULER, "Normal", "Scheduled", &message).await;
                Ok(())
            }
            Err(status) if matches!(status.reason, Reason::NotFound | Reason::Conflict) => {
                self.state().forget(pod.metadata.uid);
                Ok(())
            }
            Err(status) => Err(status),
        }
    }

    /// Brings the pod to where it should be by now: running, and ready when its time has come and nothing holds it.
    async fn run(&self, Context { world, queue }: Context<'_>, pod: &SimulatedPod<'_>, node: &NodeView) -> Result<()> {
        let addresses = self.addresses(world, pod, node).await?;
        let is_started = pod.is_true("ContainersReady") || self.is_due(queue, pod);
        let life = Life {
            host: &node.addresses,
            addresses: &addresses,
            ready: is_started && !options::is_held_unready(&pod.metadata),
            node_ready: node.is_ready,
            now: world.api.now(),
        };
        let is_ready = life.ready;
        write_status(world, pod, pod_status::running(pod, &life)).await?;
        if is_ready && self.has_run(queue, pod) { end(world, pod, End::Success).await } else { Ok(()) }
    }

    /// Whether the pod's containers have done what they had to. The time begins when this is first asked.
    fn has_run(&self, queue: &WorkQueue, pod: &SimulatedPod<'_>) -> bool {
        let Some(time) = options::run_time(&pod.metadata, pod.spec.restart_policy, self.simulation.run_time) else {
            return false;
        };
        let mut state = self.state();
        let Some(assignment) = state.assignments.get_mut(pod.metadata.uid) else { return false };
        let at = *assignment.ends_at.get_or_insert_with(|| Instant::now() + time);
        let wait = at.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            queue.requeue_after(pod.key(), wait);
        }
        wait.is_zero()
    }

    /// Removes the pod when it has had time to stop.
    async fn stop(&self, Context { world, queue }: Context<'_>, pod: &SimulatedPod<'_>) -> Result<()> {
        let grace = pod.metadata.deletion_grace_period_seconds;
        let Some(grace) = grace.filter(|grace| *grace > 0) else { return Ok(()) };
        let time = options::stop_after(&pod.metadata).unwrap_or(STOP_TIME).min(Duration::from_secs(grace));
        let wait = {
            let mut state = self.state();
            let Some(assignment) = state.assignments.get_mut(pod.metadata.uid) else { return Ok(()) };
            // A shorter grace period may have been granted since.
            let at = assignment.stopped_at.unwrap_or_else(|| Instant::now() + time).min(Instant::now() + time);
            assignment.stopped_at = Some(at);
            at.saturating_duration_since(Instant::now())
        };
        if wait.is_zero() {
            return delete(world, pod).await;
        }
        queue.add_after(pod.key(), wait);
        Ok(())
    }

    /// Whether the pod's containers have had time to become ready. The time begins when this is first asked.
    fn is_due(&self, queue: &WorkQueue, pod: &SimulatedPod<'_>) -> bool {
        let wait = {
            let mut state = self.state();
            let Some(assignment) = state.assignments.get_mut(pod.metadata.uid) else { return false };
            let begins = assignment.ready_at.is_none();
            let at = *assignment.ready_at.get_or_insert_with(|| Instant::now() + self.simulation.start_delay);
            let wait = at.saturating_duration_since(Instant::now());
            if !begins || wait.is_zero() {
                return wait.is_zero();
            }
            wait
        };
        queue.add_after(pod.key(), wait);
        false
    }

    /// The pod's addresses: those somebody chose, its node's, those it has, or new ones.
    async fn addresses(&self, world: &Informers, pod: &SimulatedPod<'_>, node: &NodeView) -> Result<Vec<IpAddr>> {
        let chosen = match options::chosen_addresses(&pod.metadata) {
            Ok(chosen) => chosen,
            Err(why) => return Err(no_sandbox(world, pod, why).await),
        };
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        if pod.spec.host_network {
            return Ok(node.addresses.clone());
        }
        let present: Vec<IpAddr> = pod.addresses().collect();
        if !present.is_empty() {
            return Ok(present);
        }
        let mut ranges = node.pod_ranges.clone();
        if ranges.is_empty() {
            ranges.clone_from(&self.simulation.pod_ranges);
        }
        let taken: Option<Vec<_>> = {
            let mut state = self.state();
            let held = state.addresses.held_by(pod.metadata.uid).to_vec();
            let mut take = |range| state.addresses.take(range, pod.metadata.uid);
            if held.is_empty() { ranges.into_iter().map(&mut take).collect() } else { Some(held) }
        };
        match taken {
            Some(addresses) => Ok(addresses),
            None => {
                self.state().addresses.release(pod.metadata.uid);
                let why = format!("no address is free on {}", node.name);
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
        // What does not decode is an error when its key is reconciled.
        let Some(Ok(pod)) = change.newest().map(SimulatedPod::of) else { return };
        let (key, uid, node) = (pod.key(), pod.metadata.uid, pod.spec.node_name);
        if change.is_removal() {
            self.waiting.remove(&key);
            return self.forget(uid);
        }
        if node.is_empty() {
            self.waiting.insert(key);
            return;
        }
        self.waiting.remove(&key);
        self.put(uid, &key, node);
        if pod.is_active() || pod.metadata.is_deleting() {
            for address in pod.addresses() {
                self.addresses.take_this(address, uid);
            }
        } else {
            self.addresses.release(uid);
        }
    }

    /// Chooses the candidate with the fewest pods, and counts the pod there.
    fn place(&mut self, pod: &SimulatedPod<'_>, candidates: &[&NodeView]) -> String {
        let load = |node: &&&NodeView| self.load.get(&node.name).copied().unwrap_or_default();
        let chosen = candidates.iter().min_by_key(load).map(|node| node.name.clone()).unwrap_or_default();
        self.put(pod.metadata.uid, &pod.key(), &chosen);
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
async fn refuse(world: &Informers, pod: &SimulatedPod<'_>, why: &str) -> Result<()> {
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why});
    if pod.condition("PodScheduled").is_some_and(|known| known.message == why) {
        return Ok(());
    }
    let mut refused = pod.object.clone();
    pod::set_condition(&mut refused, condition, world.api.now());
    write_status(world, pod, refused).await?;
    record_event(world, pod, SCHEDULER, "Warning", "FailedScheduling", why).await;
    Ok(())
}

/// Reports that the pod's containers have ended.
async fn end(world: &Informers, pod: &SimulatedPod<'_>, end: End<'_>) -> Result<()> {
    let found = world.get(&pod::DEF, pod.metadata.namespace, pod.metadata.name).await?;
    let Some(pod) = found.as_ref().map(SimulatedPod::of).transpose()? else { return Ok(()) };
    write_status(world, &pod, pod_status::ended(&pod, end, world.api.now())).await
}

async fn write_status(world: &Informers, old: &SimulatedPod<'_>, new: Value) -> Result<()> {
    if old.object == &new {
        return Ok(());
    }
    writes::update_as(&world.api, KUBELET, &pod::DEF, pod::DEF.subresource("status"), new).await?;
    Ok(())
}

async fn delete(world: &Informers, pod: &SimulatedPod<'_>) -> Result<()> {
    let target = Target::new(&pod::DEF, pod.metadata.namespace, pod.metadata.name);
    let mut options = DeleteOptions::new(Caller::internal(KUBELET));
    options.grace_period_seconds = Some(0);
    options.preconditions.uid = Some(pod.metadata.uid.to_owned());
    writes::delete_with(&world.api, &target, &options).await?;
    Ok(())
}

/// Records why the pod cannot run; returns that as an error, so that it is tried again later.
async fn no_sandbox(world: &Informers, pod: &SimulatedPod<'_>, why: String) -> Box<Status> {
    record_event(world, pod, KUBELET, "Warning", "FailedCreatePodSandBox", &why).await;
    Status::internal(why)
}

async fn record_event(
    world: &Informers,
    pod: &SimulatedPod<'_>,
    component: &str,
    kind: &str,
    reason: &str,
    message: &str,
) {
    world.recorder.record(pod.object, Note { component, kind, reason, message }).await;
}
