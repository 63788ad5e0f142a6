//! What drivers of storage say of themselves, of nodes and of volumes, through the front door.

use serde_json::{Value, json};

use super::batch::causes;
use crate::{client::Client, harness};

const STORAGE: &str = "/apis/storage.k8s.io/v1";

#[tokio::test]
async fn a_driver_may_change_some_of_what_it_says() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{STORAGE}/csidrivers");
    let made = client.post(&path, &json!({"metadata": {"name": "x.io"}, "spec": {}})).await.expect(201).json();
    assert_eq!((&made["spec"]["attachRequired"], &made["spec"]["podInfoOnMount"]), (&json!(true), &json!(false)));
    assert_eq!(made["spec"]["volumeLifecycleModes"], json!(["Persistent"]));
    assert_eq!(made["metadata"].get("generation"), None);
    let at = format!("{path}/x.io");
    let changed = client.patch(&at, &json!({"spec": {"podInfoOnMount": true}})).await.expect(200).json();
    assert_eq!(changed["metadata"]["generation"], 1);
    let refused = client.patch(&at, &json!({"spec": {"attachRequired": false}})).await.expect(422).json();
    assert_eq!(causes(&refused), ["spec.attachedRequired: Invalid value: false: field is immutable"]);
    let tokens = json!([{"audience": "a", "expirationSeconds": 5}, {"audience": "a"}]);
    let refused = client.patch(&at, &json!({"spec": {"tokenRequests": tokens}})).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        [
            "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
            "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
        ]
    );
    client.put(&at, &json!({"metadata": {"name": "x.io"}, "spec": {}})).await.expect(422);
}

#[tokio::test]
async fn a_nodes_drivers_keep_their_ids() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{STORAGE}/csinodes");
    let node = |drivers: Value| json!({"metadata": {"name": "n"}, "spec": {"drivers": drivers}});
    client.post(&path, &node(json!([{"name": "x.io", "nodeID": "1"}]))).await.expect(201);
    let other = json!({"spec": {"drivers": [{"name": "x.io", "nodeID": "2"}]}});
    let refused = client.patch(&format!("{path}/n"), &other).await.expect(422).json();
    let shown = "{\"Name\":\"x.io\",\"NodeID\":\"2\",\"TopologyKeys\":null,\"Allocatable\":null}";
    assert_eq!(causes(&refused), [format!("spec.drivers: Invalid value: {shown}: field is immutable")]);
    let twice = json!([{"name": "x.io", "nodeID": "1"}, {"name": "x.io", "nodeID": ""}]);
    let refused = client.post(&path, &node(twice)).await.expect(422).json();
    assert_eq!(
        causes(&refused),
        ["spec.drivers[1].nodeID: Required value", "spec.drivers[1].name: Duplicate value: \"x.io\""]
    );
}

#[tokio::test]
async fn an_attachment_is_of_one_volume_for_good() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{STORAGE}/volumeattachments");
    let attachment = |source: Value| json!({"metadata": {"name": "a"}, "spec": {"attacher": "x.io", "nodeName": "n", "source": source}});
    let refused = client.post(&path, &attachment(json!({}))).await.expect(422).json();
    let one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    assert_eq!(causes(&refused), [format!("spec.source: Required value: {one}")]);
    let made = client.post(&path, &attachment(json!({"persistentVolumeName": "v"}))).await.expect(201).json();
    assert_eq!(made["status"], json!({"attached": false}));
    let at = format!("{path}/a");
    let refused = client.patch(&at, &json!({"spec": {"nodeName": "m"}})).await.expect(422).json();
    assert!(causes(&refused)[0].ends_with("\"NodeName\":\"m\"}: field is immutable"), "{:?}", causes(&refused));
    let attached = client.patch(&format!("{at}/status"), &json!({"status": {"attached": true}})).await;
    assert_eq!(attached.expect(200).json()["status"]["attached"], true);
}

#[tokio::test]
async fn classes_of_attributes_and_capacities_stay_what_they_are() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let path = format!("{STORAGE}/volumeattributesclasses");
    let class =
        |parameters: Value| json!({"metadata": {"name": "gold"}, "driverName": "x.io", "parameters": parameters});
    let refused = client.post(&path, &class(json!({}))).await.expect(422).json();
    assert_eq!(causes(&refused), ["parameters: Required value: must contain at least one key/value pair"]);
    let made = client.post(&path, &class(json!({"iops": "1"}))).await.expect(201).json();
    assert_eq!(made["metadata"]["finalizers"], json!(["kubernetes.io/vac-protection"]));
    let refused = client.patch(&format!("{path}/gold"), &json!({"driverName": "y.io"})).await.expect(422).json();
    assert_eq!(causes(&refused), ["driverName: Forbidden: updates to driverName are forbidden."]);

    let path = format!("{STORAGE}/namespaces/default/csistoragecapacities");
    let capacity = json!({"metadata": {"name": "c"}, "storageClassName": "fast", "capacity": "-1"});
    let refused = client.post(&path, &capacity).await.expect(422).json();
    assert_eq!(causes(&refused), ["capacity: Invalid value: \"-1\": must be greater than or equal to 0"]);
    let capacity = json!({"metadata": {"name": "c"}, "storageClassName": "fast", "capacity": "1Gi"});
    client.post(&path, &capacity).await.expect(201);
    let refused = client.patch(&format!("{path}/c"), &json!({"storageClassName": "slow"})).await.expect(422).json();
    assert_eq!(causes(&refused), ["storageClassName: Invalid value: \"slow\": field is immutable"]);
}
