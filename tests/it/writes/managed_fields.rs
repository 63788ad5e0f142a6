//! `metadata.managedFields` where they are not as usual.

use serde_json::{Value, json};

use super::World;

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[tokio::test]
async fn an_item_without_its_key_ends_the_tracking_of_fields() {
    let world = World::new().await;
    let made = world.created(ACCOUNTS, json!({"metadata": {"name": "a"}, "secrets": [{"kind": "x"}]})).await;
    assert_eq!(made["metadata"]["managedFields"], Value::Null);
    let path = format!("{ACCOUNTS}/a");
    let applied = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}});
    let refused = world.patch("apply", &format!("{path}?fieldManager=m"), applied).await.expect(500).json();
    assert_eq!(
        refused["message"],
        "failed to create manager for existing fields: failed to convert new object (default/a; /v1, \
         Kind=ServiceAccount) to smd typed: .secrets: element 0: associative list with keys has an element that omits \
         all key fields [\"name\"] (and doesn't have default values for any key fields)"
    );
    world.created(ACCOUNTS, json!({"metadata": {"name": "b"}, "secrets": [{"name": "s"}]})).await;
    let twice = json!({"secrets": [{"name": "s"}, {"name": "s"}]});
    let tracked = world.patch("merge", &format!("{ACCOUNTS}/b"), twice).await.expect(200).json();
    assert!(tracked["metadata"]["managedFields"].is_array());
    let unnamed = json!({"secrets": [{"name": "s"}, {}]});
    let lost = world.patch("merge", &format!("{ACCOUNTS}/b"), unnamed).await.expect(200).json();
    assert_eq!(lost["metadata"]["managedFields"], Value::Null);
}

#[tokio::test]
async fn a_write_to_scale_has_no_time_and_comes_first() {
    let world = World::new().await;
    let template = json!({
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let spec = json!({"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    world.created(DEPLOYMENTS, json!({"metadata": {"name": "d"}, "spec": spec})).await;
    let path = format!("{DEPLOYMENTS}/d");
    world.patch("merge", &format!("{path}/scale"), json!({"spec": {"replicas": 2}})).await.expect(200);
    let entries = world.client.get(&path).await.expect(200).json()["metadata"]["managedFields"].clone();
    assert_eq!((&entries[0]["subresource"], &entries[0]["time"]), (&json!("scale"), &Value::Null), "{entries}");
    assert_eq!(entries[0]["fieldsV1"], json!({"f:spec": {"f:replicas": {}}}));
}

#[tokio::test]
async fn applied_managed_fields_that_are_no_list_are_a_matter_of_types() {
    let world = World::new().await;
    let apply = |entries: Value| json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "managedFields": entries}});
    let path = format!("{ACCOUNTS}/a?fieldManager=m");
    let list = world.patch("apply", &path, apply(json!([]))).await.expect(400).json();
    assert_eq!(list["message"], "metadata.managedFields must be nil");
    let other = world.patch("apply", &path, apply(json!(true))).await.expect(500).json();
    assert_eq!(
        other["message"],
        "failed to create typed patch object (/a; /v1, Kind=ServiceAccount): .metadata.managedFields: expected list, \
         got &{true}"
    );
}
