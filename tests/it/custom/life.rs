//! The life of a definition: accepted, established, changed, deleted, and kept across restarts.

use kubedouble::{config::Config, server::Server};
use serde_json::json;

use super::support::{
    DEFINITIONS, WIDGETS, WIDGETS_DEFINITION, condition, define, definition, start, version, wait_for, widget,
};
use crate::client::{Client, names};

#[tokio::test]
async fn a_definition_is_accepted_then_established_and_its_kind_is_served_from_then_on() {
    let (_server, client) = start().await;
    client.get(WIDGETS).await.expect(404);
    let created = client.post(DEFINITIONS, &definition(&json!([version("v1", true, &json!({}))]))).await.expect(201);
    let created = created.json();
    assert_eq!(created["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(created["spec"]["names"]["listKind"], "WidgetList");
    let established = wait_for(&client, WIDGETS_DEFINITION, |found| condition(found, "Established") == "True").await;
    assert_eq!(condition(&established, "NamesAccepted"), "True");
    assert_eq!(established["status"]["acceptedNames"], established["spec"]["names"]);
    let list = client.get(WIDGETS).await.expect(200).json();
    assert_eq!((&list["kind"], &list["metadata"]["continue"]), (&json!("WidgetList"), &json!("")));
    let group = client.get("/apis/example.com/v1").await.expect(200).json();
    assert_eq!(group["resources"][0]["shortNames"], json!(["wd"]));
    let document = client.get("/openapi/v3/apis/example.com/v1").await.expect(200).json();
    assert!(document["components"]["schemas"].get("com.example.v1.Widget").is_some());
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_accepted_before_its_holder_is_gone() {
    let (_server, client) = start().await;
    define(&client, &definition(&json!([version("v1", true, &json!({}))]))).await;
    let mut other = definition(&json!([version("v1", true, &json!({}))]));
    other["metadata"]["name"] = "gadgets.example.com".into();
    other["spec"]["names"] = json!({"plural": "gadgets", "kind": "Gadget", "shortNames": ["wd"]});
    client.post(DEFINITIONS, &other).await.expect(201);
    let path = format!("{DEFINITIONS}/gadgets.example.com");
    let refused = wait_for(&client, &path, |found| condition(found, "NamesAccepted") == "False").await;
    assert_eq!(refused["status"]["conditions"][0]["message"], "\"wd\" is already in use");
    assert_eq!(condition(&refused, "Established"), "False");
    client.get("/apis/example.com/v1/gadgets").await.expect(404);
    client.delete(WIDGETS_DEFINITION).await.expect(200);
    wait_for(&client, &path, |found| condition(found, "Established") == "True").await;
    client.get("/apis/example.com/v1/gadgets").await.expect(200);
}

#[tokio::test]
async fn the_instances_of_a_definition_go_before_it() {
    let (_server, client) = start().await;
    define(&client, &definition(&json!([version("v1", true, &json!({}))]))).await;
    let mut held = widget("v1", "held", &json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/held"]);
    client.post(WIDGETS, &held).await.expect(201);
    client.post(WIDGETS, &widget("v1", "free", &json!({}))).await.expect(201);
    let deleted = client.delete(WIDGETS_DEFINITION).await.expect(200).json();
    assert_eq!(condition(&deleted, "Terminating"), "True");
    assert_eq!(deleted["metadata"]["finalizers"], json!(["customresourcecleanup.apiextensions.k8s.io"]));
    let list = wait_for(&client, WIDGETS, |list| names(list) == ["held"]).await;
    assert!(list["items"][0]["metadata"].get("deletionTimestamp").is_some());
    let refused = client.post(WIDGETS, &widget("v1", "late", &json!({}))).await.expect(405).json();
    assert_eq!(refused["message"], "create not allowed while custom resource definition is terminating");
    client.patch(&format!("{WIDGETS}/held"), &json!({"metadata": {"finalizers": null}})).await.expect(200);
    wait_for(&client, WIDGETS_DEFINITION, |found| found["code"] == 404).await;
    client.get("/apis/example.com/v1").await.expect(404);
    define(&client, &definition(&json!([version("v1", true, &json!({}))]))).await;
    assert!(names(&client.get(WIDGETS).await.expect(200).json()).is_empty());
}

#[tokio::test]
async fn definitions_and_instances_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = || {
        let data = directory.path().join("data.db");
        let flags = ["kubedouble", "--port", "0", "--data", data.to_str().expect("a path in UTF-8")];
        <Config as clap::Parser>::parse_from(flags)
    };
    let server = Server::start(config()).await.expect("starts");
    let client = Client::new(server.url());
    define(&client, &definition(&json!([version("v1", true, &json!({"size": {"type": "integer"}}))]))).await;
    let created = client.post(WIDGETS, &widget("v1", "a", &json!({"size": 1}))).await.expect(201).json();
    server.stop().await;
    let server = Server::start(config()).await.expect("starts again");
    let client = Client::new(server.url());
    assert_eq!(client.get(&format!("{WIDGETS}/a")).await.expect(200).json(), created);
    client.patch(&format!("{WIDGETS}/a"), &json!({"spec": {"size": 2}})).await.expect(200);
    server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_definition_is_told_in_order() {
    let (_server, client) = start().await;
    let mut wrong = definition(&json!([
        {"name": "V1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
         "additionalPrinterColumns": [{"name": "Size", "type": "text", "jsonPath": "spec.size"}]}
    ]));
    wrong["spec"]["scope"] = "Galaxy".into();
    wrong["spec"]["names"]["kind"] = "Wid_get".into();
    let refused = client.post(DEFINITIONS, &wrong).await.expect(422).json();
    let causes = refused["details"]["causes"].as_array().into_iter().flatten();
    let fields: Vec<_> = causes.filter_map(|cause| cause["field"].as_str()).collect();
    let expected = [
        "spec.scope",
        "spec.versions[0].name",
        "spec.version",
        "spec.names.singular",
        "spec.names.kind",
        "spec.names.listKind",
        "spec.additionalPrinterColumns[0].type",
        "spec.additionalPrinterColumns[0].JSONPath",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_conversion_is_checked_as_kube_apiserver_checks_it_its_mistake_included() {
    let (_server, client) = start().await;
    let versions =
        json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]);
    for (service, field) in [(json!({"namespace": "n"}), "namespace"), (json!({"name": "s"}), "name")] {
        let mut wrong = definition(&versions);
        let webhook = json!({"clientConfig": {"service": service}, "conversionReviewVersions": ["v1"]});
        wrong["spec"]["conversion"] = json!({"strategy": "Webhook", "webhook": webhook});
        let refused = client.post(DEFINITIONS, &wrong).await.expect(422).json();
        let expected = format!("spec.conversion.webhookClientConfig.service.{field}");
        assert_eq!(refused["details"]["causes"][0]["field"], expected);
    }
    let mut wrong = definition(&versions);
    let webhook = json!({"clientConfig": {"url": "https://example.com"}, "conversionReviewVersions": ["v1"]});
    wrong["spec"]["conversion"] = json!({"strategy": "Webhook", "webhook": webhook});
    wrong["spec"]["preserveUnknownFields"] = true.into();
    let refused = client.post(DEFINITIONS, &wrong).await.expect(422).json();
    let fields: Vec<_> = refused["details"]["causes"].as_array().into_iter().flatten().map(|c| &c["field"]).collect();
    assert_eq!(fields, ["spec.conversion.strategy", "spec.preserveUnknownFields"]);
}

#[tokio::test]
async fn a_manifest_of_a_former_version_is_told_which_one_is_expected() {
    let (_server, client) = start().await;
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    for (path, kind, stated, expected) in [
        (DEFINITIONS, "CustomResourceDefinition", "apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1"),
        (deployments, "Deployment", "extensions/v1beta1", "apps/v1"),
        (deployments, "Deployment", "apps/v1beta2", "apps/v1"),
    ] {
        let former = json!({"apiVersion": stated, "kind": kind, "metadata": {"name": "a"}});
        let refused = client.post(path, &former).await.expect(400).json();
        let text =
            format!("the API version in the data ({stated}) does not match the expected API version ({expected})");
        assert_eq!(refused["message"], text);
    }
}
