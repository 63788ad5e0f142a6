//! Disruption budgets: what their status says of their pods, and which evictions it allows.

use kubedouble::{
    kinds::{apps::deployment, pod, pod_disruption_budget as budget},
    object::meta,
};
use serde_json::{Value, json};

use super::support::Cluster;
use crate::client::{Answer, Client};

const PODS: &str = "/api/v1/namespaces/default/pods";

async fn ready_pod(cluster: &Cluster, name: &str) {
    let pod = json!({
        "metadata": {"name": name, "labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    cluster.create(&pod::DEF, pod).await;
    set_ready(cluster, name, "True").await;
}

async fn set_ready(cluster: &Cluster, name: &str, status: &str) {
    let conditions = json!([{"type": "Ready", "status": status}]);
    let change = json!({"status": {"phase": "Running", "conditions": conditions}});
    cluster.patch_part(&pod::DEF, name, "status", change).await;
}

async fn with_budget(spec: Value) -> Cluster {
    let cluster = Cluster::start().await;
    let mut object = json!({"metadata": {"name": "b"}, "spec": {"selector": {"matchLabels": {"app": "x"}}}});
    object["spec"].as_object_mut().expect("a spec").extend(spec.as_object().expect("members").clone());
    cluster.create(&budget::DEF, object).await;
    cluster
}

/// What the budget allows, has, wants and expects.
async fn counts(cluster: &Cluster) -> [i64; 4] {
    cluster.settle().await;
    let found = cluster.get(&budget::DEF, "b").await.expect("the budget");
    assert_eq!(found["status"]["observedGeneration"], found["metadata"]["generation"]);
    ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"]
        .map(|member| found["status"][member].as_i64().expect("a number"))
}

async fn evict(cluster: &Cluster, name: &str) -> Answer {
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}});
    Client::new(cluster.server().url()).post(&format!("{PODS}/{name}/eviction"), &eviction).await
}

#[tokio::test]
async fn a_number_counts_the_pods_that_are_there() {
    let cluster = with_budget(json!({"minAvailable": 1})).await;
    assert_eq!(counts(&cluster).await, [0, 0, 1, 0]);
    ready_pod(&cluster, "a").await;
    ready_pod(&cluster, "b").await;
    assert_eq!(counts(&cluster).await, [1, 2, 1, 2]);
    let found = cluster.get(&budget::DEF, "b").await.expect("the budget");
    let condition = &found["status"]["conditions"][0];
    assert_eq!((&condition["type"], &condition["status"]), (&json!("DisruptionAllowed"), &json!("True")));
    assert_eq!(condition["reason"], "SufficientPods");
    set_ready(&cluster, "a", "False").await;
    assert_eq!(counts(&cluster).await, [0, 1, 1, 2]);
    let found = cluster.get(&budget::DEF, "b").await.expect("the budget");
    assert_eq!(found["status"]["conditions"][0]["reason"], "InsufficientPods");
}

