//! Classes of storage, volumes and claims, through the front door.

use serde_json::{Value, json};

use super::batch::causes;
use crate::{client::Client, harness};

const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const VOLUMES: &str = "/api/v1/persistentvolumes";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

fn claim(name: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    })
}

fn volume(name: &str, members: &Value) -> Value {
    let mut spec = json!({
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"},
    });
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    json!({"metadata": {"name": name}, "spec": spec})
}

#[tokio::test]
async fn a_class_stays_what_it_is() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let class = json!({"metadata": {"name": "fast"}, "provisioner": "example.com/disks"});
    let made = client.post(CLASSES, &class).await.expect(201).json();
    assert_eq!((&made["reclaimPolicy"], &made["volumeBindingMode"]), (&json!("Delete"), &json!("Immediate")));
    let at = format!("{CLASSES}/fast");
    let refused = client.patch(&at, &json!({"provisioner": "b", "parameters": {"a": "b"}})).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        [
            "parameters: Invalid value: {\"a\":\"b\"}: field is immutable",
            "provisioner: Invalid value: \"b\": field is immutable",
        ]
    );
    client.patch(&at, &json!({"allowVolumeExpansion": true})).await.expect(200);
    let gone = client.delete(&at).await.expect(200).json();
    assert_eq!(gone["kind"], "StorageClass");
}

#[tokio::test]
async fn the_topologies_of_a_class_differ() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let term = json!({"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]});
    let class = |terms: Value| json!({"metadata": {"name": "a"}, "provisioner": "p", "allowedTopologies": terms});
    let refused = client.post(CLASSES, &class(json!([term, term]))).await.expect(422).json();
    assert_eq!(causes(&refused), ["allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\""]);
    let many: Vec<_> = (0..3000).map(|_| json!({})).collect();
    let refused = client.post(CLASSES, &class(json!(many))).await.expect(422).json();
    assert_eq!(causes(&refused).len(), 1000);
}

#[tokio::test]
async fn what_volumes_are_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    for (members, expected) in [
        (json!({"hostPath": null}), "spec: Required value: must specify a volume type"),
        (json!({"nfs": {"server": "s", "path": "/"}}), "spec.nfs: Forbidden: may not specify more than 1 volume type"),
        (
            json!({"capacity": {"storage": "1Gi", "cpu": "1"}}),
            "spec.capacity: Unsupported value: {\"cpu\":\"1\",\"storage\":\"1Gi\"}: supported values: \"storage\"",
        ),
        (
            json!({"capacity": {"storage": "0"}}),
            "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero",
        ),
        (
            json!({"hostPath": null, "local": {"path": "/a"}}),
            "spec.nodeAffinity: Required value: Local volume requires node affinity",
        ),
        (
            json!({"hostPath": {"path": "/./"}, "persistentVolumeReclaimPolicy": "Recycle"}),
            "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
        ),
        (
            json!({"volumeAttributesClassName": ""}),
            "spec.volumeAttributesClassName: Required value: an empty string is disallowed",
        ),
    ] {
        let refused = client.post(VOLUMES, &volume("a", &members)).await.expect(422).json();
        assert_eq!(causes(&refused)[0], expected);
    }
}

#[tokio::test]
async fn a_volume_tells_when_its_phase_changed_and_keeps_its_content() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(VOLUMES, &volume("a", &json!({}))).await.expect(201).json();
    assert_eq!(made["metadata"]["finalizers"], json!(["kubernetes.io/pv-protection"]));
    assert_eq!((&made["status"]["phase"], &made["spec"]["hostPath"]["type"]), (&json!("Pending"), &json!("")));
    let time = made["status"]["lastPhaseTransitionTime"].clone();
    assert!(time.is_string());
    let at = format!("{VOLUMES}/a");
    let bound = client.patch(&format!("{at}/status"), &json!({"status": {"message": "m"}})).await.expect(200).json();
    assert_eq!(bound["status"]["lastPhaseTransitionTime"], time);
    let refused = client.patch(&at, &json!({"spec": {"hostPath": {"path": "/other"}}})).await.expect(422).json();
    let text = causes(&refused).concat();
    assert!(text.contains("-  \"Path\": \"/data\",\n+  \"Path\": \"/other\","), "{text}");
    client.patch(&at, &json!({"spec": {"capacity": {"storage": "2Gi"}}})).await.expect(200);
}

#[tokio::test]
async fn a_claim_is_settled_once() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(CLAIMS, &claim("a")).await.expect(201).json();
    assert_eq!(made["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
    assert_eq!((&made["status"], &made["spec"]["volumeMode"]), (&json!({"phase": "Pending"}), &json!("Filesystem")));
    let class = json!({"metadata": {"name": "fast"}, "provisioner": "example.com/fast", "allowVolumeExpansion": true});
    client.post("/apis/storage.k8s.io/v1/storageclasses", &class).await.expect(201);
    let at = format!("{CLAIMS}/a");
    client.patch(&at, &json!({"spec": {"volumeName": "v", "storageClassName": "fast"}})).await.expect(200);
    let size = |size: &str| json!({"spec": {"resources": {"requests": {"storage": size}}}});
    client.patch(&at, &size("2Gi")).await.expect(422);
    let status = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
    client.patch(&format!("{at}/status"), &status).await.expect(200);
    client.patch(&at, &size("2Gi")).await.expect(200);
    let refused = client.patch(&at, &size("1Gi")).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]
    );
    let refused = client.patch(&at, &json!({"spec": {"storageClassName": "slow"}})).await.expect(422).json();
    assert!(causes(&refused)[0].starts_with("spec: Forbidden: spec is immutable after creation except"));
}

#[tokio::test]
async fn what_a_volume_is_filled_from_is_written_in_both_fields() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let snapshot = json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"});
    let other = json!({"apiGroup": "example.com", "kind": "Backup", "name": "b"});
    for (name, given, expected) in [
        ("a", json!({"dataSource": snapshot}), Some(&snapshot)),
        ("b", json!({"dataSourceRef": other}), Some(&other)),
        ("c", json!({"dataSource": other}), None),
    ] {
        let mut object = claim(name);
        for (member, value) in given.as_object().expect("members") {
            object["spec"][member] = value.clone();
        }
        let made = client.post(CLAIMS, &object).await.expect(201).json();
        let found = |member: &str| made["spec"].get(member).cloned();
        assert_eq!((found("dataSource"), found("dataSourceRef")), (expected.cloned(), expected.cloned()), "{name}");
    }
}
