//! What limit ranges fill in and what they refuse.

use serde_json::{Value, json};

use super::{PODS, pod, refusal};
use crate::{client::Client, harness};

const RANGES: &str = "/api/v1/namespaces/default/limitranges";

async fn with_limits(items: Value) -> (kubedouble::server::Server, Client) {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let range = json!({"metadata": {"name": "l"}, "spec": {"limits": items}});
    client.post(RANGES, &range).await.expect(201);
    (server, client)
}

#[tokio::test]
async fn a_limit_range_says_what_containers_get_that_ask_for_nothing() {
    let item = json!({
        "type": "Container", "max": {"cpu": "2", "memory": "1Gi"}, "min": {"cpu": "1m", "example.com/gpu": "1"},
        "default": {"cpu": "1"},
    });
    let (_server, client) = with_limits(json!([item])).await;
    let stored = client.get(&format!("{RANGES}/l")).await.expect(200).json()["spec"]["limits"][0].clone();
    assert_eq!(stored["default"], json!({"cpu": "1", "memory": "1Gi"}));
    assert_eq!(stored["defaultRequest"], json!({"cpu": "1", "memory": "1Gi", "example.com/gpu": "1"}));
}

#[tokio::test]
async fn containers_get_what_they_do_not_ask_for() {
    let limits =
        json!([{"type": "Container", "default": {"cpu": "1", "memory": "64Mi"}, "defaultRequest": {"cpu": "500m"}}]);
    let (_server, client) = with_limits(limits).await;
    let mut pod = pod("p", json!({"limits": {"cpu": "2"}}));
    pod["spec"]["initContainers"] = json!([{"name": "first", "image": "i"}]);
    let made = client.post(PODS, &pod).await.expect(201).json();
    let resources = |list: &str| made["spec"][list][0]["resources"].clone();
    let given = json!({"limits": {"cpu": "2", "memory": "64Mi"}, "requests": {"cpu": "2", "memory": "64Mi"}});
    assert_eq!(resources("containers"), given);
    let filled = json!({"limits": {"cpu": "1", "memory": "64Mi"}, "requests": {"cpu": "500m", "memory": "64Mi"}});
    assert_eq!(resources("initContainers"), filled);
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: memory request for container c; memory limit for container c; \
         cpu, memory request for init container first; cpu, memory limit for init container first"
    );
}

#[tokio::test]
async fn pods_are_refused_that_break_limits() {
    let limits = json!([
        {"type": "Container", "max": {"cpu": "1"}, "min": {"memory": "1Gi"}},
        {"type": "Pod", "max": {"cpu": "1500m"}, "maxLimitRequestRatio": {"memory": "1.5"}},
    ]);
    let (_server, client) = with_limits(limits).await;
    let two = json!({"metadata": {"name": "two"}, "spec": {"containers": [
        {"name": "a", "image": "i", "resources": {"limits": {"cpu": "2", "memory": "1Mi"}}},
        {"name": "b", "image": "i", "resources": {"limits": {"cpu": "2", "memory": "3Gi"}, "requests": {"memory": "1Gi"}}},
    ]}});
    assert_eq!(
        refusal(&client, PODS, &two).await,
        "pods \"two\" is forbidden: [minimum memory usage per Container is 1Gi, but request is 1Mi, maximum cpu usage per \
         Container is 1, but limit is 2, maximum cpu usage per Pod is 1500m, but limit is 4, memory max limit to request \
         ratio per Pod is 1500m, but provided ratio is 2.998049]"
    );
}

#[tokio::test]
async fn limit_ranges_that_contradict_themselves_are_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let refused = async |item: Value| {
        let range = json!({"metadata": {"name": "l"}, "spec": {"limits": [item]}});
        let status = client.post(RANGES, &range).await.expect(422).json();
        status["message"].as_str().expect("a message").replace("LimitRange \"l\" is invalid: ", "")
    };
    assert_eq!(
        refused(json!({"type": "Container", "min": {"cpu": "3"}, "max": {"cpu": "2"}, "default": {"cpu": "1"}})).await,
        "[spec.limits[0].min[cpu]: Invalid value: \"3\": min value 3 is greater than max value 2, \
         spec.limits[0].defaultRequest[cpu]: Invalid value: \"1\": min value 3 is greater than default request value 1, \
         spec.limits[0].default[cpu]: Invalid value: \"3\": min value 3 is greater than default value 1]"
    );
    assert_eq!(
        refused(json!({
            "type": "Container", "default": {"example.com/gpu": "2"}, "defaultRequest": {"example.com/gpu": "1"},
        }))
        .await,
        "spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: \"1\": default value 2 must equal to \
         defaultRequest value 1 in example.com/gpu"
    );
}

#[tokio::test]
async fn claims_are_refused_that_break_limits() {
    let limits = json!([{"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}]);
    let (_server, client) = with_limits(limits).await;
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let claim = |storage: &str| {
        let resources = json!({"requests": {"storage": storage}});
        json!({"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}})
    };
    assert_eq!(
        refusal(&client, claims, &claim("512Mi")).await,
        "persistentvolumeclaims \"c\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is \
         512Mi"
    );
    assert_eq!(
        refusal(&client, claims, &claim("3Gi")).await,
        "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is \
         3Gi"
    );
    client.post(claims, &claim("2Gi")).await.expect(201);
}

#[tokio::test]
async fn a_limit_range_needs_no_name() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(RANGES, &json!({"spec": {"limits": []}})).await.expect(201).json();
    let name = made["metadata"]["name"].as_str().expect("a name");
    assert_eq!(name.len(), 36, "{name} is a UUID");
    assert_ne!(made["metadata"]["uid"], name);
    client.get(&format!("{RANGES}/{name}")).await.expect(200);
}
