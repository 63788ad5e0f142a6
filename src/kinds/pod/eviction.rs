//! `eviction`: deletes a pod unless a disruption budget says that too few would be left.

use serde_json::{Map, Value, json};

use super::status::set_condition;
use crate::kinds::{
    EditRequest, IfChanged, Moment, Permit,
    pod_disruption_budget::{self, ALWAYS_ALLOW, counted, set_allowed_condition},
};
use crate::object::{
    GroupVersionKind, Reason, Status, meta,
    status::{Cause, Result},
};

/// The most evictions of one budget's pods that were allowed and that the disruption controller has not confirmed yet.
const DISRUPTED_MAX: usize = 2000;
/// The reason of a cause that is about a budget.
const CAUSE: &str = "DisruptionBudget";
/// Seconds after which a client is to try again while nobody has looked at a new budget.
const RETRY_SECONDS: u32 = 10;

/// Marks a pod and deletes it, within the limits of its budget.
pub struct Evict;

impl EditRequest for Evict {
    fn edit(&self, pod: &mut Value, _eviction: &Value, now: Moment) -> Result<()> {
        let condition = json!({
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting",
        });
        set_condition(pod, condition, now);
        Ok(())
    }

    fn deletion<'a>(&self, eviction: &'a Value) -> Option<&'a Value> {
        Some(eviction.get("deleteOptions").unwrap_or(&Value::Null))
    }

    fn limited_by(&self) -> Option<GroupVersionKind> {
        Some(pod_disruption_budget::DEF.gvk.clone())
    }

    fn permit(&self, pod: &Value, budgets: Vec<Value>, now: Moment) -> Result<Permit> {
        match meta::text(pod, &["status", "phase"]) {
            // It is of no use any more, so nothing is disrupted.
            "Succeeded" | "Failed" => return Ok(Permit::default()),
            _ if meta::is_deleting(pod) => return Ok(Permit::default()),
            // Of no use yet, unless it has just become ready.
            "Pending" => return Ok(Permit { charge: None, if_changed: IfChanged::AskAgain }),
            _ => {}
        }
        let mut selecting = budgets.into_iter().filter(|budget| pod_disruption_budget::selects(budget, pod));
        let Some(budget) = selecting.next() else { return Ok(Permit::default()) };
        if selecting.next().is_some() {
            let text =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::untyped(text));
        }
        if !is_ready(pod) && may_lose_unready(&budget) {
            return Ok(Permit { charge: None, if_changed: IfChanged::Refuse(unprocessed(meta::name(&budget))) });
        }
        let charge = Some(charge(budget, meta::name(pod), now)?);
        Ok(Permit { charge, if_changed: IfChanged::GoOn })
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = meta::items(pod, &["status", "conditions"]);
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Whether pods that are not ready may go without counting.
fn may_lose_unready(budget: &Value) -> bool {
    if meta::text(budget, &["spec", "unhealthyPodEvictionPolicy"]) == ALWAYS_ALLOW {
        return true;
    }
    let desired = counted(budget, "desiredHealthy");
    desired > 0 && counted(budget, "currentHealthy") >= desired
}

/// The budget after one of its pods has been evicted.
fn charge(mut budget: Value, pod: &str, now: Moment) -> Result<Value> {
    let name = meta::name(&budget).to_owned();
    let generation = meta::at(&budget, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
    if counted(&budget, "observedGeneration") < generation {
        return Err(unprocessed(&name));
    }
    let allowed = counted(&budget, "disruptionsAllowed");
    if allowed < 0 {
        return Err(forbidden(&name, "pdb disruptions allowed is negative"));
    }
    if meta::map(&budget, &["status", "disruptedPods"]).map_or(0, Map::len) > DISRUPTED_MAX {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(forbidden(&name, why));
    }
    if allowed == 0 {
        return Err(refusal(&exhausted(&budget)));
    }
    let status = meta::map_mut(&mut budget, "status");
    status.insert("disruptionsAllowed".to_owned(), (allowed - 1).into());
    let disrupted = status.entry("disruptedPods").or_insert(Value::Null);
    let time = Moment::from_second(now.as_second()).unwrap_or(now).to_string();
    meta::members_mut(disrupted).insert(pod.to_owned(), time.into());
    if allowed == 1 {
        set_allowed_condition(&mut budget, now);
    }
    Ok(budget)
}

/// Why a budget allows nothing, as far as it says so itself.
fn exhausted(budget: &Value) -> String {
    let name = meta::name(budget);
    let conditions = meta::items(budget, &["status", "conditions"]);
    let told = conditions.iter().find(|condition| condition["type"] == pod_disruption_budget::ALLOWED);
    let text = |member: &str| told.map_or("", |condition| meta::text(condition, &[member]));
    let (reason, message) = (text("reason"), text("message"));
    let is_told = text("status") == "False" && !message.is_empty();
    let (desired, healthy) = (counted(budget, "desiredHealthy"), counted(budget, "currentHealthy"));
    let subject = format!("The disruption budget {name} does not allow evicting pods currently");
    match () {
        () if is_told && reason == pod_disruption_budget::SYNC_FAILED => {
            format!("{subject} because it failed sync: {message}")
        }
        () if healthy <= desired => {
            format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
        }
        () if is_told => format!("{subject} ({reason}): {message}"),
        () => subject,
    }
}

/// The refusal while the controller has not looked at the budget as it is now.
fn unprocessed(name: &str) -> Box<Status> {
    refusal(&format!("The disruption budget {name} is still being processed by the server.")).retry_after(RETRY_SECONDS)
}

fn refusal(why: &str) -> Box<Status> {
    let text = "Cannot evict pod as it would violate the pod's disruption budget.";
    with_cause(Status::new(Reason::TooManyRequests, text), why)
}

fn forbidden(name: &str, why: &str) -> Box<Status> {
    Status::forbidden(&pod_disruption_budget::DEF.gvk.group, "poddisruptionbudget", name, why)
}

fn with_cause(mut status: Box<Status>, message: &str) -> Box<Status> {
    let cause = Cause { reason: CAUSE.to_owned(), message: message.to_owned(), field: String::new() };
    status.details.get_or_insert_default().causes.push(cause);
    status
}
