//! Keeps the status of PodDisruptionBudgets: how many of their pods are healthy, and how many may be evicted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::ownership::{self, Selections};
use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes::{self, MANAGER},
    },
    world::{change::Change, informer::Informers, pod_view::PodView, recorder::Note},
};
use crate::{
    kinds::{
        pod, pod_disruption_budget,
        rules::{check, share},
    },
    object::{Reason, Status, meta, status::Result},
};

const NAME: &str = "disruption-controller";
/// How long an evicted pod is taken for one that is about to go.
const DELETION_TIMEOUT: SignedDuration = SignedDuration::from_mins(2);
/// How long a pod is marked as one that is about to go.
const MARK_TIMEOUT: SignedDuration = SignedDuration::from_mins(2);
/// The condition that marks it.
const MARK: &str = "DisruptionTarget";
/// What keys begin with that are about a budget, and about a marked pod.
const BUDGETS: &str = "budgets/";
const PODS: &str = "pods/";

#[derive(Default)]
pub struct DisruptionController {
    selections: Selections,
}

/// What a budget comes to, before its pods are counted.
struct Goal {
    /// How many pods there should be.
    expected: i64,
    /// How many of them have to be healthy.
    desired: i64,
    /// Whether there are pods that nobody controls, which spoils a share of all.
    has_unmanaged: bool,
}

impl Controller for DisruptionController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, Context { queue, .. }: Context<'_>) -> Vec<String> {
        if change.is(&pod_disruption_budget::DEF) {
            self.selections.apply_as(change, pod_disruption_budget::selector);
            return vec![format!("{BUDGETS}{}", change.namespaced_name())];
        }
        if !change.is(&pod::DEF) {
            return Vec::new();
        }
        if change.now().is_some_and(is_marked) {
            let timeout = Duration::try_from(MARK_TIMEOUT).unwrap_or_default();
            queue.requeue_after(format!("{PODS}{}", change.namespaced_name()), timeout);
        }
        let states = [change.before(), change.now()].into_iter().flatten();
        let keys: BTreeSet<String> = states.flat_map(|pod| self.selections.of(pod)).collect();
        keys.into_iter().map(|key| format!("{BUDGETS}{key}")).collect()
    }

    fn coalesces(&self) -> bool {
        true
    }

    fn reconcile<'a>(&'a self, key: &'a str, context: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Some((namespace, name)) = key.strip_prefix(PODS).and_then(|key| key.split_once('/')) {
                return unmark(namespace, name, key, context).await;
            }
            let parts = key.strip_prefix(BUDGETS).and_then(|key| key.split_once('/'));
            let Some((namespace, name)) = parts else { return Ok(()) };
            let world = context.world;
            let Some(budget) = world.get(&pod_disruption_budget::DEF, namespace, name).await? else { return Ok(()) };
            match sync(&budget, key, context).await {
                Err(status) if status.reason != Reason::Conflict => give_up(world, budget, &status.message).await,
                outcome => outcome,
            }
        })
    }
}

/// Brings a budget's status up to date.
async fn sync(budget: &Value, key: &str, Context { world, queue }: Context<'_>) -> Result<()> {
    let pods = match pod_disruption_budget::selector(budget) {
        Some(selector) => world.with_index(|index| index.pods_matching(meta::namespace(budget), &selector)),
        None => Vec::new(),
    };
    if pods.is_empty() {
        record(world, budget, "Normal", "NoPods", "No matching pods found").await;
    }
    let goal = match Goal::of(budget, &pods, world).await {
        Ok(goal) => goal,
        Err(status) => {
            let message = format!("Failed to calculate the number of expected pods: {}", status.message);
            record(world, budget, "Warning", "CalculateExpectedPodCountFailed", &message).await;
            return Err(status);
        }
    };
    if goal.has_unmanaged {
        record(world, budget, "Warning", "UnmanagedPods", &unmanaged_message(budget)).await;
    }
    let now = world.api.now();
    let (disrupted, recheck) = disrupted_pods(budget, &pods, world).await;
    let is_healthy = |pod: &&Arc<PodView>| !pod.is_deleting && !disrupted.contains_key(&pod.name) && pod.is_ready;
    let healthy = i64::try_from(pods.iter().filter(is_healthy).count()).unwrap_or(i64::MAX);
    let updated = with_status(budget, &goal, healthy, &disrupted, now);
    if updated["status"] != budget["status"] {
        store(world, updated).await?;
    }
    if let Some(recheck) = recheck {
        let wait = Duration::try_from(recheck.duration_since(now)).unwrap_or_default();
        queue.requeue_after(key.to_owned(), wait);
    }
    Ok(())
}

