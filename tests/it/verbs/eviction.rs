//! An eviction marks a pod and deletes it in one step.

use serde_json::{Value, json};

use crate::{
    client::{Client, revision},
    harness,
};

const PODS: &str = "/api/v1/namespaces/default/pods";

fn eviction(options: Value) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web"}, "deleteOptions": options})
}

async fn start() -> (kubedouble::server::Server, Client, Value) {
    let server = harness::start(&["--simulate-pods=false"]).await;
    let client = Client::new(server.url());
    let pod = json!({"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let pod = client.post(PODS, &pod).await.expect(201).json();
    (server, client, pod)
}

#[tokio::test]
async fn an_eviction_that_is_refused_leaves_the_pod_as_it_was() {
    let (_server, client, pod) = start().await;
    let path = format!("{PODS}/web/eviction");
    client.post(&path, &eviction(json!({"propagationPolicy": "Sideways"}))).await.expect(422);
    client.post(&path, &eviction(json!({"preconditions": {"uid": "another"}}))).await.expect(409);
    client.post(&path, &eviction(json!({"dryRun": ["All"]}))).await.expect(201);
    assert_eq!(client.get(&format!("{PODS}/web")).await.expect(200).json(), pod);
}

#[tokio::test]
async fn watchers_see_why_a_pod_goes_before_it_goes() {
    let (_server, client, pod) = start().await;
    let mut watch = client.watch(&format!("{PODS}?resourceVersion={}", revision(&pod))).await;
    let preconditions = json!({"resourceVersion": revision(&pod)});
    client.post(&format!("{PODS}/web/eviction"), &eviction(json!({"preconditions": preconditions}))).await.expect(201);
    let marked = watch.next().await.expect("an event");
    assert_eq!(
        (&marked["type"], &marked["object"]["metadata"]["deletionTimestamp"]),
        (&json!("MODIFIED"), &Value::Null)
    );
    let conditions = marked["object"]["status"]["conditions"].as_array().expect("conditions");
    assert!(conditions.iter().any(|condition| condition["type"] == "DisruptionTarget"), "{marked}");
    let last = loop {
        let event = watch.next().await.expect("an event");
        if event["type"] == "DELETED" {
            break event;
        }
    };
    let steps = |event: &Value| revision(&event["object"]).parse::<u64>().expect("a number");
    assert!(steps(&last) - steps(&marked) <= 2, "nothing comes in between");
    client.get(&format!("{PODS}/web")).await.expect(404);
}
