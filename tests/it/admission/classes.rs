//! Priority classes, runtime classes and storage classes, and what they make of pods and claims.

use serde_json::{Value, json};

use crate::{client::Client, harness};

const PODS: &str = "/api/v1/namespaces/default/pods";
const PRIORITY_CLASSES: &str = "/apis/scheduling.k8s.io/v1/priorityclasses";
const RUNTIME_CLASSES: &str = "/apis/node.k8s.io/v1/runtimeclasses";

fn pod(name: &str, spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    pod["spec"].as_object_mut().expect("a spec").extend(spec.as_object().expect("members").clone());
    pod
}

#[tokio::test]
async fn pods_get_the_priority_of_their_class_or_of_the_default_one() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let class = json!({"metadata": {"name": "low"}, "value": -5, "preemptionPolicy": "Never"});
    client.post(PRIORITY_CLASSES, &class).await.expect(201);
    let made = client.post(PODS, &pod("a", json!({"priorityClassName": "low"}))).await.expect(201).json();
    assert_eq!((&made["spec"]["priority"], &made["spec"]["preemptionPolicy"]), (&json!(-5), &json!("Never")));
    let default = json!({"metadata": {"name": "usual"}, "value": 50, "globalDefault": true});
    client.post(PRIORITY_CLASSES, &default).await.expect(201);
    let made = client.post(PODS, &pod("b", json!({}))).await.expect(201).json();
    assert_eq!((&made["spec"]["priority"], &made["spec"]["priorityClassName"]), (&json!(50), &json!("usual")));
    let second = json!({"metadata": {"name": "other"}, "value": 1, "globalDefault": true});
    let refused = client.post(PRIORITY_CLASSES, &second).await.expect(403).json();
    let why = "PriorityClass usual is already marked as default. Only one default can exist";
    assert_eq!(refused["message"], format!("priorityclasses.scheduling.k8s.io \"other\" is forbidden: {why}"));
    let same = client.patch(&format!("{PRIORITY_CLASSES}/usual"), &json!({"description": "d"})).await;
    same.expect(200);
}

#[tokio::test]
async fn system_classes_are_there_and_stay() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{PRIORITY_CLASSES}/system-node-critical");
    assert_eq!(client.get(&path).await.expect(200).json()["value"], 2_000_001_000);
    let refused = client.delete(&path).await.expect(403).json();
    assert_eq!(
        refused["message"],
        "priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and \
         cannot be deleted"
    );
    let odd = json!({"metadata": {"name": "system-odd"}, "value": 1});
    client.post(PRIORITY_CLASSES, &odd).await.expect(422);
}

#[tokio::test]
async fn a_runtime_class_adds_overhead_and_scheduling() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let class = json!({
        "metadata": {"name": "rc"},
        "handler": "runc",
        "overhead": {"podFixed": {"cpu": "100m"}},
        "scheduling": {"nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "k", "operator": "Exists"}]},
    });
    client.post(RUNTIME_CLASSES, &class).await.expect(201);
    let in_class = |name: &str, mut spec: Value| {
        spec["runtimeClassName"] = json!("rc");
        pod(name, spec)
    };
    let covered = json!({"tolerations": [{"key": "k", "operator": "Equal", "value": "v"}], "overhead": {"cpu": "0.1"}});
    let made = client.post(PODS, &in_class("a", covered)).await.expect(201).json();
    assert_eq!(made["spec"]["overhead"], json!({"cpu": "100m"}));
    assert_eq!(made["spec"]["nodeSelector"], json!({"disk": "ssd"}));
    let tolerations = made["spec"]["tolerations"].as_array().expect("tolerations");
    assert_eq!(tolerations.last(), Some(&json!({"key": "k", "operator": "Exists"})));
    assert_eq!(tolerations.len(), 3);
    for (spec, why) in [
        (
            json!({"overhead": {"cpu": "1"}}),
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            json!({"nodeSelector": {"disk": "hdd"}}),
            "conflict: runtimeClass.scheduling.nodeSelector[disk] = ssd; pod.spec.nodeSelector[disk] = hdd",
        ),
    ] {
        let refused = client.post(PODS, &in_class("b", spec)).await.expect(403).json();
        assert_eq!(refused["message"], format!("pods \"b\" is forbidden: {why}"));
    }
    let refused = client.post(PODS, &pod("b", json!({"runtimeClassName": "ghost"}))).await.expect(403).json();
    assert_eq!(refused["message"], "pods \"b\" is forbidden: pod rejected: RuntimeClass \"ghost\" not found");
    let refused = client.post(PODS, &pod("b", json!({"overhead": {"cpu": "1"}}))).await.expect(403).json();
    let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
    assert_eq!(refused["message"], format!("pods \"b\" is forbidden: {why}"));
}

#[tokio::test]
async fn claims_get_the_default_class_and_grow_if_it_says_so() {
    const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
    const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let default = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    let class = json!({"metadata": {"name": "c", "annotations": default}, "provisioner": "example.com/p"});
    client.post(CLASSES, &class).await.expect(201);
    let resources = json!({"requests": {"storage": "1Gi"}});
    let spec = json!({"accessModes": ["ReadWriteOnce"], "resources": resources, "volumeName": "v"});
    let made = client.post(CLAIMS, &json!({"metadata": {"name": "v"}, "spec": spec})).await.expect(201).json();
    assert_eq!(made["spec"]["storageClassName"], "c");
    let path = format!("{CLAIMS}/v");
    let bound = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
    client.patch(&format!("{path}/status"), &bound).await.expect(200);
    let more = json!({"spec": {"resources": {"requests": {"storage": "2Gi"}}}});
    let refused = client.patch(&path, &more).await.expect(403).json();
    let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    assert_eq!(refused["message"], format!("persistentvolumeclaims \"v\" is forbidden: {why}"));
    client.patch(&format!("{CLASSES}/c"), &json!({"allowVolumeExpansion": true})).await.expect(200);
    client.patch(&path, &more).await.expect(200);
}
