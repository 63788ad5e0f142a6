//! What may change in a pod that is there: its spec, through its subresources, and its status.

use kubedouble::kinds::Behaviour;
use serde_json::{Value, json};

use crate::kinds::definitions::{created, def, shown, update_errors};

fn stored(spec: Value) -> Value {
    created(&def("", "pods"), json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec}))
}

fn simple(members: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    spec
}

fn edited(old: &Value, path: &str, value: Value) -> Value {
    let mut pod = old.clone();
    *pod.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
    pod
}

/// Sends an update through a subresource: the pod as it would be stored, and what is wrong with it.
fn through(name: &str, mut pod: Value, old: &Value) -> (Value, Vec<String>) {
    let pods = def("", "pods");
    let subresource = pods.subresource(name).expect("a subresource");
    let Behaviour::Part(part) = &subresource.behaviour else { panic!("{name} is no part of a pod") };
    part.prepare(&*pods.strategy, &mut pod, old);
    let errors = shown(&part.validate(&*pods.strategy, &pod, old));
    (pod, errors)
}

const NONE: [&str; 0] = [];

#[test]
fn a_gated_pod_may_become_choosier() {
    let pods = def("", "pods");
    let old = stored(simple(json!({"schedulingGates": [{"name": "a/b"}], "nodeSelector": {"a": "b"}})));
    let selector = |selector: Value| update_errors(&pods, &old, edited(&old, "/spec/nodeSelector", selector));
    assert_eq!(selector(json!({"a": "b", "c": "d"})), NONE);
    assert_eq!(
        selector(json!({"a": "x"})),
        [
            "spec.nodeSelector: Invalid value: {\"a\":\"x\"}: only additions to spec.nodeSelector are allowed (no mutations \
          or deletions)"
        ]
    );
    let mut affine = old.clone();
    affine["spec"]["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}],
    }}});
    assert_eq!(update_errors(&pods, &old, affine.clone()), NONE);
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    assert_eq!(
        update_errors(&pods, &affine, edited(&affine, terms, json!([{}, {}])))[0],
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: \
         [{\"MatchExpressions\":null,\"MatchFields\":null},{\"MatchExpressions\":null,\"MatchFields\":null}]: no \
         additions/deletions to non-empty NodeSelectorTerms list are allowed"
    );
    assert_eq!(
        update_errors(&pods, &old, edited(&old, "/spec/schedulingGates", json!([{"name": "c/d"}]))),
        ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'c/d'"]
    );
}

#[test]
fn deadlines_and_grace_periods() {
    let pods = def("", "pods");
    let old = stored(simple(json!({"activeDeadlineSeconds": 10, "terminationGracePeriodSeconds": -1})));
    let deadline = |value: Value| update_errors(&pods, &old, edited(&old, "/spec/activeDeadlineSeconds", value));
    assert_eq!(deadline(json!(5)), NONE);
    assert_eq!(
        deadline(json!(11)),
        ["spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value"]
    );
    assert_eq!(
        deadline(Value::Null),
        ["spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"]
    );
    assert_eq!(update_errors(&pods, &old, edited(&old, "/spec/terminationGracePeriodSeconds", json!(1))), NONE);
}

#[test]
fn annotations_of_mirror_pods_stay() {
    let old = stored(simple(json!({"nodeName": "n"})));
    let mut new = old.clone();
    new["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    assert_eq!(
        update_errors(&def("", "pods"), &old, new),
        ["metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation"]
    );
}

#[test]
fn the_difference_starts_from_the_longest_block_that_stayed() {
    let old =
        stored(json!({"containers": [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 80}]}]}));
    let ports = json!([
        {"name": "http", "containerPort": 5, "protocol": "TCP"},
        {"name": "http", "containerPort": 80, "protocol": "TCP"},
    ]);
    let errors = update_errors(&def("", "pods"), &old, edited(&old, "/spec/containers/0/ports", ports));
    assert_eq!(errors[0], "spec.containers[0].ports[1].name: Duplicate value: \"http\"");
    let difference = "    \"Ports\": [\n+    {\n+     \"Name\": \"http\",\n+     \"HostPort\": 0,\n\
                      +     \"ContainerPort\": 5,\n+     \"Protocol\": \"TCP\",\n+     \"HostIP\": \"\"\n+    },\n     {\n";
    assert!(errors[1].contains(difference), "{}", errors[1]);
}

#[test]
fn a_large_difference_is_shown_in_time() {
    let many = |prefix: &str| -> Vec<Value> {
        (0..4000).map(|i| json!({"name": format!("{prefix}{i}"), "value": "x"})).collect()
    };
    let old = stored(json!({"containers": [{"name": "c", "image": "i", "env": many("A")}]}));
    let new = edited(&old, "/spec/containers/0/env", json!(many("B")));
    let errors = update_errors(&def("", "pods"), &old, new);
    assert!(errors[0].contains("-     \"Name\": \"A0\",") && errors[0].contains("+     \"Name\": \"B3999\","));
}

