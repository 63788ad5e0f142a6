//! Owners and what they own: what goes, what stays, and in which order.

use kubedouble::{
    kinds::{
        core::{config_map, event, namespace, node, secret},
        endpoint_slice, service,
    },
    object::meta,
};
use serde_json::{Value, json};

use super::support::{Cluster, owned_by};

async fn owner(cluster: &Cluster) -> Value {
    cluster.create(&config_map::DEF, json!({"metadata": {"name": "owner"}})).await
}

async fn owned(cluster: &Cluster, name: &str, references: Value) -> Value {
    cluster.create(&secret::DEF, json!({"metadata": {"name": name, "ownerReferences": references}})).await
}

fn references(object: &Value) -> usize {
    meta::items(object, &["metadata", "ownerReferences"]).len()
}

#[tokio::test]
async fn dependents_go_after_their_owner() {
    let cluster = Cluster::start().await;
    let owner = owner(&cluster).await;
    let first = owned(&cluster, "first", json!([owned_by(&owner, true)])).await;
    owned(&cluster, "second", json!([owned_by(&first, false)])).await;
    cluster.delete(&config_map::DEF, "owner", "Background").await;
    cluster.until_gone(&secret::DEF, "first").await;
    cluster.until_gone(&secret::DEF, "second").await;
}

#[tokio::test]
async fn an_owner_deleted_in_the_foreground_waits_for_those_that_block_it() {
    let cluster = Cluster::start().await;
    let owner = owner(&cluster).await;
    let mut blocking = json!({"metadata": {"name": "blocking", "ownerReferences": [owned_by(&owner, true)]}});
    blocking["metadata"]["finalizers"] = json!(["example.com/hold"]);
    cluster.create(&secret::DEF, blocking).await;
    owned(&cluster, "other", json!([owned_by(&owner, false)])).await;
    cluster.delete(&config_map::DEF, "owner", "Foreground").await;
    let is_deleting = async |cluster: &Cluster| {
        let found = cluster.get(&secret::DEF, "blocking").await?;
        meta::is_deleting(&found).then_some(())
    };
    cluster.until("the deletion of the blocking dependent", is_deleting).await;
    let waiting = cluster.get(&config_map::DEF, "owner").await.expect("the owner waits");
    assert_eq!(meta::finalizers(&waiting), ["foregroundDeletion"]);
    assert!(cluster.get(&secret::DEF, "other").await.is_some(), "others go after the owner");
    cluster.patch(&secret::DEF, "blocking", json!({"metadata": {"finalizers": null}})).await;
    cluster.until_gone(&config_map::DEF, "owner").await;
    cluster.until_gone(&secret::DEF, "other").await;
}

#[tokio::test]
async fn foreground_deletion_goes_down_the_whole_tree() {
    let cluster = Cluster::start().await;
    let owner = owner(&cluster).await;
    let middle = owned(&cluster, "middle", json!([owned_by(&owner, true)])).await;
    owned(&cluster, "leaf", json!([owned_by(&middle, true)])).await;
    cluster.delete(&config_map::DEF, "owner", "Foreground").await;
    cluster.until_gone(&config_map::DEF, "owner").await;
    assert!(cluster.get(&secret::DEF, "middle").await.is_none());
    assert!(cluster.get(&secret::DEF, "leaf").await.is_none());
}

#[tokio::test]
async fn objects_that_own_each_other_do_not_wait_for_ever() {
    let cluster = Cluster::start().await;
    let owner = owner(&cluster).await;
    let other = owned(&cluster, "other", json!([owned_by(&owner, true)])).await;
    let circle = json!({"metadata": {"ownerReferences": [owned_by(&other, true)]}});
    cluster.patch(&config_map::DEF, "owner", circle).await;
    cluster.delete(&config_map::DEF, "owner", "Foreground").await;
    cluster.until_gone(&config_map::DEF, "owner").await;
    cluster.until_gone(&secret::DEF, "other").await;
}

#[tokio::test]
async fn orphans_forget_their_owner_and_stay() {
    let cluster = Cluster::start().await;
    let owner = owner(&cluster).await;
    owned(&cluster, "orphan", json!([owned_by(&owner, true)])).await;
    cluster.delete(&config_map::DEF, "owner", "Orphan").await;
    cluster.until_gone(&config_map::DEF, "owner").await;
    let orphan = cluster.get(&secret::DEF, "orphan").await.expect("orphans stay");
    assert_eq!(references(&orphan), 0);
}

#[tokio::test]
async fn an_object_stays_while_it_has_an_owner_left() {
    let cluster = Cluster::start().await;
    let owner = owner(&cluster).await;
    let heir = cluster.create(&config_map::DEF, json!({"metadata": {"name": "heir"}})).await;
    owned(&cluster, "shared", json!([owned_by(&owner, true), owned_by(&heir, false)])).await;
    cluster.delete(&config_map::DEF, "owner", "Background").await;
    let forgets = async |cluster: &Cluster| {
        let found = cluster.get(&secret::DEF, "shared").await.expect("it has an owner left");
        (references(&found) == 1).then_some(())
    };
    cluster.until("the lost owner forgotten", forgets).await;
    cluster.delete(&config_map::DEF, "heir", "Background").await;
    cluster.until_gone(&secret::DEF, "shared").await;
}

