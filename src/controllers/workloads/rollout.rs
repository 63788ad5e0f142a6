//! How a rollout proceeds: how many pods the new and the old ReplicaSets get next. Pure.

use serde_json::Value;

use crate::{
    kinds::apps::{deployment::share, workload},
    object::meta,
};

/// How many pods the Deployment wanted when the ReplicaSet got its size.
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// How many there could be then.
pub const MAX: &str = "deployment.kubernetes.io/max-replicas";

/// How many pods a ReplicaSet gets.
#[derive(Debug, PartialEq)]
pub struct Step<'a> {
    pub set: &'a Value,
    pub replicas: i64,
}

/// The bounds of a rollout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// How many pods there shall be.
    pub wanted: i64,
    /// How many more there may be for a while.
    pub surge: i64,
    /// How many of them may be missing.
    pub unavailable: i64,
}

impl Bounds {
    /// The bounds of a Deployment.
    pub fn of(deployment: &Value) -> Self {
        let wanted = workload::replicas(deployment);
        let rolling = |member: &str| meta::at(deployment, &["spec", "strategy", "rollingUpdate", member]);
        if is_recreate(deployment) {
            return Self { wanted, surge: 0, unavailable: wanted };
        }
        let surge = share(rolling("maxSurge"), wanted, true);
        let unavailable = share(rolling("maxUnavailable"), wanted, false).min(wanted);
        // Somebody has to give way, else nothing would ever move.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { wanted, surge, unavailable }
    }
}

/// Whether all old pods go before new ones come.
pub fn is_recreate(deployment: &Value) -> bool {
    meta::text(deployment, &["spec", "strategy", "type"]) == "Recreate"
}

/// What to do next; nothing when the rollout is done or has to wait. `old` is sorted by age, the oldest first.
pub fn next<'a>(bounds: Bounds, new: &'a Value, old: &'a [Value], recreate: bool) -> Vec<Step<'a>> {
    if recreate {
        return next_recreation(bounds, new, old);
    }
    if let Some(step) = grow(bounds, new, old) {
        return vec![step];
    }
    shrink(bounds, new, old)
}

/// Whether the Deployment has been given another size since its running ReplicaSets were.
pub fn is_rescaled<'a>(wanted: i64, mut sets: impl Iterator<Item = &'a Value>) -> bool {
    sets.any(|set| workload::replicas(set) > 0 && annotated(set, DESIRED).is_some_and(|size| size != wanted))
}

/// Gives ReplicaSets their part of a new size without moving the rollout on. `known` is how many pods the Deployment
/// has according to its status; `old` is sorted by age, the oldest first.
pub fn rescale<'a>(
    bounds: Bounds,
    known: i64,
    new: Option<&'a Value>,
    old: &'a [Value],
    rolling: bool,
) -> Vec<Step<'a>> {
    let running = |set: &&Value| workload::replicas(set) > 0;
    let mut active: Vec<&Value> = old.iter().chain(new).filter(running).collect();
    if active.len() <= 1 {
        let only = active.pop().or(new).or(old.last());
        return only.map(|set| Step { set, replicas: bounds.wanted }).into_iter().collect();
    }
    let is_saturated = |set: &Value| {
        let available = workload::counted(set, "availableReplicas");
        [Some(workload::replicas(set)), annotated(set, DESIRED), Some(available)] == [Some(bounds.wanted); 3]
    };
    if new.is_some_and(is_saturated) {
        return old.iter().filter(running).map(|set| Step { set, replicas: 0 }).collect();
    }
    if rolling { in_proportion(bounds, known, active) } else { Vec::new() }
}

/// Shares what is to be added or taken away by size; the largest set gets what rounding leaves. `sets` are sorted by
/// age, the oldest first.
fn in_proportion(bounds: Bounds, known: i64, mut sets: Vec<&Value>) -> Vec<Step<'_>> {
    let largest = if bounds.wanted > 0 { bounds.wanted + bounds.surge } else { 0 };
    let change = largest - sets.iter().map(|set| workload::replicas(set)).sum::<i64>();
    if change > 0 {
        sets.reverse();
    }
    sets.sort_by_key(|set| std::cmp::Reverse(workload::replicas(set)));
    let mut left = change;
    let mut steps: Vec<Step<'_>> = Vec::new();
    for set in sets {
        let share = share_of_change(bounds, known, set);
        let share = if change > 0 { share.min(left) } else { share.max(left) };
        let share = if left == 0 { 0 } else { share };
        left -= share;
        steps.push(Step { set, replicas: workload::replicas(set) + share });
    }
    if let Some(first) = steps.first_mut() {
        first.replicas = (first.replicas + left).max(0);
    }
    steps
}

/// How many pods more, or fewer, a set of this size gets.
fn share_of_change(bounds: Bounds, known: i64, set: &Value) -> i64 {
    let size = workload::replicas(set);
    if bounds.wanted == 0 {
        return -size;
    }
    let before = annotated(set, MAX).filter(|size| *size != 0).unwrap_or(known);
    if before == 0 {
        return 0;
    }
    let now = (size * (bounds.wanted + bounds.surge)) as f64 / before as f64;
    now.round() as i64 - size
}

fn annotated(set: &Value, name: &str) -> Option<i64> {
    meta::text(set, &["metadata", "annotations", name]).parse().ok()
}

fn next_recreation<'a>(bounds: Bounds, new: &'a Value, old: &'a [Value]) -> Vec<Step<'a>> {
    let running: Vec<_> = old.iter().filter(|set| workload::replicas(set) > 0).collect();
    if !running.is_empty() {
        return running.into_iter().map(|set| Step { set, replicas: 0 }).collect();
    }
    let left = |set: &Value| workload::counted(set, "replicas") + workload::counted(set, "terminatingReplicas");
    let gone = old.iter().all(|set| left(set) == 0);
    if gone && workload::replicas(new) != bounds.wanted {
        return vec![Step { set: new, replicas: bounds.wanted }];
    }
    Vec::new()
}

fn grow<'a>(bounds: Bounds, new: &'a Value, old: &[Value]) -> Option<Step<'a>> {
    let have = workload::replicas(new);
    let all = have + old.iter().map(workload::replicas).sum::<i64>();
    let replicas = if have >= bounds.wanted {
        bounds.wanted
    } else {
        have + (bounds.wanted + bounds.surge - all).clamp(0, bounds.wanted - have)
    };
    (replicas != have).then_some(Step { set: new, replicas })
}

/// Takes pods from the old sets, those that are not available first.
fn shrink<'a>(bounds: Bounds, new: &'a Value, old: &'a [Value]) -> Vec<Step<'a>> {
    let available = |set: &Value| workload::counted(set, "availableReplicas");
    let all = workload::replicas(new) + old.iter().map(workload::replicas).sum::<i64>();
    let least = bounds.wanted - bounds.unavailable;
    let coming = (workload::replicas(new) - available(new)).max(0);
    let mut budget = all - least - coming;
    let mut left: Vec<i64> = old.iter().map(workload::replicas).collect();
    for (set, left) in old.iter().zip(&mut left) {
        let cut = (*left - available(set)).clamp(0, budget.max(0));
        *left -= cut;
        budget -= cut;
    }
    let ready: i64 = available(new) + old.iter().map(available).sum::<i64>();
    let mut budget = budget.min(ready - least);
    for left in &mut left {
        let cut = (*left).clamp(0, budget.max(0));
        *left -= cut;
        budget -= cut;
    }
    let changed = old.iter().zip(left).filter(|(set, left)| workload::replicas(set) != *left);
    changed.map(|(set, replicas)| Step { set, replicas }).collect()
}
