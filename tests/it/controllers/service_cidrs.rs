//! ServiceCIDRs are ready at once, and stay while an address needs them.

use kubedouble::{
    kinds::{networking::service_cidr, service},
    object::meta,
};
use serde_json::{Value, json};

use super::support::Cluster;

fn ready(cidr: &Value) -> (&str, &str) {
    let conditions = meta::items(cidr, &["status", "conditions"]);
    let ready = conditions.iter().find(|condition| meta::text(condition, &["type"]) == "Ready");
    ready.map(|c| (meta::text(c, &["status"]), meta::text(c, &["reason"]))).unwrap_or_default()
}

async fn extra(cluster: &Cluster, name: &str) {
    let object = json!({"metadata": {"name": name}, "spec": {"cidrs": ["10.200.0.0/24"]}});
    cluster.create(&service_cidr::DEF, object).await;
    until_ready(cluster, name, ("True", "")).await;
}

async fn until_ready(cluster: &Cluster, name: &str, wanted: (&str, &str)) -> Value {
    let look = async |cluster: &Cluster| {
        let found = cluster.get(&service_cidr::DEF, name).await?;
        (ready(&found) == wanted).then_some(found)
    };
    cluster.until(&format!("{name} with {wanted:?}"), look).await
}

#[tokio::test]
async fn the_range_of_the_flags_is_ready_from_the_start() {
    let cluster = Cluster::start().await;
    let found = cluster.get(&service_cidr::DEF, "kubernetes").await.expect("it is made at start-up");
    assert_eq!(ready(&found), ("True", ""));
    assert_eq!(meta::finalizers(&found), ["networking.k8s.io/service-cidr-finalizer"]);
}

#[tokio::test]
async fn a_range_gives_addresses_and_stays_until_they_are_back() {
    let cluster = Cluster::start().await;
    extra(&cluster, "extra").await;
    cluster.web(json!({"clusterIP": "10.200.0.7"})).await;
    cluster.delete(&service_cidr::DEF, "extra", "").await;
    until_ready(&cluster, "extra", ("False", "Terminating")).await;
    cluster.delete(&service::DEF, "web", "").await;
    cluster.until_gone(&service_cidr::DEF, "extra").await;
}

#[tokio::test]
async fn a_range_goes_when_another_covers_its_addresses() {
    let cluster = Cluster::start().await;
    extra(&cluster, "extra").await;
    cluster.web(json!({"clusterIP": "10.200.0.7"})).await;
    cluster.delete(&service_cidr::DEF, "extra", "").await;
    until_ready(&cluster, "extra", ("False", "Terminating")).await;
    extra(&cluster, "heir").await;
    cluster.until_gone(&service_cidr::DEF, "extra").await;
    assert!(cluster.get(&service::DEF, "web").await.is_some());
}

#[tokio::test]
async fn an_unused_range_goes_at_once() {
    let cluster = Cluster::start().await;
    extra(&cluster, "extra").await;
    cluster.delete(&service_cidr::DEF, "extra", "").await;
    cluster.until_gone(&service_cidr::DEF, "extra").await;
}
