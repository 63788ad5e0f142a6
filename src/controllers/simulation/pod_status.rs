//! The status that a kubelet reports of a pod. Pure: whether and when it is reported is decided elsewhere.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controllers::workloads::ownership;
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
pub fn running(pod: &Value, life: &Life<'_>) -> Value {
    let mut pod = pod.clone();
    let now = time(life.now);
    let addressed = |list: &[IpAddr]| list.iter().map(|address| json!({"ip": address})).collect::<Vec<_>>();
    let statuses = container_statuses(&pod, life.ready, &now);
    let status = meta::map_mut(&mut pod, "status");
    status.insert("phase".to_owned(), "Running".into());
    for (single, list, addresses) in [("hostIP", "hostIPs", life.host), ("podIP", "podIPs", life.addresses)] {
        meta::set(status, single, addresses.first().map_or(Value::Null, |address| json!(address)));
        let addresses = addressed(addresses);
        meta::set(status, list, if addresses.is_empty() { Value::Null } else { addresses.into() });
    }
    status.entry("startTime").or_insert_with(|| now.into());
    for (list, statuses) in statuses {
        meta::set(status, list, if statuses.is_empty() { Value::Null } else { statuses.into() });
    }
    let unready = (!life.ready).then(|| {
        let names: Vec<_> = meta::items(&pod, &["spec", "containers"])
            .iter()
            .map(|container| meta::text(container, &["name"]))
            .collect();
        ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" ")))
    });
    let node = (!life.node_ready).then(|| ("NodeNotReady", "Node is not ready".to_owned()));
    let why = unready.clone().or(node).or_else(|| closed_gate(&pod));
    conclude(
        &mut pod,
        [("PodReadyToStartContainers", None), ("Initialized", None), ("Ready", why), ("ContainersReady", unready)],
        life.now,
    );
    pod
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
pub fn ended(pod: &Value, end: End<'_>, now: Timestamp) -> Value {
    let mut pod = pod.clone();
    let (phase, condition, reason, code, message) = match end {
        End::Success => ("Succeeded", "PodCompleted", "Completed", 0, ""),
        End::Failure(message) => ("Failed", "PodFailed", "Error", 1, message),
    };
    let finished = time(now);
    for (list, mut statuses) in container_statuses(&pod, false, &finished) {
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
        let status = meta::map_mut(&mut pod, "status");
        meta::set(status, list, if statuses.is_empty() { Value::Null } else { statuses.into() });
    }
    let status = meta::map_mut(&mut pod, "status");
    status.insert("phase".to_owned(), phase.into());
    if !["", "true"].contains(&message) {
        status.insert("message".to_owned(), message.into());
    }
    let ended = Some((condition, String::new()));
    conclude(
        &mut pod,
        [
            ("PodReadyToStartContainers", ended.clone()),
            ("Initialized", None),
            ("Ready", ended.clone()),
            ("ContainersReady", ended),
        ],
        now,
    );
    pod
}

type Why = Option<(&'static str, String)>;

/// Sets the conditions: each is true, or false for a reason.
fn conclude(pod: &mut Value, conditions: [(&'static str, Why); 4], now: Timestamp) {
    let generation = meta::at(pod, &["metadata", "generation"]).cloned().unwrap_or_default();
    meta::set(meta::map_mut(pod, "status"), "observedGeneration", generation.clone());
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
fn closed_gate(pod: &Value) -> Why {
    let gates = meta::items(pod, &["spec", "readinessGates"]).iter();
    gates.map(|gate| meta::text(gate, &["conditionType"])).find(|gate| !ownership::is_true(pod, gate)).map(|gate| {
        let message = match ownership::condition(pod, gate) {
            None => format!("corresponding condition of pod readiness gate \"{gate}\" does not exist."),
            Some(condition) => {
                let status = meta::text(condition, &["status"]);
                format!("the status of pod readiness gate \"{gate}\" is not \"True\", but {status}")
            }
        };
        ("ReadinessGatesNotReady", message)
    })
}

/// The statuses of the containers, by the member of the status that lists them.
fn container_statuses(pod: &Value, ready: bool, now: &str) -> [(&'static str, Vec<Value>); 2] {
    [("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")].map(|(containers, list)| {
        let known = meta::items(pod, &["status", list]);
        let status = |container: &Value| {
            let known = known.iter().find(|status| status["name"] == container["name"]);
            let since = |path: &[&str]| known.map_or("", |known| meta::text(known, path)).to_owned();
            let started = match since(&["state", "running", "startedAt"]) {
                started if started.is_empty() => now.to_owned(),
                started => started,
            };
            let done = containers == "initContainers" && container["restartPolicy"] != "Always";
            let id = format!("kubedouble://{}/{}", meta::uid(pod), meta::text(container, &["name"]));
            let state = match known.map(|known| &known["state"]) {
                Some(state) if done && state.get("terminated").is_some() => state.clone(),
                _ if done => json!({"terminated": {
                    "exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now, "containerID": id,
                }}),
                _ => json!({"running": {"startedAt": started}}),
            };
            json!({
                "name": container["name"],
                "state": state,
                "lastState": {},
                "ready": done || ready,
                "restartCount": 0,
                "image": container["image"],
                "imageID": "",
                "containerID": id,
                "started": !done,
            })
        };
        (list, meta::items(pod, &["spec", containers]).iter().map(status).collect())
    })
}

fn time(time: Timestamp) -> String {
    crate::verbs::rfc3339(time)
}
