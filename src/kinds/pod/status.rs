//! A pod's status: what a new pod starts with, what an update of it may change, conditions and quality of service.

use serde_json::{Map, Value, json};

use crate::kinds::{
    Moment,
    model::strategy::keep_all_but_status,
    rules::{check, ip},
};
use crate::object::{FieldError, FieldErrors, Path, meta, names};
use crate::text::quantity::nanos;

/// Gives a new pod its first status.
pub fn start(pod: &mut Value) {
    let class = qos_class(pod);
    let gated = !meta::items(pod, &["spec", "schedulingGates"]).is_empty();
    let mut status = Map::new();
    status.insert("phase".to_owned(), "Pending".into());
    if gated {
        let condition = json!({
            "type": "PodScheduled",
            "status": "False",
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        status.insert("conditions".to_owned(), vec![condition].into());
    }
    status.insert("qosClass".to_owned(), class.into());
    *meta::map_mut(pod, "status") = status;
}

/// Limits a status update to `status`, and keeps what kubelets may not touch.
pub fn prepare(pod: &mut Value, old: &Value) {
    keep_all_but_status(pod, old);
    let owners = meta::at(old, &["metadata", "ownerReferences"]).cloned().unwrap_or(Value::Null);
    meta::set(meta::metadata_mut(pod), "ownerReferences", owners);
    let class = match meta::text(old, &["status", "qosClass"]) {
        "" => qos_class(old),
        class => class,
    };
    let class = class.to_owned();
    crate::kinds::rules::fill::absent(meta::map_mut(pod, "status"), "qosClass", class);
}

/// Checks a status update.
pub fn errors(pod: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("status");
    let text = |pod, member| meta::text(pod, &["status", member]);
    let mut errors = FieldErrors::new();
    let nominated = text(pod, "nominatedNodeName");
    if nominated != text(old, "nominatedNodeName") && !nominated.is_empty() {
        errors.extend(check::rule(&path.child("nominatedNodeName"), nominated, names::dns1123_subdomain));
    }
    if !text(old, "qosClass").is_empty() && text(pod, "qosClass") != text(old, "qosClass") {
        errors.push(FieldError::invalid(&path.child("qosClass"), text(pod, "qosClass"), "field is immutable"));
    }
    for list in ["containerStatuses", "initContainerStatuses"] {
        errors.extend(transition_errors(&path.child(list), pod, old, list));
    }
    errors.extend(ip_errors(&path.child("podIPs"), pod, old));
    errors
}

/// Sets a condition, as the control plane does: its time moves only when its status does.
pub fn set_condition(pod: &mut Value, mut condition: Value, now: Moment) {
    let conditions = meta::map_mut(pod, "status").entry("conditions").or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(conditions) = conditions else { return };
    let time = Moment::from_second(now.as_second()).unwrap_or(now).to_string();
    let known = conditions.iter_mut().find(|known| known["type"] == condition["type"]);
    let time = match &known {
        Some(known) if known["status"] == condition["status"] => known["lastTransitionTime"].clone(),
        _ => time.into(),
    };
    condition["lastTransitionTime"] = time;
    match known {
        Some(known) => *known = condition,
        None => conditions.push(condition),
    }
}

/// The quality of service that the containers' CPU and memory ask for.
pub fn qos_class(pod: &Value) -> &'static str {
    let (mut asked, mut guaranteed) = (false, true);
    for list in ["containers", "initContainers"] {
        for container in meta::items(pod, &["spec", list]) {
            for resource in ["cpu", "memory"] {
                let amount = |kind: &str| {
                    nanos(meta::text(container, &["resources", kind, resource])).filter(|amount| *amount != 0)
                };
                let (request, limit) = (amount("requests"), amount("limits"));
                asked |= request.is_some() || limit.is_some();
                guaranteed &= limit.is_some() && request.is_none_or(|request| Some(request) == limit);
            }
        }
    }
    match (asked, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// A container that ended for good does not come back.
fn transition_errors(path: &Path, pod: &Value, old: &Value, list: &str) -> FieldErrors {
    let policy = meta::text(old, &["spec", "restartPolicy"]);
    if policy == "Always" {
        return FieldErrors::new();
    }
    let terminated = |status: &Value| meta::at(status, &["state", "terminated"]).is_some_and(|state| !state.is_null());
    let mut errors = FieldErrors::new();
    for (i, before) in meta::items(old, &["status", list]).iter().enumerate().filter(|(_, status)| terminated(status)) {
        let code = meta::at(before, &["state", "terminated", "exitCode"]).and_then(Value::as_i64).unwrap_or_default();
        if code != 0 && policy == "OnFailure" {
            continue;
        }
        let after = meta::items(pod, &["status", list]).iter().find(|status| status["name"] == before["name"]);
        if after.is_some_and(|status| !terminated(status)) {
            let detail = "may not be transitioned to non-terminated state";
            errors.push(FieldError::forbidden(&path.index(i).child("state"), detail));
        }
    }
    errors
}

fn ip_errors(path: &Path, pod: &Value, old: &Value) -> FieldErrors {
    let ips = |pod| meta::items(pod, &["status", "podIPs"]).iter().map(|ip| meta::text(ip, &["ip"]));
    let found: Vec<_> = ips(pod).collect();
    let mut errors = FieldErrors::new();
    for (i, address) in found.iter().enumerate().filter(|(_, address)| !ips(old).any(|known| known == **address)) {
        errors.extend(ip::legacy(&path.index(i), address));
    }
    if found.len() < 2 {
        return errors;
    }
    let shown = |address: &&str| json!({"IP": address});
    if found.len() > 2 || ip::family(found[0]) == ip::family(found[1]) {
        let all: Vec<_> = found.iter().map(shown).collect();
        errors.push(FieldError::invalid(path, all, "may specify no more than one IP for each IP family"));
    }
    for (i, address) in found.iter().enumerate().filter(|(i, address)| found[..*i].contains(address)) {
        errors.push(FieldError::duplicate(&path.index(i), shown(address)));
    }
    errors
}
