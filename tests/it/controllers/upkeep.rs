//! What a server does by itself while time passes: it puts back what every cluster has, and forgets old Events.

use kubedouble::{
    kinds::{
        core::{endpoints, namespace},
        endpoint_slice, service,
    },
    object::meta,
};
use serde_json::json;

use super::support::Cluster;
use crate::{
    client::{Client, revision},
    harness,
};

const EVENTS: &str = "/api/v1/namespaces/default/events";

/// Time is the test's own: it jumps to the next thing that is due.
#[tokio::test(start_paused = true)]
async fn the_service_that_leads_to_the_server_comes_back() {
    let cluster = Cluster::start().await;
    let before = cluster.get(&service::DEF, "kubernetes").await.expect("the Service");
    cluster.delete(&endpoint_slice::DEF, "kubernetes", "").await;
    cluster.delete(&service::DEF, "kubernetes", "").await;
    for def in [&service::DEF, &endpoints::DEF, &endpoint_slice::DEF] {
        cluster.until(&def.plural, async |cluster| cluster.get(def, "kubernetes").await).await;
    }
    let after = cluster.get(&service::DEF, "kubernetes").await.expect("the Service");
    assert_eq!(after["spec"], before["spec"]);
    assert_ne!(meta::uid(&after), meta::uid(&before));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_every_cluster_has_comes_back() {
    let cluster = Cluster::start().await;
    let uid = async |cluster: &Cluster| {
        cluster.get(&namespace::DEF, "kube-node-lease").await.map(|found| meta::uid(&found).to_owned())
    };
    let before = uid(&cluster).await;
    cluster.delete(&namespace::DEF, "kube-node-lease", "").await;
    cluster.until("the namespace", async |cluster| uid(cluster).await.filter(|uid| Some(uid) != before.as_ref())).await;
}

#[tokio::test]
async fn events_expire_after_they_were_last_written() {
    let server = harness::start(&["--event-ttl=1s"]).await;
    let client = Client::new(server.url());
    let list = client.get(EVENTS).await.expect(200).json();
    let mut watch = client.watch(&format!("{EVENTS}?resourceVersion={}", revision(&list))).await;
    let event = json!({"metadata": {"name": "old"}, "involvedObject": {"namespace": "default"}});
    client.post(EVENTS, &event).await.expect(201);
    client.patch(&format!("{EVENTS}/old"), &json!({"message": "again"})).await.expect(200);
    assert_eq!(watch.take(3).await, ["ADDED old", "MODIFIED old", "DELETED old"]);
}
