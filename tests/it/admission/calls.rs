//! What webhooks are told, and what they can do to a write.

use serde_json::{Value, json};

use super::hook::{Hook, allow, configuration, mutate, send};
use crate::{
    client::{Answer, Client},
    harness,
};

const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn config_map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "1"}})
}

async fn configure(client: &Client, path: &str, name: &str, webhooks: &[Value]) -> Answer {
    let kind = if path == MUTATING { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" };
    client.post(path, &configuration(kind, name, webhooks)).await.expect(201)
}

#[tokio::test]
async fn mutating_webhooks_see_each_others_changes_and_validating_ones_the_result() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|path, request| match path {
        "/check" => allow(request, &json!({"warnings": ["checked"]})),
        _ => mutate(request, &json!([{"op": "add", "path": format!("/data{path}"), "value": "yes"}])),
    })
    .await;
    configure(&client, MUTATING, "b", &[hook.webhook("second", &json!({}))]).await;
    configure(&client, MUTATING, "a", &[hook.webhook("first", &json!({"reinvocationPolicy": "IfNeeded"}))]).await;
    configure(&client, VALIDATING, "c", &[hook.webhook("check", &json!({}))]).await;
    let made = client.post(CONFIG_MAPS, &config_map("c")).await.expect(201);
    assert_eq!(made.header("warning"), "299 - \"checked\"");
    let made = made.json();
    assert_eq!(made["data"], json!({"a": "1", "first": "yes", "second": "yes"}));
    let owned = &made["metadata"]["managedFields"][0]["fieldsV1"]["f:data"];
    assert_eq!(owned, &json!({".": {}, "f:a": {}}), "nobody owns what webhooks add");
    let seen = hook.take();
    let data: Vec<_> = seen.iter().map(|request| &request["object"]["data"]).collect();
    let all = json!({"a": "1", "first": "yes", "second": "yes"});
    assert_eq!(
        data,
        [&json!({"a": "1"}), &json!({"a": "1", "first": "yes"}), &all, &all],
        "a second round for the first"
    );
    assert_eq!(seen[0]["object"]["metadata"].get("uid"), None, "mutating webhooks come before the identity");
    assert_eq!(seen[3]["object"]["metadata"]["uid"], made["metadata"]["uid"]);
    assert_eq!(seen[0]["options"], json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}));
    assert_eq!(hook.connections(), 1, "one call after the other needs one connection");
}

#[tokio::test]
async fn a_refusal_is_told_as_the_webhook_said_it() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|_, request| {
        let status = json!({"code": 418, "message": "no tea", "reason": "Short"});
        allow(request, &json!({"allowed": false, "status": status, "warnings": ["careful"]}))
    })
    .await;
    configure(&client, VALIDATING, "v", &[hook.webhook("no", &json!({"failurePolicy": "Ignore"}))]).await;
    let refused = client.post(CONFIG_MAPS, &config_map("c")).await.expect(418);
    assert_eq!(refused.header("warning"), "299 - \"careful\"");
    let refused = refused.json();
    assert_eq!(refused["message"], json!("admission webhook \"no.example.com\" denied the request: no tea"));
    assert_eq!(refused["reason"], json!("Short"));
    client.get(&format!("{CONFIG_MAPS}/c")).await.expect(404);
}

#[tokio::test]
async fn deletes_and_collections_are_reviewed_with_what_goes() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|_, request| {
        let allowed = request["oldObject"]["metadata"]["labels"]["keep"] != json!("yes");
        allow(request, &json!({"allowed": allowed}))
    })
    .await;
    let labelled = json!({"metadata": {"name": "kept", "labels": {"keep": "yes"}}});
    client.post(CONFIG_MAPS, &labelled).await.expect(201);
    client.post(CONFIG_MAPS, &config_map("gone")).await.expect(201);
    configure(&client, VALIDATING, "v", &[hook.webhook("v", &json!({}))]).await;
    client.delete(&format!("{CONFIG_MAPS}/kept")).await.expect(400);
    client.delete(&format!("{CONFIG_MAPS}/absent")).await.expect(404);
    client.delete(&format!("{CONFIG_MAPS}?fieldSelector=metadata.name%3Dgone")).await.expect(200);
    let seen = hook.take();
    assert_eq!(seen.len(), 2, "nobody is asked about what is not there");
    assert_eq!((&seen[0]["name"], &seen[0]["operation"]), (&json!("kept"), &json!("DELETE")));
    assert_eq!(seen[1].get("name"), None, "a collection has no name");
    client.get(&format!("{CONFIG_MAPS}/kept")).await.expect(200);
}

