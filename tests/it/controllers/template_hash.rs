//! The hash of a pod template is the one that a real cluster gives, so names of ReplicaSets are the same there.

use kubedouble::{
    kinds::apps::{deployment, replica_set},
    object::meta,
};
use serde_json::{Value, json};

use super::support::Cluster;

#[tokio::test(start_paused = true)]
async fn replica_sets_are_named_as_on_a_real_cluster() {
    let cluster = Cluster::with_paused_time(&[]).await;
    deploy(&cluster, "plain", plain()).await;
    deploy(&cluster, "rich", rich()).await;
    assert_eq!(sets(&cluster).await, ["plain-7649b845c8", "rich-bf485cc97"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_counts_as_a_collision() {
    let cluster = Cluster::with_paused_time(&[]).await;
    let labels = json!({"app": "other"});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": template});
    cluster.create(&replica_set::DEF, json!({"metadata": {"name": "plain-7649b845c8"}, "spec": spec})).await;
    deploy(&cluster, "plain", plain()).await;
    assert_eq!(sets(&cluster).await, ["plain-59c5dc68b7", "plain-7649b845c8"]);
    let found = cluster.get(&deployment::DEF, "plain").await.expect("the Deployment");
    assert_eq!(found["status"]["collisionCount"], 1);
}

#[tokio::test(start_paused = true)]
async fn the_controller_raises_no_generation() {
    let cluster = Cluster::with_paused_time(&[]).await;
    deploy(&cluster, "plain", plain()).await;
    let generations = async || {
        let found = cluster.get(&deployment::DEF, "plain").await.expect("the Deployment");
        let sets = cluster.list(&replica_set::DEF).await;
        let newest = sets.iter().map(|set| set["metadata"]["generation"].as_i64().unwrap_or_default()).min();
        (found["metadata"]["generation"].clone(), found["status"]["observedGeneration"].clone(), newest)
    };
    assert_eq!(generations().await, (json!(1), json!(1), Some(1)));
    let containers = json!([{"name": "c", "image": "i:2"}]);
    cluster.patch(&deployment::DEF, "plain", json!({"spec": {"template": {"spec": {"containers": containers}}}})).await;
    cluster.settle_paused().await;
    assert_eq!(generations().await, (json!(2), json!(2), Some(1)));
}

async fn deploy(cluster: &Cluster, name: &str, template: Value) {
    let selector = json!({"matchLabels": template["metadata"]["labels"]});
    let spec = json!({"replicas": 1, "selector": selector, "template": template});
    cluster.create(&deployment::DEF, json!({"metadata": {"name": name}, "spec": spec})).await;
    cluster.settle_paused().await;
}

async fn sets(cluster: &Cluster) -> Vec<String> {
    cluster.list(&replica_set::DEF).await.iter().map(|set| meta::name(set).to_owned()).collect()
}

fn plain() -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"enableServiceLinks": true, "containers": [{"name": "c", "image": "i:1"}]}})
}

fn rich() -> Value {
    json!({
        "metadata": {"labels": {"app": "web", "tier": "x"}, "annotations": {"a": "b"}},
        "spec": {
            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "w", "configMap": {"name": "m"}}],
            "containers": [{
                "name": "c",
                "image": "i:1",
                "command": ["sh", "-c"],
                "ports": [{"name": "http", "containerPort": 80}],
                "env": [{"name": "A", "value": "1"}],
                "resources": {"limits": {"cpu": "1.5", "memory": "1Gi"}, "requests": {"cpu": "0.1", "memory": "1500k"}},
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
            }],
            "enableServiceLinks": true,
            "securityContext": {"runAsUser": 1000},
            "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
        },
    })
}
