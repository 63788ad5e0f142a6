//! How a rollout proceeds: how many pods the new and the old ReplicaSets get next. Pure.

use std::cmp::Reverse;

use super::{bounds::Bounds, views::ReplicaSetView};

/// How many pods the Deployment wanted when the ReplicaSet got its size.
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// How many there could be then.
pub const MAX: &str = "deployment.kubernetes.io/max-replicas";

/// How many pods a ReplicaSet gets.
pub struct Step<'a> {
    pub set: &'a ReplicaSetView,
    pub replicas: i64,
}

/// How many pods these ReplicaSets are to have altogether.
pub fn total<'a>(sets: impl IntoIterator<Item = &'a ReplicaSetView>) -> i64 {
    sets.into_iter().map(|set| set.replicas).sum()
}

/// The next size of the new ReplicaSet, if it changes.
pub fn grow<'a>(bounds: Bounds, new: &'a ReplicaSetView, old: &[ReplicaSetView]) -> Option<Step<'a>> {
    let replicas = bounds.new_size(new.replicas, total(old));
    (replicas != new.replicas).then_some(Step { set: new, replicas })
}

/// Removes pods from the old ReplicaSets, those that are not available first. `old` is sorted by age, the oldest first.
pub fn shrink<'a>(bounds: Bounds, new: &'a ReplicaSetView, old: &'a [ReplicaSetView]) -> Vec<Step<'a>> {
    let all = new.replicas + total(old);
    let least = bounds.wanted - bounds.unavailable;
    let coming = (new.replicas - new.available()).max(0);
    let mut budget = all - least - coming;
    let mut left: Vec<i64> = old.iter().map(|set| set.replicas).collect();
    for (set, left) in old.iter().zip(&mut left) {
        let cut = (*left - set.available()).clamp(0, budget.max(0));
        *left -= cut;
        budget -= cut;
    }
    let available: i64 = new.available() + old.iter().map(ReplicaSetView::available).sum::<i64>();
    let mut budget = budget.min(available - least);
    for left in &mut left {
        let cut = (*left).clamp(0, budget.max(0));
        *left -= cut;
        budget -= cut;
    }
    let changed = old.iter().zip(left).filter(|(set, left)| set.replicas != *left);
    changed.map(|(set, replicas)| Step { set, replicas }).collect()
}

/// Removes all pods of the old ReplicaSets.
pub fn empty(old: &[ReplicaSetView]) -> Vec<Step<'_>> {
    old.iter().filter(|set| set.replicas > 0).map(|set| Step { set, replicas: 0 }).collect()
}

/// Whether the Deployment has been given another size since its running ReplicaSets were.
pub fn is_rescaled<'a>(wanted: i64, mut sets: impl Iterator<Item = &'a ReplicaSetView>) -> bool {
    sets.any(|set| set.replicas > 0 && set.annotated(DESIRED).is_some_and(|size| size != wanted))
}

/// Gives ReplicaSets their part of a new size without moving the rollout on. `known` is how many pods the Deployment
/// has according to its status; `old` is sorted by age, the oldest first.
pub fn rescale<'a>(
    bounds: Bounds,
    known: i64,
    new: Option<&'a ReplicaSetView>,
    old: &'a [ReplicaSetView],
    is_rolling: bool,
) -> Vec<Step<'a>> {
    let mut active: Vec<_> = old.iter().chain(new).filter(|set| set.replicas > 0).collect();
    if active.len() <= 1 {
        let only = active.pop().or(new).or(old.last());
        return only.map(|set| Step { set, replicas: bounds.wanted }).into_iter().collect();
    }
    let is_saturated = |set: &ReplicaSetView| {
        [Some(set.replicas), set.annotated(DESIRED), Some(set.available())] == [Some(bounds.wanted); 3]
    };
    if new.is_some_and(is_saturated) {
        return empty(old);
    }
    if is_rolling { in_proportion(bounds, known, active) } else { Vec::new() }
}

/// Shares what is to be added or removed by size; the largest set gets what rounding leaves. `sets` are sorted by age,
/// the oldest first.
fn in_proportion(bounds: Bounds, known: i64, mut sets: Vec<&ReplicaSetView>) -> Vec<Step<'_>> {
    let largest = if bounds.wanted > 0 { bounds.most() } else { 0 };
    let change = largest - sets.iter().map(|set| set.replicas).sum::<i64>();
    if change > 0 {
        sets.reverse();
    }
    sets.sort_by_key(|set| Reverse(set.replicas));
    let mut left = change;
    let mut steps: Vec<Step<'_>> = Vec::new();
    for set in sets {
        let share = share_of_change(bounds, known, set);
        let share = if change > 0 { share.min(left) } else { share.max(left) };
        let share = if left == 0 { 0 } else { share };
        left -= share;
        steps.push(Step { set, replicas: set.replicas + share });
    }
    if let Some(first) = steps.first_mut() {
        first.replicas = (first.replicas + left).max(0);
    }
    steps
}

/// How many pods more, or fewer, a set of this size gets.
fn share_of_change(bounds: Bounds, known: i64, set: &ReplicaSetView) -> i64 {
    if bounds.wanted == 0 {
        return -set.replicas;
    }
    let before = set.annotated(MAX).filter(|size| *size != 0).unwrap_or(known);
    if before == 0 {
        return 0;
    }
    let now = (set.replicas * bounds.most()) as f64 / before as f64;
    now.round() as i64 - set.replicas
}
