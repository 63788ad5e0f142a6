//! Workloads always come to rest, whatever they select and whoever has lost its owner; a key that a controller keeps
//! writing for is slowed down.
//!
//! `KUBEDOUBLE_HISTORIES` says how many random histories are tried.

use std::time::Duration;

use kubedouble::{
    controllers::engine::throttle::{Throttle, Verdict},
    kinds::{
        apps::{deployment, replica_set},
        pod,
    },
    object::{Reason, meta},
    verbs::{Caller, DeleteOptions, Target},
};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::support::Cluster;

/// How many random histories are tried by default.
const HISTORIES: u64 = 12;
/// How many things happen in each.
const STEPS: usize = 14;
/// How long a cluster at rest is observed.
const OBSERVED: Duration = Duration::from_secs(300);

#[tokio::test(start_paused = true)]
async fn two_deployments_of_the_same_pods_come_to_rest() {
    let cluster = Cluster::with_paused_time(&["--simulate-pods=true"]).await;
    for name in ["a", "b"] {
        create(&cluster, name, &json!({"app": "web"}), "i", 2).await;
    }
    cluster.settle_paused().await;
    cluster.delete(&deployment::DEF, "a", "Orphan").await;
    check(&cluster, "after one of them has left its ReplicaSet").await;
    let sets = cluster.list(&replica_set::DEF).await;
    let owners = sets.iter().map(|set| set["metadata"]["ownerReferences"][0]["name"].clone());
    assert_eq!(owners.collect::<Vec<_>>(), ["b", "b"], "the ReplicaSet has been adopted");
    let sizes: i64 = sets.iter().filter_map(|set| set["spec"]["replicas"].as_i64()).sum();
    assert_eq!(sizes, 2);
    assert_eq!(cluster.list(&pod::DEF).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn random_workloads_come_to_rest() {
    let histories = std::env::var("KUBEDOUBLE_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES);
    for seed in 0..histories {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let simulated = if random.random() { "--simulate-pods=true" } else { "--simulate-pods=false" };
        let cluster = Cluster::with_paused_time(&[simulated]).await;
        for _ in 0..STEPS {
            step(&cluster, &mut random).await;
            if random.random() {
                cluster.settle_paused().await;
            }
        }
        check(&cluster, &format!("history {seed}")).await;
    }
}

async fn step(cluster: &Cluster, random: &mut ChaCha8Rng) {
    let name = ["a", "b", "c"].choose(random).expect("a name").to_string();
    let labels = [json!({"app": "web"}), json!({"app": "web", "tier": "x"})];
    let labels = labels.choose(random).expect("labels");
    let image = *["i", "j"].choose(random).expect("an image");
    let target = Target::new(&deployment::DEF, "default", &name);
    if cluster.get(&deployment::DEF, &name).await.is_none() {
        return create(cluster, &name, labels, image, random.random_range(0..4)).await;
    }
    match random.random_range(0..6) {
        0 => {
            let policy = *["Orphan", "Background", "Foreground"].choose(random).expect("a policy");
            remove(cluster, &target, policy).await;
        }
        1 => cluster.disturb(&target, Some(json!({"spec": {"replicas": random.random_range(0..4)}}))).await,
        2 => {
            let containers = json!([{"name": "c", "image": image}]);
            let edit = json!({"spec": {"template": {"spec": {"containers": containers}}}});
            cluster.disturb(&target, Some(edit)).await;
        }
        3 => {
            let sets = cluster.list(&replica_set::DEF).await;
            if let Some(set) = sets.choose(random) {
                remove(cluster, &Target::new(&replica_set::DEF, "default", meta::name(set)), "Orphan").await;
            }
        }
        4 => {
            let pods = cluster.list(&pod::DEF).await;
            if let Some(pod) = pods.choose(random) {
                let target = Target::new(&pod::DEF, "default", meta::name(pod));
                cluster.disturb(&target, Some(json!({"metadata": {"labels": {"app": "other"}}}))).await;
            }
        }
        _ => cluster.disturb(&target, Some(json!({"spec": {"paused": random.random::<bool>()}}))).await,
    }
}

/// Deletes an object, which may be gone already.
async fn remove(cluster: &Cluster, target: &Target, policy: &str) {
    let mut options = DeleteOptions::new(Caller::internal("test"));
    options.propagation_policy = Some(policy.to_owned());
    if let Err(status) = cluster.server().api().delete(target, &options).await {
        assert_eq!(status.reason, Reason::NotFound, "{status}");
    }
}

async fn create(cluster: &Cluster, name: &str, labels: &Value, image: &str, replicas: i64) {
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}});
    let spec = json!({"replicas": replicas, "selector": {"matchLabels": labels}, "template": template});
    cluster.create(&deployment::DEF, json!({"metadata": {"name": name}, "spec": spec})).await;
}

/// Checks that nothing is written any more, and that no key has been found to be restless.
async fn check(cluster: &Cluster, what: &str) {
    cluster.settle_paused().await;
    let state = async || {
        let mut versions = Vec::new();
        for kind in [&deployment::DEF, &replica_set::DEF, &pod::DEF] {
            for object in cluster.list(kind).await {
                versions.push((meta::name(&object).to_owned(), meta::resource_version(&object).to_owned()));
            }
        }
        versions
    };
    let before = state().await;
    tokio::time::sleep(OBSERVED).await;
    assert_eq!(state().await, before, "{what}");
    assert!(cluster.server().controllers().restless().is_empty(), "{what}");
}

#[test]
fn a_key_that_never_rests_is_slowed_down_more_and_more_and_named_once() {
    let throttle = Throttle::default();
    let verdicts: Vec<_> = (0..1000).map(|_| throttle.note("a", true, 0)).collect();
    assert_eq!(verdicts[100], Verdict::default());
    assert!(verdicts[300].delay > verdicts[200].delay);
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_newly_restless).count(), 1);
    assert_eq!(verdicts[999].delay, Duration::from_secs(30));
    assert_eq!(throttle.restless(), ["a"]);
    // In an hour there are some hundred writes, not some million.
    let hour: Duration = verdicts.iter().take(500).map(|verdict| verdict.delay).sum();
    assert!(hour > Duration::from_secs(3600), "{hour:?}");
}

#[test]
fn a_key_that_comes_to_rest_is_forgotten() {
    let throttle = Throttle::default();
    for _ in 0..1000 {
        throttle.note("a", true, 0);
    }
    assert_eq!(throttle.note("a", false, 0), Verdict::default());
    assert!(throttle.restless().is_empty());
    assert_eq!(throttle.note("a", true, 0), Verdict::default());
}

#[test]
fn what_clients_change_may_be_followed_at_once() {
    let throttle = Throttle::default();
    let verdicts = (0..100_000).map(|change| throttle.note("a", true, change));
    assert!(verdicts.into_iter().all(|verdict| verdict == Verdict::default()));
}
