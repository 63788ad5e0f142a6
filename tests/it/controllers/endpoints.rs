//! Endpoints follow Services and pods, and are left alone when nothing changed.

use kubedouble::{
    kinds::{
        core::{endpoints, event, node},
        pod, service,
    },
    object::meta,
};
use serde_json::{Value, json};

use super::support::Cluster;

const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";

fn annotation<'a>(object: &'a Value, name: &str) -> &'a str {
    meta::text(object, &["metadata", "annotations", name])
}

#[tokio::test]
async fn a_service_without_pods_has_empty_endpoints_made_at_its_creation() {
    let cluster = Cluster::start().await;
    let service = cluster.web(json!({})).await;
    let found = cluster.until_endpoints("web", &[], &[]).await;
    assert_eq!(found.get("subsets"), None);
    assert_eq!(annotation(&found, TRIGGER_TIME), meta::text(&service, &["metadata", "creationTimestamp"]));
    assert_eq!(found["metadata"]["labels"], json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"}));
}

#[tokio::test]
async fn pods_come_go_and_change_sides() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.pod("a", "10.1.0.9", true).await;
    cluster.pod("b", "10.1.0.10", false).await;
    cluster.until_endpoints("web", &["10.1.0.9"], &["10.1.0.10"]).await;
    cluster.status("b", &["10.1.0.10"], true).await;
    // Addresses are in order of their text.
    cluster.until_endpoints("web", &["10.1.0.10", "10.1.0.9"], &[]).await;
    cluster.patch(&pod::DEF, "a", json!({"metadata": {"labels": {"app": "other"}}})).await;
    cluster.until_endpoints("web", &["10.1.0.10"], &[]).await;
    cluster.delete(&pod::DEF, "b", "").await;
    cluster.until_endpoints("web", &[], &[]).await;
    cluster.patch(&service::DEF, "web", json!({"spec": {"selector": {"app": "other"}}})).await;
    cluster.until_endpoints("web", &["10.1.0.9"], &[]).await;
}

#[tokio::test]
async fn unready_pods_are_published_on_request() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({"publishNotReadyAddresses": true})).await;
    cluster.pod("a", "10.1.0.1", false).await;
    cluster.until_endpoints("web", &["10.1.0.1"], &[]).await;
}

#[tokio::test]
async fn a_pod_is_published_once_it_has_a_node() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.until_endpoints("web", &[], &[]).await;
    let containers = json!([{"name": "c", "image": "i"}]);
    let object = json!({"metadata": {"name": "a", "labels": {"app": "web"}}, "spec": {"containers": containers}});
    cluster.create(&pod::DEF, object).await;
    cluster.status("a", &["10.1.0.1"], true).await;
    cluster.pod("b", "10.1.0.2", true).await;
    cluster.until_slices("web", &["10.1.0.2"]).await;
    let refused = cluster.get(&endpoints::DEF, "web").await.expect("it was made before");
    assert_eq!(refused.get("subsets"), None, "addresses without a node cannot be published, nor others with them");
    cluster.delete(&pod::DEF, "a", "").await;
    cluster.until_endpoints("web", &["10.1.0.2"], &[]).await;
}

#[tokio::test]
async fn nothing_is_written_when_nothing_changed() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.pod("a", "10.1.0.1", true).await;
    let before = cluster.until_endpoints("web", &["10.1.0.1"], &[]).await;
    cluster.patch(&pod::DEF, "a", json!({"metadata": {"labels": {"more": "labels"}}})).await;
    cluster.patch(&service::DEF, "web", json!({"metadata": {"annotations": {"a": "b"}}})).await;
    // A second Service shows that the controller has been past the first.
    let other = json!({"metadata": {"name": "other"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 1}]}});
    cluster.create(&service::DEF, other).await;
    cluster.until_endpoints("other", &["10.1.0.1"], &[]).await;
    assert_eq!(cluster.get(&endpoints::DEF, "web").await, Some(before));
}

