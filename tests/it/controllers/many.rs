//! Many pods behind one Service: however fast they come, turn and go, no endpoint is lost and none is stale.
//!
//! `KUBEDOUBLE_PODS` says how many; 10000 is the size that has to work.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use futures_util::{StreamExt as _, stream};
use kubedouble::{
    kinds::{apps::deployment, core::endpoints, pod, service},
    object::meta,
};
use serde_json::json;

use super::support::Cluster;

/// What an Endpoints object lists at most.
const ENDPOINTS_MAX: usize = 1000;
/// What a slice lists at most.
const SLICE_MAX: usize = 100;
/// Requests at the same time.
const CONCURRENCY: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_made_by_hand_come_turn_and_go() {
    let count = size(400);
    let cluster = Cluster::with_nodes().await;
    cluster.web(json!({})).await;
    each(0..count, async |number| {
        cluster.pod(&name(number), &ip(number), true).await;
    })
    .await;
    check(&cluster, "all are ready", count, 0).await;
    each(0..count, async |number| {
        cluster.status(&name(number), &[&ip(number)], false).await;
        if number % 3 != 0 {
            cluster.status(&name(number), &[&ip(number)], true).await;
        }
    })
    .await;
    check(&cluster, "a third is not ready", count - count.div_ceil(3), count.div_ceil(3)).await;
    each((0..count).step_by(3), async |number| {
        cluster.status(&name(number), &[&ip(number)], true).await;
    })
    .await;
    check(&cluster, "all are ready again", count, 0).await;
    each((0..count).step_by(2), async |number| cluster.delete(&pod::DEF, &name(number), "").await).await;
    check(&cluster, "half are left", count / 2, 0).await;
    each((1..count).step_by(2), async |number| cluster.delete(&pod::DEF, &name(number), "").await).await;
    check(&cluster, "none is left", 0, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulated_pods_follow_their_deployment() {
    let count = size(100);
    let cluster = Cluster::with_flags(&["--simulate-pods=true", "--pod-start-delay=0"]).await;
    cluster.web(json!({})).await;
    let template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "i"}]},
    });
    let spec = json!({"replicas": count, "selector": {"matchLabels": {"app": "web"}}, "template": template});
    cluster.create(&deployment::DEF, json!({"metadata": {"name": "web"}, "spec": spec})).await;
    check(&cluster, "the deployment is up", count, 0).await;
    cluster.patch(&deployment::DEF, "web", json!({"spec": {"replicas": count / 2}})).await;
    check(&cluster, "half of it is left", count / 2, 0).await;
    cluster.patch(&deployment::DEF, "web", json!({"spec": {"replicas": 0}})).await;
    check(&cluster, "nothing of it is left", 0, 0).await;
}

/// `KUBEDOUBLE_PODS`, or what takes some seconds when nothing is optimized.
fn size(otherwise: usize) -> usize {
    env::var("KUBEDOUBLE_PODS").ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn name(number: usize) -> String {
    format!("p{number}")
}

fn ip(number: usize) -> String {
    format!("10.1.{}.{}", number / 250, number % 250 + 1)
}

/// Does this for each number, some at the same time.
async fn each(numbers: impl Iterator<Item = usize>, act: impl AsyncFn(usize)) {
    stream::iter(numbers).for_each_concurrent(CONCURRENCY, |number| act(number)).await;
}

/// Waits until all work is done, and compares what is published with the pods that live, and with what a Service of the
/// same selector gets that has not seen the past.
async fn check(cluster: &Cluster, what: &str, ready: usize, unready: usize) {
    let started = tokio::time::Instant::now();
    cluster.settle().await;
    println!("{what}: {ready} ready and {unready} not, settled after {:.2} s more", started.elapsed().as_secs_f64());
    let pods = live(cluster).await;
    let of = |wanted: bool| pods.values().filter(|ready| **ready == wanted).count();
    assert_eq!((of(true), of(false)), (ready, unready), "{what}");
    let spec = json!({"selector": {"app": "web"}, "ports": [{"port": 80}]});
    cluster.create(&service::DEF, json!({"metadata": {"name": "fresh"}, "spec": spec})).await;
    cluster.settle().await;
    for service in ["web", "fresh"] {
        assert!(sliced(cluster, service).await == pods, "{what}: the slices of {service} are wrong");
        check_endpoints(cluster, what, service, &pods).await;
    }
    let subsets = async |name| cluster.get(&endpoints::DEF, name).await.map(|object| object["subsets"].clone());
    assert!(subsets("web").await == subsets("fresh").await, "{what}: a fresh computation differs");
    cluster.delete(&service::DEF, "fresh", "").await;
    cluster.settle().await;
}

/// The address of every pod, and whether it is ready.
async fn live(cluster: &Cluster) -> BTreeMap<String, bool> {
    let pods = cluster.list(&pod::DEF).await;
    let facts = pods.iter().map(|pod| {
        let ready = meta::items(pod, &["status", "conditions"]).iter().find(|c| c["type"] == "Ready");
        (meta::text(pod, &["status", "podIP"]).to_owned(), ready.is_some_and(|ready| ready["status"] == "True"))
    });
    facts.collect()
}

/// The same as the slices of a Service have it; no slice is too long, and no address comes twice.
async fn sliced(cluster: &Cluster, service: &str) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for slice in cluster.slices(service).await {
        let list = meta::items(&slice, &["endpoints"]);
        assert!(list.len() <= SLICE_MAX, "{} endpoints in a slice", list.len());
        for endpoint in list {
            let address = endpoint["addresses"][0].as_str().expect("an address").to_owned();
            let ready = endpoint["conditions"]["ready"] == true;
            assert_eq!(found.insert(address.clone(), ready), None, "{address} is there twice");
        }
    }
    found
}

/// The Endpoints list all pods if they fit; else as many ready ones as possible, and say so.
async fn check_endpoints(cluster: &Cluster, what: &str, service: &str, pods: &BTreeMap<String, bool>) {
    let object = cluster.get(&endpoints::DEF, service).await.expect("Endpoints");
    let listed = |list: &str| -> BTreeSet<&str> {
        let subsets = meta::items(&object, &["subsets"]).iter();
        let addresses = subsets.flat_map(|subset| meta::items(subset, &[list]));
        addresses.map(|address| meta::text(address, &["ip"])).collect()
    };
    // In order of their text, the first ones stay.
    let of = |wanted: bool, most: usize| -> BTreeSet<&str> {
        pods.iter().filter(|(_, ready)| **ready == wanted).map(|(ip, _)| ip.as_str()).take(most).collect()
    };
    let ready = of(true, ENDPOINTS_MAX);
    let unready = of(false, ENDPOINTS_MAX - ready.len());
    assert!(listed("addresses") == ready, "{what}: the ready addresses of {service} are wrong");
    assert!(listed("notReadyAddresses") == unready, "{what}: the addresses of {service} that are not ready are wrong");
    let mark = meta::text(&object, &["metadata", "annotations", "endpoints.kubernetes.io/over-capacity"]);
    assert_eq!(mark, if pods.len() > ENDPOINTS_MAX { "truncated" } else { "" }, "{what}");
}
