//! The status that a kubelet reports of a pod. Pure: whether and when it is reported is decided elsewhere.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::simulated_pod::{Container, ContainerStatus, SimulatedPod};
use crate::{kinds::pod, object::meta};

/// What holds of a running pod.
pub struct Life<'a> {
    /// Its node's addresses.
    pub host: &'a [IpAddr],
    /// Its own addresses.
    pub addresses: &'a [IpAddr],
    /// Whether its containers are ready.
    pub ready: bool,
    /// Whether its node is.
    pub node_ready: bool,
    /// The present time.
    pub now: Timestamp,
}

/// The pod as it runs.
pub fn running(pod: &SimulatedPod<'_>, life: &Life<'_>) -> Value {
    let mut object = pod.object.clone();
    let now = time(life.now);
    let addressed = |list: &[IpAddr]| list.iter().map(|address| json!({"ip": address})).collect::<Vec<_>>();
    let status = meta::map_mut(&mut object, "status");
    status.insert("phase".to_owned(), "Running".into());
    for (single, list, addresses) in [("hostIP", "hostIPs", life.host), ("podIP", "podIPs", life.addresses)] {
        meta::set(status, single, addresses.first().map_or(Value::Null, |address| json!(address)));
        set_list(status, list, addressed(addresses));
    }
    status.entry("startTime").or_insert_with(|| now.clone().into());
    for (list, statuses) in container_statuses(pod, life.ready, &now) {
        set_list(status, list, statuses);
    }
    let unready = (!life.ready).then(|| {
        let names: Vec<_> = pod.spec.containers.iter().map(|container| container.name).collect();
        ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" ")))
    });
    let node = (!life.node_ready).then(|| ("NodeNotReady", "Node is not ready".to_owned()));
    let why = unready.clone().or(node).or_else(|| closed_gate(pod));
    let conditions =
        [("PodReadyToStartContainers", None), ("Initialized", None), ("Ready", why), ("ContainersReady", unready)];
    conclude(&mut object, pod.metadata.generation, conditions, life.now);
    object
}

/// How the containers of a pod have ended.
#[derive(Clone, Copy)]
pub enum End<'a> {
    /// Well.
    Success,
    /// With an error, and a message unless it is empty.
    Failure(&'a str),
}

/// The pod after its containers have ended.
pub fn ended(pod: &SimulatedPod<'_>, end: End<'_>, now: Timestamp) -> Value {
    let mut object = pod.object.clone();
    let (phase, condition, reason, code, message) = match end {
        End::Success => ("Succeeded", "PodCompleted", "Completed", 0, ""),
        End::Failure(message) => ("Failed", "PodFailed", "Error", 1, message),
    };
    let finished = time(now);
    let status = meta::map_mut(&mut object, "status");
    for (list, mut statuses) in container_statuses(pod, false, &finished) {
        for status in statuses.iter_mut().filter(|status| status["state"].get("running").is_some()) {
            let started = status["state"]["running"]["startedAt"].clone();
            status["state"] = json!({"terminated": {
                "exitCode": code,
                "reason": reason,
                "startedAt": started,
                "finishedAt": finished,
                "containerID": status["containerID"],
            }});
            status["started"] = false.into();
        }
        set_list(status, list, statuses);
    }
    status.insert("phase".to_owned(), phase.into());
    if !["", "true"].contains(&message) {
        status.insert("message".to_owned(), message.into());
    }
    let ended = Some((condition, String::new()));
    let conditions = [
        ("PodReadyToStartContainers", ended.clone()),
        ("Initialized", None),
        ("Ready", ended.clone()),
        ("ContainersReady", ended),
    ];
    conclude(&mut object, pod.metadata.generation, conditions, now);
    object
}

type Why = Option<(&'static str, String)>;

/// Sets the conditions: each is true, or false for a reason.
fn conclude(pod: &mut Value, generation: Option<i64>, conditions: [(&'static str, Why); 4], now: Timestamp) {
    meta::set(meta::map_mut(pod, "status"), "observedGeneration", generation);
    for (kind, why) in conditions {
        let mut condition = json!({"type": kind, "observedGeneration": generation});
        condition["status"] = if why.is_none() { "True" } else { "False" }.into();
        if let Some((reason, message)) = why {
            condition["reason"] = reason.into();
            if !message.is_empty() {
                condition["message"] = message.into();
            }
        }
        pod::set_condition(pod, condition, now);
    }
}

/// The first readiness gate that is not open.
fn closed_gate(pod: &SimulatedPod<'_>) -> Why {
    let mut gates = pod.spec.readiness_gates.iter().map(|gate| gate.condition_type.as_str());
    gates.find(|gate| !pod.is_true(gate)).map(|gate| {
        let message = match pod.condition(gate) {
            None => format!("corresponding condition of pod readiness gate \"{gate}\" does not exist."),
            Some(condition) => {
                format!("the status of pod readiness gate \"{gate}\" is not \"True\", but {}", condition.status)
            }
        };
        ("ReadinessGatesNotReady", message)
    })
}

/// The statuses of the containers, by the member of the status that lists them.
fn container_statuses(pod: &SimulatedPod<'_>, ready: bool, now: &str) -> [(&'static str, Vec<Value>); 2] {
    let (spec, status) = (&pod.spec, &pod.status);
    let list = |containers: &[Container<'_>], known: &[ContainerStatus<'_>], is_init: bool| {
        let status = |container: &Container<'_>| {
            let id = format!("kubedouble://{}/{}", pod.metadata.uid, container.name);
            let is_done = is_init && container.restart_policy != "Always";
            let known = known.iter().find(|status| status.name == container.name).map(|status| &status.state);
            json!({
                "name": container.name,
                "state": state(known, is_done, &id, now),
                "lastState": {},
                "ready": is_done || ready,
                "restartCount": 0,
                "image": container.image,
                "imageID": "",
                "containerID": id,
                "started": !is_done,
            })
        };
        containers.iter().map(status).collect()
    };
    [
        ("containerStatuses", list(&spec.containers, &status.container_statuses, false)),
        ("initContainerStatuses", list(&spec.init_containers, &status.init_container_statuses, true)),
    ]
}

/// The state of a container that runs, or has done its work. What is known of that state stays.
fn state(known: Option<&BTreeMap<String, Value>>, is_done: bool, id: &str, now: &str) -> Value {
    match known {
        Some(state) if is_done && state.contains_key("terminated") => json!(state),
        _ if is_done => json!({"terminated": {
            "exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now, "containerID": id,
        }}),
        _ => {
            let running = known.and_then(|state| state.get("running"));
            let started = running.map_or("", |running| meta::text(running, &["startedAt"]));
            json!({"running": {"startedAt": if started.is_empty() { now } else { started }}})
        }
    }
}

/// Sets a list, or removes it if it is empty.
fn set_list(members: &mut meta::Object, name: &str, list: Vec<Value>) {
    meta::set(members, name, if list.is_empty() { Value::Null } else { list.into() });
}

fn time(time: Timestamp) -> String {
    crate::verbs::rfc3339(time)
}
