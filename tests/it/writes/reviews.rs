//! Objects that are made only to be looked at: reviews, and the scale of a workload.

use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn a_review_says_who_asked() {
    let world = World::new().await;
    let spec = json!({"nonResourceAttributes": {"path": "/", "verb": "get"}});
    for (group, kind) in
        [("authorization.k8s.io", "selfsubjectaccessreviews"), ("authentication.k8s.io", "selfsubjectreviews")]
    {
        let object = if kind.contains("access") { json!({"spec": spec}) } else { json!({}) };
        let made = world.created(&format!("/apis/{group}/v1/{kind}?fieldManager=me"), object).await;
        let managers = &made["metadata"]["managedFields"];
        assert_eq!(managers[0]["manager"].as_str(), kind.contains("access").then_some("me"), "{kind}");
    }
}

#[tokio::test]
async fn a_table_of_a_scale_shows_how_many_are_wanted_and_there() {
    let world = World::new().await;
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"replicas": 3, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    let sets = "/apis/apps/v1/namespaces/default/replicasets";
    world.created(sets, json!({"metadata": {"name": "r"}, "spec": spec})).await;
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let table = world.client.send("GET", &format!("{sets}/r/scale"), &accept, "").await.expect(200).json();
    let columns: Vec<Value> =
        table["columnDefinitions"].as_array().expect("columns").iter().map(|c| c["name"].clone()).collect();
    assert_eq!(columns, ["Name", "Desired", "Available", "Age"]);
    assert_eq!((&table["rows"][0]["cells"][0], &table["rows"][0]["cells"][1]), (&json!("r"), &json!(3)));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}
