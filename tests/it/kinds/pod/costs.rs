//! The cost of checking a pod grows with its size, not with the square of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::container;
use crate::kinds::definitions::{admit, created, def};

/// How much larger the larger pod is.
const GROWTH: usize = 8;
/// What linear work may take at most; the square of the growth would be 64.
const MOST: u32 = 30;
/// Less than this is noise.
const LEAST: Duration = Duration::from_millis(2);

/// Makes the spec of a pod with a list of so many items.
type Spec = fn(usize) -> Value;

fn numbered(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

fn spec(members: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    spec
}

/// The shortest of some times that it takes to make, check and refuse to change a pod.
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn cost(spec: &Value) -> Duration {
    let pods = def("", "pods");
    let pod = json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec});
    let once = || {
        let start = Instant::now();
        let stored = created(&pods, pod.clone());
        pods.strategy.validate(&stored);
        pods.strategy.warnings(&stored, None);
        let mut changed = stored.clone();
        changed["spec"]["hostname"] = json!("other");
        admit(&pods, &mut changed, Some(&stored));
        pods.strategy.validate_update(&changed, &stored);
        start.elapsed()
    };
    (0..3).map(|_| once()).min().expect("some times")
}

#[test]
fn no_list_costs_its_square() {
    let mut lists: Vec<(&str, Spec)> = Vec::new();
    let mut of = |name, spec: Spec| lists.push((name, spec));
    of("containers", |n| json!({"containers": numbered(n, |_| json!({}))}));
    of("init containers", |n| spec(json!({"initContainers": numbered(n, |i| json!({"name": format!("i{i}")}))})));
    of("env", |n| container(json!({"env": numbered(n, |i| json!({"name": format!("E{i}"), "value": "x"}))})));
    of("ports", |n| container(json!({"ports": numbered(n, |i| json!({"containerPort": 80, "hostPort": i + 1}))})));
    of("mounts", |n| {
        container(json!({"volumeMounts": numbered(n, |i| json!({"name": "v", "mountPath": format!("/{i}")}))}))
    });
    of("devices", |n| container(json!({"volumeDevices": numbered(n, |i| json!({"name": format!("d{i}")}))})));
    of("claims", |n| {
        container(json!({"resources": {"claims": numbered(n, |i| json!({"name": "c", "request": format!("r{i}")}))}}))
    });
    of("volumes", |n| spec(json!({"volumes": numbered(n, |i| json!({"name": format!("v{i}")}))})));
    of("tolerations", |n| {
        spec(json!({"tolerations": numbered(n, |i| json!({"key": format!("k{i}"), "operator": "Exists"}))}))
    });
    of("gates", |n| spec(json!({"schedulingGates": numbered(n, |i| json!({"name": format!("g{i}")}))})));
    of("aliases", |n| {
        spec(json!({"hostAliases": numbered(n, |i| json!({"ip": format!("10.0.{}.{}", i / 256 % 256, i % 256)}))}))
    });
    of("constraints", |n| {
        let constraint =
            |i| json!({"maxSkew": 1, "topologyKey": format!("k{i}"), "whenUnsatisfiable": "DoNotSchedule"});
        spec(json!({"topologySpreadConstraints": numbered(n, constraint)}))
    });
    let mut wrong = Vec::new();
    for (name, spec) in lists {
        let (small, large) = (cost(&spec(500)).max(LEAST), cost(&spec(500 * GROWTH)));
        if large > small * MOST {
            wrong.push(format!("{name}: {small:?} grew to {large:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