/// The budget with the status that these numbers make.
fn with_status(
    budget: &Value,
    goal: &Goal,
    healthy: i64,
    disrupted: &BTreeMap<String, Value>,
    now: Timestamp,
) -> Value {
    let allowed = if goal.expected > 0 { (healthy - goal.desired).max(0) } else { 0 };
    let mut updated = budget.clone();
    let generation = meta::at(budget, &["metadata", "generation"]).cloned().unwrap_or_default();
    let status = meta::map_mut(&mut updated, "status");
    status.insert("observedGeneration".to_owned(), generation);
    let counts = [
        ("disruptionsAllowed", allowed),
        ("currentHealthy", healthy),
        ("desiredHealthy", goal.desired),
        ("expectedPods", goal.expected),
    ];
    status.extend(counts.map(|(name, count)| (name.to_owned(), count.into())));
    if disrupted.is_empty() {
        status.shift_remove("disruptedPods");
    } else {
        status.insert("disruptedPods".to_owned(), json!(disrupted));
    }
    pod_disruption_budget::set_allowed_condition(&mut updated, now);
    updated
}

/// Allows nothing while nobody knows how many pods there should be.
async fn give_up(world: &Informers, mut budget: Value, why: &str) -> Result<()> {
    meta::map_mut(&mut budget, "status").insert("disruptionsAllowed".to_owned(), 0.into());
    let now = world.api.now();
    pod_disruption_budget::set_condition(&mut budget, "False", pod_disruption_budget::SYNC_FAILED, why, now);
    store(world, budget).await
}

async fn store(world: &Informers, budget: Value) -> Result<()> {
    let def = &pod_disruption_budget::DEF;
    writes::update(&world.api, def, def.subresource("status"), budget).await.map(drop)
}

/// The pods that have been evicted and are still there, each with the time, and when the first of them is due to be gone.
async fn disrupted_pods(
    budget: &Value,
    pods: &[Arc<PodView>],
    world: &Informers,
) -> (BTreeMap<String, Value>, Option<Timestamp>) {
    let (mut disrupted, mut recheck) = (BTreeMap::new(), None);
    let Some(evicted) = meta::map(budget, &["status", "disruptedPods"]) else { return (disrupted, recheck) };
    let now = world.api.now();
    for pod in pods.iter().filter(|pod| !pod.is_deleting) {
        let Some(since) = evicted.get(&pod.name) else { continue };
        let due = since.as_str().and_then(|since| since.parse::<Timestamp>().ok()).unwrap_or(now);
        let due = due.saturating_add(DELETION_TIMEOUT).unwrap_or(now);
        if due > now {
            disrupted.insert(pod.name.clone(), since.clone());
            recheck = Some(recheck.map_or(due, |first: Timestamp| first.min(due)));
        } else if let Ok(Some(pod)) = world.get(&pod::DEF, &pod.namespace, &pod.name).await {
            let (namespace, name) = (meta::namespace(budget), meta::name(budget));
            let message = format!("Pod was expected by PDB {namespace}/{name} to be deleted but it wasn't");
            record(world, &pod, "Warning", "NotDeleted", &message).await;
        }
    }
    (disrupted, recheck)
}

impl Goal {
    async fn of(budget: &Value, pods: &[Arc<PodView>], world: &Informers) -> Result<Self> {
        let null = Value::Null;
        let spec = budget.get("spec").unwrap_or(&null);
        if let Some(most) = check::given(spec, "maxUnavailable") {
            let (expected, has_unmanaged) = expected_scale(pods, world).await?;
            let desired = (expected - share::of(Some(most), expected, true)).max(0);
            return Ok(Self { expected, desired, has_unmanaged });
        }
        match check::given(spec, "minAvailable") {
            Some(least @ Value::String(_)) => {
                let (expected, has_unmanaged) = expected_scale(pods, world).await?;
                Ok(Self { expected, desired: share::of(Some(least), expected, true), has_unmanaged })
            }
            Some(least) => {
                let expected = i64::try_from(pods.len()).unwrap_or(i64::MAX);
                Ok(Self { expected, desired: least.as_i64().unwrap_or_default(), has_unmanaged: false })
            }
            None => Ok(Self { expected: 0, desired: 0, has_unmanaged: false }),
        }
    }
}

/// How many pods the controllers of these pods want, and whether some have no controller.
async fn expected_scale(pods: &[Arc<PodView>], world: &Informers) -> Result<(i64, bool)> {
    let mut scales: BTreeMap<String, i64> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut has_unmanaged = false;
    for pod in pods {
        if pod.controller.is_empty() {
            has_unmanaged = true;
        } else if known.insert(pod.controller.as_str()) {
            let Some(object) = world.get(&pod::DEF, &pod.namespace, &pod.name).await? else { continue };
            match scale_of_controller(&object, world).await? {
                Some((uid, scale)) => drop(scales.insert(uid, scale)),
                None => return Err(Status::untyped(format!("found no controllers for pod \"{}\"", pod.name))),
            }
        }
    }
    Ok((scales.values().sum(), has_unmanaged))
}