#[tokio::test]
async fn a_share_counts_the_pods_that_their_controllers_want() {
    let cluster = with_budget(json!({"maxUnavailable": "25%"})).await;
    let template = json!({
        "metadata": {"labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let spec = json!({"replicas": 6, "selector": {"matchLabels": {"app": "x"}}, "template": template});
    cluster.create(&deployment::DEF, json!({"metadata": {"name": "d"}, "spec": spec})).await;
    cluster.settle().await;
    for pod in cluster.list(&pod::DEF).await {
        set_ready(&cluster, meta::name(&pod), "True").await;
    }
    assert_eq!(counts(&cluster).await, [2, 6, 4, 6]);
}

#[tokio::test]
async fn a_share_of_pods_whose_controller_has_no_scale_allows_nothing() {
    let cluster = with_budget(json!({"maxUnavailable": 1})).await;
    let owner = cluster.create(&kubedouble::kinds::core::config_map::DEF, json!({"metadata": {"name": "o"}})).await;
    let reference = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": meta::uid(&owner), "controller": true,
    });
    let pod = json!({
        "metadata": {"name": "a", "labels": {"app": "x"}, "ownerReferences": [reference]},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    cluster.create(&pod::DEF, pod).await;
    cluster.settle().await;
    let found = cluster.get(&budget::DEF, "b").await.expect("the budget");
    let condition = &found["status"]["conditions"][0];
    assert_eq!((&condition["reason"], &found["status"]["disruptionsAllowed"]), (&json!("SyncFailed"), &json!(0)));
    assert_eq!(condition["message"], "configmaps does not implement the scale subresource");
}

#[tokio::test]
async fn evictions_go_as_far_as_the_budget() {
    let cluster = with_budget(json!({"minAvailable": 2})).await;
    for name in ["a", "b", "c"] {
        ready_pod(&cluster, name).await;
    }
    assert_eq!(counts(&cluster).await, [1, 3, 2, 3]);
    let dry = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}, "deleteOptions": {"dryRun": ["All"]}});
    let client = Client::new(cluster.server().url());
    client.post(&format!("{PODS}/a/eviction"), &dry).await.expect(201);
    assert_eq!(counts(&cluster).await, [1, 3, 2, 3]);
    evict(&cluster, "a").await.expect(201);
    assert_eq!(counts(&cluster).await, [0, 2, 2, 2]);
    let refused = evict(&cluster, "b").await.expect(429);
    let refused = refused.json();
    assert_eq!(refused["message"], "Cannot evict pod as it would violate the pod's disruption budget.");
    assert_eq!(
        refused["details"],
        json!({"causes": [{
            "reason": "DisruptionBudget",
            "message": "The disruption budget b needs 2 healthy pods and has 2 currently",
        }]})
    );
    // Who is not ready is not counted, and goes while there are enough others.
    ready_pod(&cluster, "d").await;
    set_ready(&cluster, "d", "False").await;
    assert_eq!(counts(&cluster).await, [0, 2, 2, 3]);
    evict(&cluster, "d").await.expect(201);
    assert_eq!(counts(&cluster).await, [0, 2, 2, 2]);
}

#[tokio::test]
async fn a_budget_that_nobody_has_looked_at_allows_nothing_yet() {
    let cluster = Cluster::start().await;
    let client = Client::new(cluster.server().url());
    client.post("/kubedouble/controllers/disruption-controller/pause", &json!({})).await.expect(200);
    ready_pod(&cluster, "a").await;
    let selector = json!({"matchLabels": {"app": "x"}});
    let new = json!({"metadata": {"name": "b"}, "spec": {"selector": selector, "minAvailable": 0}});
    cluster.create(&budget::DEF, new).await;
    let refused = evict(&cluster, "a").await.expect(429);
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!(
        refused.json()["details"]["causes"][0]["message"],
        "The disruption budget b is still being processed by the server."
    );
    cluster.patch_part(&pod::DEF, "a", "status", json!({"status": {"phase": "Pending"}})).await;
    evict(&cluster, "a").await.expect(201);
}

#[tokio::test]
async fn two_budgets_for_one_pod_allow_no_eviction() {
    let cluster = with_budget(json!({"minAvailable": 0})).await;
    ready_pod(&cluster, "a").await;
    cluster.create(&budget::DEF, json!({"metadata": {"name": "c"}, "spec": {"selector": {}, "minAvailable": 0}})).await;
    cluster.settle().await;
    let refused = evict(&cluster, "a").await.expect(500).json();
    let why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    assert_eq!(refused["message"], why);
}

/// Time is the test's own: it jumps to the next thing that is due.
#[tokio::test(start_paused = true)]
async fn an_evicted_pod_that_stays_counts_again_after_a_while() {
    let cluster = Cluster::with_paused_time(&[]).await;
    let selector = json!({"matchLabels": {"app": "x"}});
    cluster
        .create(&budget::DEF, json!({"metadata": {"name": "b"}, "spec": {"selector": selector, "minAvailable": 1}}))
        .await;
    ready_pod(&cluster, "a").await;
    ready_pod(&cluster, "b").await;
    cluster.settle_paused().await;
    let now = cluster.server().api().now().to_string();
    let disrupted = json!({"status": {"disruptedPods": {"a": now}}});
    cluster.patch_part(&budget::DEF, "b", "status", disrupted).await;
    let healthy = async |cluster: &Cluster, wanted: i64| {
        let found = cluster.get(&budget::DEF, "b").await?;
        (found["status"]["currentHealthy"] == wanted).then_some(())
    };
    cluster.until("one healthy pod", async |cluster| healthy(cluster, 1).await).await;
    tokio::time::sleep(std::time::Duration::from_secs(121)).await;
    cluster.until("two healthy pods", async |cluster| healthy(cluster, 2).await).await;
    let found = cluster.get(&budget::DEF, "b").await.expect("the budget");
    assert_eq!(found["status"]["disruptedPods"], Value::Null);
}