#[tokio::test]
async fn subresources_are_reviewed_in_their_own_form() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|path, request| match path {
        "/scale" => mutate(request, &json!([{"op": "replace", "path": "/spec/replicas", "value": 7}])),
        _ => allow(request, &json!({"allowed": false, "status": {"message": "no shells"}})),
    })
    .await;
    let rule = |group: &str, resource: &str, operation: &str| {
        json!({"rules": [{
            "operations": [operation], "apiGroups": [group], "apiVersions": ["*"], "resources": [resource],
        }]})
    };
    let scale = hook.webhook("scale", &rule("apps", "deployments/scale", "UPDATE"));
    configure(&client, MUTATING, "m", &[scale]).await;
    configure(&client, VALIDATING, "v", &[hook.webhook("exec", &rule("", "pods/*", "CONNECT"))]).await;
    let template = json!({
        "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let deployment = json!({
        "metadata": {"name": "d"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template},
    });
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    client.post(deployments, &deployment).await.expect(201);
    let scaled = client.patch(&format!("{deployments}/d/scale"), &json!({"spec": {"replicas": 1}})).await.expect(200);
    assert_eq!(scaled.json()["spec"]["replicas"], json!(7));
    let exec = "/api/v1/namespaces/default/pods/p/exec?command=sh&command=-l&stdin=true";
    let refused = client.send("POST", exec, &[], "").await.expect(400).json();
    assert_eq!(refused["message"], json!("admission webhook \"exec.example.com\" denied the request: no shells"));
    let seen = hook.take();
    assert_eq!(seen[0]["kind"], json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}));
    // Who manages the replicas of the Deployment manages its scale.
    let manager = &seen[0]["object"]["metadata"]["managedFields"][0];
    let wanted = json!(["autoscaling/v1", "scale", {"f:spec": {"f:replicas": {}}}]);
    assert_eq!(json!([manager["apiVersion"], manager["subresource"], manager["fieldsV1"]]), wanted);
    assert!(manager["time"].is_string(), "{manager}");
    let asked = json!({"kind": "PodExecOptions", "apiVersion": "v1", "stdin": true, "command": ["sh", "-l"]});
    assert_eq!(seen[1]["object"], asked);
}

#[tokio::test]
async fn an_equivalent_kind_is_shown_in_the_form_that_the_rule_names() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook =
        Hook::start(|_, request| mutate(request, &json!([{"op": "replace", "path": "/message", "value": "b"}]))).await;
    let events = json!({"rules": [{
        "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["events"],
    }]});
    configure(&client, MUTATING, "m", &[hook.webhook("m", &events)]).await;
    let event = json!({
        "metadata": {"name": "e"}, "action": "A", "eventTime": "2020-01-01T00:00:00.000000Z", "note": "a", "reason": "R",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}, "reportingController": "example.com/c",
        "reportingInstance": "i", "type": "Normal",
    });
    let made = client.post("/apis/events.k8s.io/v1/namespaces/default/events", &event).await.expect(201).json();
    assert_eq!(made["note"], json!("b"));
    let seen = hook.take();
    assert_eq!(
        (&seen[0]["object"]["message"], &seen[0]["requestKind"]["group"]),
        (&json!("a"), &json!("events.k8s.io"))
    );
}

#[tokio::test]
async fn configurations_are_not_reviewed_and_can_always_be_mended() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|_, _| send(&json!({"broken": true}))).await;
    let everything = json!({"rules": [{
        "operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"],
    }]});
    configure(&client, VALIDATING, "v", &[hook.webhook("v", &everything)]).await;
    client.post(CONFIG_MAPS, &config_map("c")).await.expect(500);
    client.delete(&format!("{VALIDATING}/v")).await.expect(200);
    client.post(CONFIG_MAPS, &config_map("c")).await.expect(201);
}

#[tokio::test]
async fn a_patch_may_name_a_new_object_but_not_rename_one() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|_, request| {
        mutate(request, &json!([{"op": "replace", "path": "/metadata/name", "value": "renamed"}]))
    })
    .await;
    client.post(CONFIG_MAPS, &config_map("old")).await.expect(201);
    configure(&client, MUTATING, "m", &[hook.webhook("x", &json!({}))]).await;
    let made = client.post(CONFIG_MAPS, &config_map("c")).await.expect(201).json();
    assert_eq!(made["metadata"]["name"], json!("renamed"));
    client.get(&format!("{CONFIG_MAPS}/c")).await.expect(404);
    let refused = client.put(&format!("{CONFIG_MAPS}/old"), &config_map("old")).await.expect(422).json();
    let why = "ConfigMap \"renamed\" is invalid: metadata.name: Invalid value: \"renamed\": field is immutable";
    assert_eq!(refused["message"], json!(why));
}
