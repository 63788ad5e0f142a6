//! Nodes and their status.

use serde_json::{Value, json};

use super::{World, causes};

const NODES: &str = "/api/v1/nodes";
const NODE: &str = "/api/v1/nodes/a";

#[tokio::test]
async fn the_external_id_stays_and_is_warned_about() {
    let world = World::new().await;
    world.created(NODES, json!({"metadata": {"name": "a"}, "spec": {"externalID": "x"}})).await;
    let other = json!({"spec": {"externalID": "y"}});
    assert_eq!(causes(world.patch("merge", NODE, other).await), ["spec.externalID: Forbidden: may not be updated"]);
    let labelled = world.patch("merge", NODE, json!({"metadata": {"labels": {"a": "b"}}})).await.expect(200);
    assert!(labelled.header("warning").contains("spec.externalID: this field is deprecated"));
}

#[tokio::test]
async fn kubelets_take_no_configuration_from_the_api() {
    let world = World::new().await;
    let source = json!({"configMap": {"name": "c", "namespace": "n", "kubeletConfigKey": "k"}});
    let node = json!({"metadata": {"name": "a"}, "spec": {"configSource": source}});
    let made = world.client.post(NODES, &node).await.expect(201);
    assert_eq!((made.header("warning"), &made.json()["spec"]["configSource"]), ("", &Value::Null));
    let patched = world.patch("merge", NODE, json!({"spec": {"configSource": source}})).await.expect(200).json();
    assert_eq!(patched["spec"]["configSource"], Value::Null);
    let status = world.patch("merge", "/api/v1/nodes/a/status", json!({"status": {"config": {}}})).await;
    assert_eq!(status.expect(200).json()["status"]["config"], Value::Null);
}

#[tokio::test]
async fn the_status_of_a_node_is_checked_at_every_path() {
    let world = World::new().await;
    world.created(NODES, json!({"metadata": {"name": "a"}})).await;
    let twice = json!({"type": "InternalIP", "address": "192.0.2.1"});
    let status = json!({"status": {
        "capacity": {"cpu": "-1", "example.com/gpu": "500m"},
        "addresses": [twice, twice],
        "declaredFeatures": ["b", "B", "A", "A/b1"],
    }});
    let negative = "must be greater than or equal to 0";
    let shape = "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature \
                 or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
    assert_eq!(
        causes(world.patch("merge", "/api/v1/nodes/a/status", status).await),
        [
            format!("status.capacity.cpu: Invalid value: \"-1\": {negative}"),
            "status.capacity.example.com/gpu: Invalid value: \"500m\": must be an integer".to_owned(),
            format!("status.allocatable.cpu: Invalid value: \"-1\": {negative}"),
            "status.allocatable.example.com/gpu: Invalid value: \"500m\": must be an integer".to_owned(),
            "status.addresses[1]: Duplicate value: {\"Type\":\"InternalIP\",\"Address\":\"192.0.2.1\"}".to_owned(),
            format!("status.declaredFeatures[0]: Invalid value: \"b\": invalid feature name \"b\": {shape}"),
            "status.declaredFeatures[1]: Invalid value: \"B\": list must be sorted alphabetically".to_owned(),
            "status.declaredFeatures[2]: Invalid value: \"A\": list must be sorted alphabetically".to_owned(),
        ]
    );
    let node = json!({"metadata": {"name": "b"}, "status": {"capacity": {"memory": "-1"}}});
    assert_eq!(causes(world.client.post(NODES, &node).await).len(), 2);
}
