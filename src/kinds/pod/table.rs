//! A pod's row in a table.

use serde_json::{Value, json};

use crate::kinds::{
    Moment,
    model::strategy::{age, since},
    rules::check,
};
use crate::object::meta;

/// The cells of a row.
pub fn cells(pod: &Value, now: Moment) -> Vec<Value> {
    let row = Row::of(pod);
    let restarts = match (row.restarts, row.last_restart) {
        (0, _) | (_, "") => row.restarts.to_string(),
        (count, last) => format!("{count} ({} ago)", since(last, now)),
    };
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    let first_ip = meta::items(pod, &["status", "podIPs"]).first().map_or("", |ip| meta::text(ip, &["ip"]));
    vec![
        meta::name(pod).into(),
        format!("{}/{}", row.ready, row.total).into(),
        row.reason.into(),
        restarts.into(),
        age(pod, now).into(),
        or_none(first_ip).into(),
        or_none(meta::text(pod, &["spec", "nodeName"])).into(),
        or_none(meta::text(pod, &["status", "nominatedNodeName"])).into(),
        readiness_gates(pod).into(),
    ]
}

/// The conditions of a row: a pod that has ended is completed.
pub fn row_conditions(pod: &Value) -> Vec<Value> {
    let message = match meta::text(pod, &["status", "phase"]) {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return Vec::new(),
    };
    let reason = meta::text(pod, &["status", "phase"]);
    vec![json!({"type": "Completed", "status": "True", "reason": reason, "message": message})]
}

/// What a row sums up over all containers.
struct Row<'a> {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i64,
    last_restart: &'a str,
}

impl<'a> Row<'a> {
    fn of(pod: &'a Value) -> Self {
        let sidecars = meta::items(pod, &["spec", "initContainers"]).iter().filter(|c| c["restartPolicy"] == "Always");
        let mut row = Self {
            ready: 0,
            total: meta::items(pod, &["spec", "containers"]).len() + sidecars.count(),
            reason: starting_reason(pod),
            restarts: 0,
            last_restart: "",
        };
        let initializing = row.add_init_containers(pod);
        if !initializing || has_condition(pod, "Initialized") {
            row.add_containers(pod);
        }
        if meta::is_deleting(pod) {
            let ended = ["Succeeded", "Failed"].contains(&meta::text(pod, &["status", "phase"]));
            if meta::text(pod, &["status", "reason"]) == "NodeLost" {
                row.reason = "Unknown".to_owned();
            } else if !ended {
                row.reason = "Terminating".to_owned();
            }
        }
        row
    }

    /// Goes through the init containers up to the first that is not done; says whether there is one.
    fn add_init_containers(&mut self, pod: &'a Value) -> bool {
        let specs = meta::items(pod, &["spec", "initContainers"]);
        for (i, status) in meta::items(pod, &["status", "initContainerStatuses"]).iter().enumerate() {
            self.add_restarts(status);
            let sidecar = is_sidecar(specs, status);
            let state = State::of(status);
            match state {
                State::Terminated { code: 0, .. } => continue,
                _ if sidecar && check::boolean(status, "started") => {
                    self.ready += usize::from(check::boolean(status, "ready"));
                    continue;
                }
                State::Terminated { .. } => self.reason = format!("Init:{}", state.reason()),
                State::Waiting(reason) if !["", "PodInitializing"].contains(&reason) => {
                    self.reason = format!("Init:{reason}");
                }
                _ => self.reason = format!("Init:{i}/{}", specs.len()),
            }
            return true;
        }
        false
    }

    fn add_containers(&mut self, pod: &'a Value) {
        // From here on only sidecars' restarts count among the init containers'.
        (self.restarts, self.last_restart) = (0, "");
        let specs = meta::items(pod, &["spec", "initContainers"]);
        for status in meta::items(pod, &["status", "initContainerStatuses"]).iter().filter(|s| is_sidecar(specs, s)) {
            self.add_restarts(status);
        }
        let (mut running, mut error) = (false, None);
        for status in meta::items(pod, &["status", "containerStatuses"]).iter().rev() {
            self.add_restarts(status);
            let state = State::of(status);
            match state {
                State::Waiting(reason) if !reason.is_empty() => self.reason = reason.to_owned(),
                State::Terminated { code, .. } => {
                    self.reason = state.reason();
                    error = error.or((code != 0).then(|| state.reason()));
                }
                State::Running if check::boolean(status, "ready") => {
                    running = true;
                    self.ready += 1;
                }
                _ => {}
            }
        }
        if self.reason == "Completed" {
            if running && has_condition(pod, "Ready") {
                self.reason = "Running".to_owned();
            } else if let Some(error) = error {
                self.reason = error;
            } else if running {
                self.reason = "NotReady".to_owned();
            }
        }
    }

    fn add_restarts(&mut self, status: &'a Value) {
        self.restarts += check::integer(status, "restartCount");
        // Times in RFC 3339 and UTC sort as text.
        self.last_restart = self.last_restart.max(meta::text(status, &["lastState", "terminated", "finishedAt"]));
    }
}

/// What a container is doing.
#[derive(Clone, Copy)]
enum State<'a> {
    Waiting(&'a str),
    Running,
    Terminated { reason: &'a str, code: i64, signal: i64 },
    Unknown,
}

impl<'a> State<'a> {
    fn of(status: &'a Value) -> Self {
        let state = |name: &str| status.get("state").and_then(|state| check::given(state, name));
        if let Some(ended) = state("terminated") {
            return Self::Terminated {
                reason: meta::text(ended, &["reason"]),
                code: check::integer(ended, "exitCode"),
                signal: check::integer(ended, "signal"),
            };
        }
        if let Some(waiting) = state("waiting") {
            return Self::Waiting(meta::text(waiting, &["reason"]));
        }
        if state("running").is_some() { Self::Running } else { Self::Unknown }
    }

    fn reason(self) -> String {
        match self {
            Self::Terminated { reason: "", signal: 0, code } => format!("ExitCode:{code}"),
            Self::Terminated { reason: "", signal, .. } => format!("Signal:{signal}"),
            Self::Terminated { reason, .. } | Self::Waiting(reason) => reason.to_owned(),
            Self::Running | Self::Unknown => String::new(),
        }
    }
}

fn starting_reason(pod: &Value) -> String {
    let gated = |condition: &Value| condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated";
    if meta::items(pod, &["status", "conditions"]).iter().any(gated) {
        return "SchedulingGated".to_owned();
    }
    match meta::text(pod, &["status", "reason"]) {
        "" => meta::text(pod, &["status", "phase"]).to_owned(),
        reason => reason.to_owned(),
    }
}

fn is_sidecar(specs: &[Value], status: &Value) -> bool {
    specs.iter().any(|spec| spec["name"] == status["name"] && spec["restartPolicy"] == "Always")
}

fn has_condition(pod: &Value, kind: &str) -> bool {
    let is = |condition: &Value| condition["type"] == kind && condition["status"] == "True";
    meta::items(pod, &["status", "conditions"]).iter().any(is)
}

fn readiness_gates(pod: &Value) -> String {
    let gates = meta::items(pod, &["spec", "readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = gates.iter().filter(|gate| has_condition(pod, meta::text(gate, &["conditionType"]))).count();
    format!("{open}/{}", gates.len())
}