/// The uid and the wanted pods of what controls an object in the end: a ReplicaSet's Deployment decides, not the set.
async fn scale_of_controller(object: &Value, world: &Informers) -> Result<Option<(String, i64)>> {
    let Some(owner) = ownership::controller(object) else { return Ok(None) };
    let text = |member: &str| meta::text(owner, &[member]);
    let (group, version) = text("apiVersion").rsplit_once('/').unwrap_or(("", text("apiVersion")));
    let Some(kind) = world.api.registry().kind(group, version, text("kind")) else { return Ok(None) };
    let found = world.get(&kind, meta::namespace(object), text("name")).await?;
    let Some(found) = found.filter(|found| meta::uid(found) == text("uid")) else { return Ok(None) };
    if ownership::controller(&found).is_some()
        && let Some(above) = Box::pin(scale_of_controller(&found, world)).await.ok().flatten()
    {
        return Ok(Some(above));
    }
    match kind.scale_of(&found)? {
        Some(scale) => Ok(Some((meta::uid(&found).to_owned(), scale))),
        None => {
            let resource = [&kind.plural, ".", group].concat();
            let resource = resource.trim_end_matches('.');
            Err(Status::untyped(format!("{resource} does not implement the scale subresource")))
        }
    }
}

/// Whether a pod is marked as one that is about to go, but not by its node and not with reason.
fn is_marked(pod: &Value) -> bool {
    let ended = ["Succeeded", "Failed"].contains(&meta::text(pod, &["status", "phase"]));
    !ended
        && !meta::is_deleting(pod)
        && ownership::condition(pod, MARK)
            .is_some_and(|mark| mark["status"] == "True" && mark["reason"] != "TerminationByKubelet")
}

/// Takes the mark from a pod that was to go and is still there.
async fn unmark(namespace: &str, name: &str, key: &str, Context { world, queue }: Context<'_>) -> Result<()> {
    let found = world.get(&pod::DEF, namespace, name).await?;
    let Some(pod) = found.filter(is_marked) else { return Ok(()) };
    let now = world.api.now();
    let since = ownership::condition(&pod, MARK).map_or("", |mark| meta::text(mark, &["lastTransitionTime"]));
    let due = since.parse::<Timestamp>().unwrap_or(now).saturating_add(MARK_TIMEOUT).unwrap_or(now);
    if due > now {
        queue.requeue_after(key.to_owned(), Duration::try_from(due.duration_since(now)).unwrap_or_default());
        return Ok(());
    }
    let mut conditions = meta::items(&pod, &["status", "conditions"]).to_vec();
    for condition in conditions.iter_mut().filter(|condition| condition["type"] == MARK) {
        *condition = json!({"type": MARK, "status": "False", "lastTransitionTime": crate::verbs::rfc3339(now)});
    }
    let changes = json!({
        "metadata": {"resourceVersion": meta::resource_version(&pod)},
        "status": {"conditions": conditions},
    });
    writes::merge(&world.api, MANAGER, &pod::DEF, &pod, "status", &changes).await.map(drop)
}

fn unmanaged_message(budget: &Value) -> String {
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of \
         the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please \
         set \".spec.minAvailable\" field of the PDB to an integer value.",
        shown_selector(budget)
    )
}

/// The selector as Go prints it.
fn shown_selector(budget: &Value) -> String {
    let mut out = "&LabelSelector{MatchLabels:map[string]string{".to_owned();
    let labels: BTreeMap<_, _> =
        meta::map(budget, &["spec", "selector", "matchLabels"]).into_iter().flatten().collect();
    for (key, value) in labels {
        let _ = write!(out, "{key}: {},", value.as_str().unwrap_or_default());
    }
    out.push_str("},MatchExpressions:[]LabelSelectorRequirement{");
    for expression in meta::items(budget, &["spec", "selector", "matchExpressions"]) {
        let text = |member: &str| meta::text(expression, &[member]);
        let values: Vec<_> = meta::items(expression, &["values"]).iter().filter_map(Value::as_str).collect();
        let (key, operator, values) = (text("key"), text("operator"), values.join(" "));
        let _ = write!(out, "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},");
    }
    out.push_str("},}");
    out
}

async fn record(world: &Informers, about: &Value, kind: &str, reason: &str, message: &str) {
    world.recorder.record(about, Note { component: "controllermanager", kind, reason, message }).await;
}
