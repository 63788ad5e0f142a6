//! Objects of custom kinds: fields, status, scale, tables, selectors and wrong requests.

use serde_json::{Value, json};

use super::support::{WIDGETS, define, definition, start, version, widget};
use crate::client::{Client, names};

const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

/// Widgets with everything that a definition can give them.
async fn define_rich(client: &Client) {
    let fields = json!({
        "size": {"type": "integer", "default": 1},
        "color": {"type": "string"},
        "items": {"type": "array", "items": {"type": "string"}},
    });
    let mut version = version("v1", true, &fields);
    version["subresources"] = json!({
        "status": {},
        "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
    });
    version["selectableFields"] = json!([{"jsonPath": ".spec.color"}]);
    version["additionalPrinterColumns"] = json!([
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "First", "type": "string", "jsonPath": ".spec.items[0]"},
        {"name": "Wrong", "type": "integer", "jsonPath": ".spec.color"},
    ]);
    define(client, &definition(&json!([version]))).await;
}

#[tokio::test]
async fn unknown_fields_are_dropped_with_a_warning_and_defaults_are_filled_in() {
    let (_server, client) = start().await;
    define_rich(&client).await;
    let created = client.post(WIDGETS, &widget("v1", "a", &json!({"color": "red", "bogus": 1}))).await.expect(201);
    assert_eq!(created.header("warning"), "299 - \"unknown field \\\"spec.bogus\\\"\"");
    assert_eq!(created.json()["spec"], json!({"color": "red", "size": 1}));
    let path = format!("{WIDGETS}?fieldValidation=Strict");
    let refused = client.post(&path, &widget("v1", "b", &json!({"bogus": 1}))).await.expect(400).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with("unknown field \"spec.bogus\"")));
}

#[tokio::test]
async fn status_and_spec_are_written_apart() {
    let (_server, client) = start().await;
    define_rich(&client).await;
    let mut object = widget("v1", "a", &json!({"size": 2}));
    object["status"] = json!({"size": 9});
    let created = client.post(WIDGETS, &object).await.expect(201).json();
    assert!(created.get("status").is_none());
    let path = format!("{WIDGETS}/a");
    let change = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"size": 5}, "status": {"size": 1}});
    let written = client.patch(&format!("{path}/status"), &change).await.expect(200).json();
    assert_eq!((&written["spec"], &written["status"]), (&json!({"size": 2}), &json!({"size": 1})));
    assert_eq!((&written["metadata"]["labels"], &written["metadata"]["generation"]), (&Value::Null, &json!(1)));
    let written = client.patch(&path, &json!({"spec": {"size": 3}, "status": null})).await.expect(200).json();
    assert_eq!((&written["status"], &written["metadata"]["generation"]), (&json!({"size": 1}), &json!(2)));
    let scale = client.get(&format!("{path}/scale")).await.expect(200).json();
    assert_eq!(
        (&scale["kind"], &scale["spec"], &scale["status"]),
        (&json!("Scale"), &json!({"replicas": 3}), &json!({"replicas": 1}))
    );
    let scaled = json!({"metadata": {"name": "a"}, "spec": {"replicas": 7}});
    client.put(&format!("{path}/scale"), &scaled).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200).json()["spec"]["size"], 7);
    let table = client.send("GET", &format!("{path}/scale"), &[("accept", TABLE)], "").await.expect(200).json();
    let columns: Vec<_> = table["columnDefinitions"].as_array().into_iter().flatten().map(|c| &c["name"]).collect();
    assert_eq!(columns, ["Name", "Desired", "Available", "Age"]);
}

#[tokio::test]
async fn a_scale_is_not_applied_and_a_conflict_is_told_first() {
    let (_server, client) = start().await;
    define_rich(&client).await;
    let apply = async |path: &str, config: Value| {
        client.send("PATCH", path, &[("content-type", "application/apply-patch+yaml")], config.to_string()).await
    };
    let path = format!("{WIDGETS}/a");
    apply(&format!("{path}?fieldManager=m"), widget("v1", "a", &json!({"size": 2}))).await.expect(201);
    let scale = json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"}, "spec": {"replicas": 4},
    });
    let refused = apply(&format!("{path}/scale?fieldManager=s"), scale.clone()).await.expect(409).json();
    assert_eq!(refused["message"], "Apply failed with 1 conflict: conflict with \"m\": .spec.replicas");
    let refused = apply(&format!("{path}/scale?fieldManager=s&force=true"), scale).await.expect(500).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with("invalid group/version: autoscaling/v1")));
    assert_eq!(client.get(&path).await.expect(200).json()["spec"]["size"], 2);
}

#[tokio::test]
async fn tables_and_selectors_follow_the_definition() {
    let (_server, client) = start().await;
    define_rich(&client).await;
    client.post(WIDGETS, &widget("v1", "a", &json!({"color": "red", "items": ["x", "y"]}))).await.expect(201);
    client.post(WIDGETS, &widget("v1", "b", &json!({"color": "blue"}))).await.expect(201);
    let table = client.send("GET", WIDGETS, &[("accept", TABLE)], "").await.expect(200).json();
    assert_eq!(table["rows"][0]["cells"], json!(["a", 1, "x", null]));
    assert_eq!(table["rows"][1]["cells"], json!(["b", 1, null, null]));
    let red = client.get(&format!("{WIDGETS}?fieldSelector=spec.color=red")).await.expect(200).json();
    assert_eq!(names(&red), ["a"]);
    let refused = client.get(&format!("{WIDGETS}?fieldSelector=spec.size=1")).await.expect(400).json();
    assert_eq!(refused["message"], "field label not supported: spec.size");
}

#[tokio::test]
async fn requests_that_lead_nowhere_are_told_so_as_the_handler_of_custom_kinds_does() {
    let (_server, client) = start().await;
    define_rich(&client).await;
    for path in ["/apis/example.com/v1/gizmos", "/apis/example.com/v9/widgets", "/apis/nobody.example.com/v1/widgets"] {
        assert_eq!(client.get(path).await.expect(404).text(), "404 page not found\n", "{path}");
    }
    client.post(WIDGETS, &widget("v1", "a", &json!({}))).await.expect(201);
    let missing = client.get(&format!("{WIDGETS}/a/log")).await.expect(404).json();
    assert_eq!(missing["message"], "widgets.example.com \"a\" not found");
    let refused = client.delete(&format!("{WIDGETS}/a/status")).await.expect(405).json();
    assert_eq!(refused["message"], "delete is not supported on resources of kind \"widgets.example.com\"");
    let strategic = [("content-type", "application/strategic-merge-patch+json")];
    client.send("PATCH", &format!("{WIDGETS}/a"), &strategic, "{}").await.expect(415);
    let nameless = client.post(WIDGETS, &json!({})).await.expect(400).json();
    assert!(nameless["message"].as_str().is_some_and(|text| text.contains("Object 'Kind' is missing in '{}'")));
    let renamed = client.patch(&format!("{WIDGETS}/a"), &json!({"kind": "Gadget"})).await.expect(422).json();
    assert_eq!(renamed["details"]["causes"][0]["message"], "Invalid value: \"Gadget\": must be Widget");
}