fn resized(old: &Value, resources: Value) -> Vec<String> {
    let mut pod = old.clone();
    pod["spec"]["containers"][0]["resources"] = resources;
    pod["spec"]["hostname"] = json!("ignored");
    let (pod, errors) = through("resize", pod, old);
    assert_eq!(pod["spec"].get("hostname"), None);
    errors
}

#[test]
fn a_resize_changes_cpu_and_memory_only() {
    let resources = json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}});
    let old = stored(json!({"containers": [{"name": "c", "image": "i", "resources": resources}]}));
    let both = |requests: Value, limits: Value| resized(&old, json!({"requests": requests, "limits": limits}));
    assert_eq!(both(json!({"cpu": "2", "memory": "2Gi"}), json!({"cpu": "3", "memory": "2Gi"})), NONE);
    assert_eq!(
        both(json!({"cpu": "2", "memory": "2Gi"}), json!({"cpu": "2", "memory": "2Gi"})),
        ["spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing"]
    );
    assert_eq!(
        both(json!({"cpu": "1"}), json!({"cpu": "2", "memory": "2Gi"})),
        ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"]
    );
    assert_eq!(
        both(json!({"cpu": "1", "memory": "1Gi"}), json!({"cpu": "2", "memory": "1Gi"})),
        [
            "spec.containers[0].resources.limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is \
          RestartContainer"
        ]
    );
    let storage = json!({"cpu": "1", "memory": "2Gi", "ephemeral-storage": "1Gi"});
    assert_eq!(
        both(storage, json!({"cpu": "2", "memory": "2Gi"})),
        ["spec: Forbidden: only cpu and memory resources are mutable"]
    );
}

#[test]
fn a_changed_ephemeral_container_is_refused_with_the_difference() {
    let mut old = stored(simple(json!({})));
    old["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "i"}]);
    def("", "pods").strategy.default(&mut old);
    let new = edited(&old, "/spec/ephemeralContainers/0/image", json!("other"));
    let (_, errors) = through("ephemeralcontainers", new, &old);
    assert!(errors[0].starts_with(
        "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"e\" may not be changed\n@@ -1,6 +1,6 @@\n {\n  \
         \"Name\": \"e\",\n- \"Image\": \"i\",\n+ \"Image\": \"other\",\n"
    ));
}

#[test]
fn what_is_wrong_with_a_status() {
    let pods = def("", "pods");
    let old = stored(simple(json!({})));
    let errors = |status: Value| {
        let mut pod = old.clone();
        pod["status"] = status;
        pods.strategy.default(&mut pod);
        pods.strategy.prepare_for_status(&mut pod, &old);
        shown(&pods.strategy.validate_status(&pod, &old))
    };
    assert_eq!(errors(json!({"phase": "Running"})), NONE);
    for (status, expected) in [
        (
            json!({"observedGeneration": -1}),
            "status.observedGeneration: Invalid value: -1: must be greater than or equal to 0",
        ),
        (json!({"qosClass": "Guaranteed"}), "status.qosClass: Invalid value: \"Guaranteed\": field is immutable"),
        (
            json!({"hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.2"}]}),
            "status.hostIPs[0].ip: Invalid value: \"10.0.0.2\": must be equal to `hostIP`",
        ),
        (
            json!({"resourceClaimStatuses": [{"name": "x"}]}),
            "status.resourceClaimStatuses[0].name: Invalid value: \"x\": must match the name of an entry in \
             `spec.resourceClaims`",
        ),
        (
            json!({"extendedResourceClaimStatus": {"resourceClaimName": "x", "requestMappings": [
                {"containerName": "other", "requestName": "r", "resourceName": "example.com/gpu"},
            ]}}),
            "status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value: \"other\": must match the \
             name of an entry in spec.initContainers.name or spec.containers.name",
        ),
    ] {
        assert_eq!(errors(status.clone()), [expected], "{status}");
    }
}

#[test]
fn a_status_keeps_the_generations_that_were_observed() {
    let pods = def("", "pods");
    let mut old = stored(simple(json!({})));
    old["status"]["observedGeneration"] = json!(3);
    old["status"]["conditions"] = json!([{"type": "Ready", "status": "False", "observedGeneration": 2}]);
    let mut pod = old.clone();
    pod["status"] = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    pods.strategy.prepare_for_status(&mut pod, &old);
    assert_eq!(pod["status"]["observedGeneration"], 3);
    assert_eq!(pod["status"]["conditions"][0]["observedGeneration"], 2);
}