#[tokio::test]
async fn an_owner_that_never_was_is_as_good_as_gone() {
    let cluster = Cluster::start().await;
    let mut stranger = owner(&cluster).await;
    stranger["metadata"]["uid"] = "00000000-0000-4000-8000-000000000000".into();
    owned(&cluster, "dangling", json!([owned_by(&stranger, true)])).await;
    cluster.until_gone(&secret::DEF, "dangling").await;
}

#[tokio::test]
async fn owners_outside_namespaces_count_and_unknown_ones_are_left_alone() {
    let cluster = Cluster::start().await;
    let machine = cluster.create(&node::DEF, json!({"metadata": {"name": "machine"}})).await;
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Thing", "name": "x", "uid": "u"});
    owned(&cluster, "unknown", json!([unknown])).await;
    owned(&cluster, "of-machine", json!([owned_by(&machine, false)])).await;
    cluster.delete(&node::DEF, "machine", "").await;
    cluster.until_gone(&secret::DEF, "of-machine").await;
    assert!(cluster.get(&secret::DEF, "unknown").await.is_some());
}

#[tokio::test]
async fn slices_go_with_their_service_or_stay_as_orphans() {
    for (propagation, stays) in [("", false), ("Orphan", true)] {
        let cluster = Cluster::start().await;
        cluster.web(json!({})).await;
        let slice = cluster.until_slices("web", &[]).await.remove(0);
        cluster.delete(&service::DEF, "web", propagation).await;
        cluster.until_gone(&service::DEF, "web").await;
        if stays {
            let orphan = cluster.get(&endpoint_slice::DEF, meta::name(&slice)).await.expect("orphans stay");
            assert_eq!(references(&orphan), 0);
        } else {
            cluster.until_gone(&endpoint_slice::DEF, meta::name(&slice)).await;
        }
    }
}

#[tokio::test]
async fn an_owner_in_another_namespace_owns_nothing_and_that_is_told() {
    let cluster = Cluster::start().await;
    cluster.create(&namespace::DEF, json!({"metadata": {"name": "other"}})).await;
    let owner = json!({"metadata": {"name": "owner", "namespace": "other"}});
    let owner = cluster.create(&config_map::DEF, owner).await;
    let child = json!({"metadata": {"name": "child", "ownerReferences": [owned_by(&owner, false)]}});
    cluster.create(&config_map::DEF, child).await;
    cluster.until_gone(&config_map::DEF, "child").await;
    let told = async |cluster: &Cluster| {
        let events = cluster.list(&event::DEF).await;
        events.into_iter().find(|event| event["reason"] == "OwnerRefInvalidNamespace")
    };
    let event = cluster.until("the warning", told).await;
    let message = format!(
        "ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {}] does not exist in namespace \"default\"",
        meta::uid(&owner)
    );
    assert_eq!((&event["type"], &event["message"]), (&json!("Warning"), &json!(message)));
}

#[tokio::test]
async fn the_root_certificate_of_a_namespace_comes_back() {
    let cluster = Cluster::start().await;
    let name = "kube-root-ca.crt";
    let is_published = async |cluster: &Cluster| {
        let found = cluster.get(&config_map::DEF, name).await?;
        let data = meta::map(&found, &["data"])?;
        (data.len() == 1 && data.contains_key("ca.crt")).then_some(found)
    };
    let first = cluster.until("the certificate", is_published).await;
    cluster.delete(&config_map::DEF, name, "").await;
    let second = cluster.until("the certificate after its deletion", is_published).await;
    assert_ne!(meta::uid(&first), meta::uid(&second));
    let edit = json!({"metadata": {"annotations": {"mine": "stays"}}, "data": {"ca.crt": null, "other": ""}});
    cluster.patch(&config_map::DEF, name, edit).await;
    let third = cluster.until("the certificate after its change", is_published).await;
    assert_eq!(third["metadata"]["annotations"]["mine"], "stays");
}

#[tokio::test]
async fn a_namespace_waits_for_content_that_is_held_and_says_so() {
    let cluster = Cluster::start().await;
    cluster.create(&namespace::DEF, json!({"metadata": {"name": "doomed"}})).await;
    let held = json!({"name": "held", "namespace": "doomed", "finalizers": ["example.com/hold"]});
    cluster.create(&config_map::DEF, json!({"metadata": held})).await;
    cluster.delete(&namespace::DEF, "doomed", "").await;
    let reports = async |cluster: &Cluster| {
        let found = cluster.get(&namespace::DEF, "doomed").await.expect("its content is held");
        let conditions = meta::items(&found, &["status", "conditions"]).iter();
        let told: Vec<_> = conditions
            .filter(|condition| meta::text(condition, &["status"]) == "True")
            .map(|condition| meta::text(condition, &["message"]).to_owned())
            .collect();
        (told.len() == 2).then_some(told)
    };
    assert_eq!(
        cluster.until("two true conditions", reports).await,
        [
            "Some resources are remaining: configmaps. has 1 resource instances",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ]
    );
    let release = json!({"metadata": {"finalizers": null}});
    cluster.patch_in("doomed", &config_map::DEF, "held", release).await;
    cluster.until_gone(&namespace::DEF, "doomed").await;
}
