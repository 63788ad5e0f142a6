//! Simulated nodes and pods: what happens to a pod by itself, and how a person can interfere.

mod rollouts;

use kubedouble::server::Server;
use serde_json::{Value, json};

use crate::{
    client::{Client, names, settle},
    harness,
};

const PODS: &str = "/api/v1/namespaces/default/pods";
const NODES: &str = "/api/v1/nodes";

#[tokio::test]
async fn nodes_are_ready_and_spread_over_zones() {
    let (_server, client) = start(&["--simulate-nodes=4"]).await;
    settle(&client).await;
    let nodes = client.get(NODES).await.expect(200).json();
    assert_eq!(names(&nodes), ["node-1", "node-2", "node-3", "node-4"]);
    let items = nodes["items"].as_array().expect("items");
    let zones: Vec<_> = items.iter().map(|node| &node["metadata"]["labels"]["topology.kubernetes.io/zone"]).collect();
    assert_eq!(zones, ["zone-a", "zone-b", "zone-c", "zone-a"]);
    assert!(items.iter().all(|node| node["spec"]["taints"].is_null() && is_ready(node)));
}

#[tokio::test]
async fn a_pod_is_scheduled_addressed_and_ready() {
    let (_server, client) = start(&[]).await;
    create(&client, "web", json!({})).await;
    let pod = get(&client, "web").await;
    assert_eq!((&pod["spec"]["nodeName"], &pod["status"]["phase"]), (&json!("node-1"), &json!("Running")));
    assert_eq!(pod["status"]["podIPs"], json!([{"ip": "10.244.0.1"}, {"ip": "fd00:10:244::1"}]));
    assert_eq!(pod["status"]["hostIP"], "198.18.0.1");
    assert!(is_ready(&pod));
    assert_eq!(pod["status"]["containerStatuses"][0]["ready"], true);
}

#[tokio::test]
async fn pods_are_spread_over_the_nodes_that_can_take_them() {
    let (_server, client) = start(&[]).await;
    client.patch(&format!("{NODES}/node-2"), &json!({"spec": {"unschedulable": true}})).await.expect(200);
    for name in ["a", "b", "c", "d"] {
        create(&client, name, json!({})).await;
    }
    let mut nodes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        nodes.push(get(&client, name).await["spec"]["nodeName"].clone());
    }
    assert_eq!(nodes, ["node-1", "node-3", "node-1", "node-3"]);
    create(&client, "picky", json!({"nodeSelector": {"kubernetes.io/hostname": "node-2"}})).await;
    let picky = get(&client, "picky").await;
    assert_eq!(picky["status"]["conditions"][0]["reason"], "Unschedulable");
    client.patch(&format!("{NODES}/node-2"), &json!({"spec": {"unschedulable": null}})).await.expect(200);
    settle(&client).await;
    assert_eq!(get(&client, "picky").await["spec"]["nodeName"], "node-2");
}

#[tokio::test]
async fn a_pod_waits_for_its_readiness_gates() {
    let (_server, client) = start(&[]).await;
    create(&client, "web", json!({"readinessGates": [{"conditionType": "example.com/gate"}]})).await;
    let pod = get(&client, "web").await;
    let ready = condition(&pod, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("ReadinessGatesNotReady")));
    let mut conditions = pod["status"]["conditions"].as_array().expect("conditions").clone();
    conditions.push(json!({"type": "example.com/gate", "status": "True"}));
    client.patch(&format!("{PODS}/web/status"), &json!({"status": {"conditions": conditions}})).await.expect(200);
    settle(&client).await;
    assert!(is_ready(&get(&client, "web").await));
}

#[tokio::test]
async fn annotations_hold_a_pod_unready_choose_its_address_and_let_it_fail() {
    let (_server, client) = start(&[]).await;
    create(&client, "web", json!({})).await;
    annotate(&client, "ready", "false").await;
    assert!(!is_ready(&get(&client, "web").await));
    annotate(&client, "ready", "true").await;
    assert!(is_ready(&get(&client, "web").await));
    annotate(&client, "address", "10.9.8.7").await;
    assert_eq!(get(&client, "web").await["status"]["podIPs"], json!([{"ip": "10.9.8.7"}]));
    annotate(&client, "fail", "out of luck").await;
    let status = &get(&client, "web").await["status"];
    assert_eq!((&status["phase"], &status["message"]), (&json!("Failed"), &json!("out of luck")));
    assert_eq!(status["containerStatuses"][0]["state"]["terminated"]["exitCode"], 1);
}

#[tokio::test]
async fn a_deleted_pod_stops_and_is_gone() {
    let (_server, client) = start(&[]).await;
    create(&client, "web", json!({})).await;
    let deleted = client.delete(&format!("{PODS}/web")).await.expect(200).json();
    assert_eq!(deleted["metadata"]["deletionGracePeriodSeconds"], 30);
    settle(&client).await;
    client.get(&format!("{PODS}/web")).await.expect(404);
    create(&client, "web", json!({})).await;
    let successor = get(&client, "web").await;
    assert_ne!(successor["status"]["podIP"], "10.244.0.1", "an address does not come again at once");
}

#[tokio::test]
async fn an_outage_takes_a_nodes_pods_along() {
    let (_server, client) = start(&["--simulate-nodes=1"]).await;
    create(&client, "web", json!({})).await;
    let annotation = json!({"metadata": {"annotations": {"kubedouble.dev/ready": "false"}}});
    client.patch(&format!("{NODES}/node-1"), &annotation).await.expect(200);
    settle(&client).await;
    assert_eq!(condition(&get(&client, "web").await, "Ready")["reason"], "NodeNotReady");
    client.delete(&format!("{NODES}/node-1")).await.expect(200);
    settle(&client).await;
    client.get(&format!("{PODS}/web")).await.expect(404);
}

#[tokio::test]
async fn pods_on_nodes_made_by_hand_are_left_alone() {
    let (_server, client) = start(&[]).await;
    client.post(NODES, &json!({"metadata": {"name": "mine"}})).await.expect(201);
    create(&client, "web", json!({"nodeName": "mine"})).await;
    assert_eq!(get(&client, "web").await["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
}

async fn start(flags: &[&str]) -> (Server, Client) {
    let mut all = vec!["--simulate-pods=true", "--pod-start-delay=20ms"];
    all.extend(flags);
    let server = harness::start(&all).await;
    let client = Client::new(server.url());
    (server, client)
}

async fn create(client: &Client, name: &str, members: Value) {
    let mut pod = json!({
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    for (member, value) in members.as_object().into_iter().flatten() {
        pod["spec"][member] = value.clone();
    }
    client.post(PODS, &pod).await.expect(201);
    settle(client).await;
}

async fn annotate(client: &Client, name: &str, value: &str) {
    let annotation = json!({"metadata": {"annotations": {format!("kubedouble.dev/{name}"): value}}});
    client.patch(&format!("{PODS}/web"), &annotation).await.expect(200);
    settle(client).await;
}

async fn get(client: &Client, name: &str) -> Value {
    client.get(&format!("{PODS}/{name}")).await.expect(200).json()
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array().expect("conditions");
    conditions.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}

fn is_ready(object: &Value) -> bool {
    condition(object, "Ready")["status"] == "True"
}