#[tokio::test]
async fn edits_stay_until_the_next_change_and_a_removed_object_comes_back() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.pod("a", "10.1.0.1", true).await;
    cluster.until_endpoints("web", &["10.1.0.1"], &[]).await;
    let edited = json!({"subsets": [{"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 1}]}]});
    cluster.patch(&endpoints::DEF, "web", edited).await;
    cluster.until_endpoints("web", &["10.9.9.9"], &[]).await;
    cluster.delete(&endpoints::DEF, "web", "").await;
    cluster.until_endpoints("web", &["10.1.0.1"], &[]).await;
}

#[tokio::test]
async fn labels_follow_the_service() {
    let cluster = Cluster::start().await;
    cluster.web(json!({"clusterIP": "None"})).await;
    cluster.until_endpoints("web", &[], &[]).await;
    cluster.patch(&service::DEF, "web", json!({"metadata": {"labels": {"team": "x"}}})).await;
    let labelled = async |cluster: &Cluster| {
        let found = cluster.get(&endpoints::DEF, "web").await?;
        (meta::text(&found, &["metadata", "labels", "team"]) == "x").then_some(found)
    };
    let found = cluster.until("the label", labelled).await;
    let wanted = json!({
        "team": "x",
        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
        "service.kubernetes.io/headless": "",
    });
    assert_eq!(found["metadata"]["labels"], wanted);
}

#[tokio::test]
async fn endpoints_of_a_service_without_a_selector_are_nobodys_but_the_users() {
    let cluster = Cluster::start().await;
    cluster.web(json!({"selector": null})).await;
    let subsets = json!([{"addresses": [{"ip": "10.9.9.9"}], "ports": [{"port": 1, "protocol": "TCP"}]}]);
    cluster.create(&endpoints::DEF, json!({"metadata": {"name": "web"}, "subsets": subsets})).await;
    cluster.create(&endpoints::DEF, json!({"metadata": {"name": "alone"}, "subsets": subsets})).await;
    cluster.until_slices("web", &["10.9.9.9"]).await;
    for name in ["web", "alone"] {
        assert_eq!(cluster.get(&endpoints::DEF, name).await.expect("it stays")["subsets"], subsets);
    }
    // A mirror is made under a generated name, and keeps that name but not where it came from.
    let prefix = |slice: &Value| slice["metadata"]["generateName"].clone();
    let mirror = cluster.slices("web").await.remove(0);
    assert_eq!(prefix(&mirror), "web-");
    let subsets = json!([{"addresses": [{"ip": "10.9.9.8"}], "ports": [{"port": 1, "protocol": "TCP"}]}]);
    cluster.patch(&endpoints::DEF, "web", json!({"subsets": subsets})).await;
    let changed = cluster.until_slices("web", &["10.9.9.8"]).await.remove(0);
    assert_eq!((meta::name(&changed), prefix(&changed)), (meta::name(&mirror), Value::Null));
    cluster.delete(&service::DEF, "web", "").await;
    cluster.until_gone(&endpoints::DEF, "web").await;
    assert!(cluster.get(&endpoints::DEF, "alone").await.is_some(), "it never had a Service");
}

#[tokio::test]
async fn more_than_a_thousand_addresses_are_cut() {
    let cluster = Cluster::with_nodes().await;
    for i in 0..1005 {
        cluster.pod(&format!("p{i}"), &format!("10.1.{}.{}", i / 250, i % 250 + 1), i < 990).await;
    }
    cluster.web(json!({})).await;
    let truncated = async |cluster: &Cluster| {
        let found = cluster.get(&endpoints::DEF, "web").await?;
        (annotation(&found, OVER_CAPACITY) == "truncated").then_some(found)
    };
    let found = cluster.until("truncated endpoints", truncated).await;
    let count = |list: &str| meta::items(&found["subsets"][0], &[list]).len();
    assert_eq!((count("addresses"), count("notReadyAddresses")), (990, 10), "ready ones go before");
    let slices = async |cluster: &Cluster| {
        let mut sizes: Vec<_> =
            cluster.slices("web").await.iter().map(|slice| meta::items(slice, &["endpoints"]).len()).collect();
        sizes.sort_unstable();
        (sizes.iter().sum::<usize>() == 1005).then_some(sizes)
    };
    let sizes = cluster.until("all slices", slices).await;
    assert_eq!(sizes, [[5].as_slice(), &[100; 10]].concat());
    for i in 0..6 {
        cluster.delete(&pod::DEF, &format!("p{i}"), "").await;
    }
    let whole = async |cluster: &Cluster| {
        let found = cluster.get(&endpoints::DEF, "web").await?;
        annotation(&found, OVER_CAPACITY).is_empty().then_some(found)
    };
    cluster.until("whole endpoints", whole).await;
}

#[tokio::test]
async fn the_trigger_time_is_when_the_pods_changed() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.until_endpoints("web", &[], &[]).await;
    cluster.pod("a", "10.1.0.1", false).await;
    cluster.until_endpoints("web", &[], &["10.1.0.1"]).await;
    let since = "2020-01-02T03:04:05Z";
    let ready = json!([{"type": "Ready", "status": "True", "lastTransitionTime": since}]);
    cluster.patch_part(&pod::DEF, "a", "status", json!({"status": {"conditions": ready}})).await;
    let found = cluster.until_endpoints("web", &["10.1.0.1"], &[]).await;
    assert_eq!(annotation(&found, TRIGGER_TIME), since);
}

#[tokio::test]
async fn a_node_that_arrives_late_brings_its_pods() {
    let cluster = Cluster::start().await;
    cluster.web(json!({})).await;
    cluster.pod("a", "10.1.0.1", true).await;
    cluster.until_endpoints("web", &["10.1.0.1"], &[]).await;
    cluster.until_slices("web", &[]).await;
    let told = async |cluster: &Cluster| {
        let events = cluster.list(&event::DEF).await;
        let about_slices = events.into_iter().find(|event| event["reason"] == "FailedToUpdateEndpointSlices")?;
        Some(meta::text(&about_slices, &["message"]).to_owned())
    };
    assert_eq!(
        cluster.until("an event about the missing node", told).await,
        "Error updating Endpoint Slices for Service default/web: skipping Pod a for Service default/web: Node n1 Not Found"
    );
    cluster.create(&node::DEF, json!({"metadata": {"name": "n1"}})).await;
    cluster.until_slices("web", &["10.1.0.1"]).await;
}

#[tokio::test]
async fn what_cannot_be_published_is_told() {
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    cluster.until_endpoints("web", &[], &[]).await;
    let nowhere = json!({
        "metadata": {"name": "a", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    cluster.create(&pod::DEF, nowhere).await;
    cluster.status("a", &["10.1.0.1"], true).await;
    let told = async |cluster: &Cluster| {
        let events = cluster.list(&event::DEF).await;
        events.into_iter().find(|event| event["reason"] == "FailedToUpdateEndpoint")
    };
    let event = cluster.until("an event about the endpoints", told).await;
    assert_eq!((&event["type"], &event["involvedObject"]["kind"]), (&json!("Warning"), &json!("Endpoints")));
    assert_eq!(event["source"]["component"], "endpoint-controller");
    let message = meta::text(&event, &["message"]);
    let expected = "Failed to update endpoint default/web: Endpoints \"web\" is invalid: \
                    subsets[0].addresses[0].nodeName: Invalid value: \"\": ";
    assert!(message.starts_with(expected), "{message}");
    cluster.settle().await;
}
