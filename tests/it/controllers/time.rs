//! What happens after hours, with a clock that stands still until a test sleeps: each test takes milliseconds.

use std::time::Duration;

use jiff::Timestamp;
use kubedouble::{
    kinds::{apps::deployment, core::event, lease, pod, service},
    object::meta,
    verbs::Target,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::support::Cluster;

#[tokio::test(start_paused = true)]
async fn pods_are_available_once_they_have_been_ready_for_min_ready_seconds() {
    let cluster = Cluster::with_paused_time(&["--simulate-pods=true", "--pod-start-delay=1m"]).await;
    create_deployment(&cluster, json!({"minReadySeconds": 3600, "progressDeadlineSeconds": 7200})).await;
    let counts = async || {
        let found = cluster.get(&deployment::DEF, "web").await.expect("the Deployment");
        ["readyReplicas", "availableReplicas"].map(|name| found["status"][name].as_i64().unwrap_or_default())
    };
    sleep(Duration::from_secs(50)).await;
    assert_eq!(counts().await, [0, 0]);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(counts().await, [2, 0]);
    sleep(Duration::from_secs(3500)).await;
    assert_eq!(counts().await, [2, 0]);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(counts().await, [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_without_progress_misses_its_deadline() {
    let cluster = Cluster::with_paused_time(&[]).await;
    create_deployment(&cluster, json!({"progressDeadlineSeconds": 600})).await;
    let progress = async || {
        let found = cluster.get(&deployment::DEF, "web").await.expect("the Deployment");
        let conditions = meta::items(&found, &["status", "conditions"]).to_vec();
        let found = conditions.into_iter().find(|condition| condition["type"] == "Progressing").unwrap_or_default();
        [found["status"].clone(), found["reason"].clone()]
    };
    sleep(Duration::from_secs(590)).await;
    assert_eq!(progress().await[0], "True");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(progress().await, ["False", "ProgressDeadlineExceeded"]);
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_is_up_after_its_delay() {
    let cluster = Cluster::with_paused_time(&["--load-balancer=delayed=2h"]).await;
    cluster.web(json!({"type": "LoadBalancer"})).await;
    let ingress = async || {
        let found = cluster.get(&service::DEF, "web").await.expect("the Service");
        meta::items(&found, &["status", "loadBalancer", "ingress"]).len()
    };
    sleep(Duration::from_secs(7000)).await;
    assert_eq!(ingress().await, 0);
    sleep(Duration::from_secs(300)).await;
    assert_eq!(ingress().await, 1);
}

#[tokio::test(start_paused = true)]
async fn events_expire() {
    let cluster = Cluster::with_paused_time(&["--event-ttl=1h"]).await;
    let old = json!({"metadata": {"name": "old"}, "involvedObject": {"namespace": "default"}});
    cluster.create(&event::DEF, old).await;
    sleep(Duration::from_secs(3500)).await;
    assert!(cluster.get(&event::DEF, "old").await.is_some());
    sleep(Duration::from_secs(200)).await;
    assert!(cluster.get(&event::DEF, "old").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_pod_stops_within_its_grace_period() {
    let cluster = Cluster::with_paused_time(&["--simulate-pods=true"]).await;
    let annotations = json!({"kubedouble.dev/stop-after": "25s"});
    let pod = json!({
        "metadata": {"name": "slow", "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    cluster.create(&pod::DEF, pod).await;
    sleep(Duration::from_secs(10)).await;
    cluster.stop("slow").await;
    sleep(Duration::from_secs(20)).await;
    assert!(cluster.get(&pod::DEF, "slow").await.is_some());
    sleep(Duration::from_secs(10)).await;
    assert!(cluster.get(&pod::DEF, "slow").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn nodes_renew_their_leases() {
    let cluster = Cluster::with_paused_time(&["--simulate-pods=true", "--simulate-nodes=1"]).await;
    let target = Target::new(&lease::DEF, "kube-node-lease", "node-1");
    let renewed = async || {
        let answer = cluster.server().api().get(&target, None, "").await.expect("the Lease");
        let lease = answer.into_value(&lease::DEF);
        let time: Timestamp = meta::text(&lease, &["spec", "renewTime"]).parse().expect("a time");
        time
    };
    sleep(Duration::from_secs(1)).await;
    let first = renewed().await;
    sleep(Duration::from_secs(3600)).await;
    let passed = renewed().await.duration_since(first).as_secs();
    // It is renewed every ten seconds or so.
    assert!((3585..=3615).contains(&passed), "{passed}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_never_restarted_ends_well() {
    let cluster = Cluster::with_paused_time(&["--simulate-pods=true", "--pod-run-time=10m"]).await;
    for (name, policy, time) in [("never", "Never", ""), ("task", "OnFailure", "20m"), ("web", "Always", "1s")] {
        let mut pod = json!({
            "metadata": {"name": name},
            "spec": {"restartPolicy": policy, "containers": [{"name": "c", "image": "i"}]},
        });
        if !time.is_empty() {
            pod["metadata"]["annotations"] = json!({"kubedouble.dev/succeed-after": time});
        }
        cluster.create(&pod::DEF, pod).await;
    }
    let phases = async || {
        let pods = cluster.list(&pod::DEF).await;
        pods.iter().map(|pod| meta::text(pod, &["status", "phase"]).to_owned()).collect::<Vec<_>>()
    };
    sleep(Duration::from_secs(500)).await;
    assert_eq!(phases().await, ["Running", "Running", "Running"]);
    sleep(Duration::from_secs(200)).await;
    assert_eq!(phases().await, ["Succeeded", "Running", "Running"]);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(phases().await, ["Succeeded", "Succeeded", "Running"]);
    let pod = cluster.get(&pod::DEF, "never").await.expect("the pod");
    let state = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((&state["exitCode"], &state["reason"]), (&json!(0), &json!("Completed")));
}

async fn create_deployment(cluster: &Cluster, members: Value) {
    let template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let mut spec = json!({"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template});
    for (name, value) in members.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    cluster.create(&deployment::DEF, json!({"metadata": {"name": "web"}, "spec": spec})).await;
}
