//! A webhook that sees another version than the request: the object is converted for it, and its changes back, also where the
//! conversion is a webhook's own work.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value, json};

use super::hook::{Hook, allow, configuration, mutate, send};
use crate::{client::Client, harness};

/// Converts between a version with one port and one with many.
fn convert(request: &Value) -> Response<Full<Bytes>> {
    let version = &request["desiredAPIVersion"];
    let objects = request["objects"].as_array().into_iter().flatten().map(|object| {
        let mut object = object.clone();
        object["apiVersion"] = version.clone();
        object["spec"] = match (&object["spec"]["port"], &object["spec"]["ports"]) {
            (port, _) if version == "example.com/v2" && !port.is_null() => json!({"ports": [port]}),
            (_, Value::Array(ports)) if version == "example.com/v1" => json!({"port": ports[0]}),
            _ => object["spec"].clone(),
        };
        object
    });
    let converted: Vec<Value> = objects.collect();
    let response = json!({"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": converted});
    send(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": response}))
}

fn definition(hook: &Hook) -> Value {
    let version = |name: &str, is_stored: bool, fields: Value| {
        let spec = json!({"type": "object", "properties": fields});
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
        json!({"name": name, "served": true, "storage": is_stored, "schema": schema})
    };
    let port = json!({"type": "integer"});
    let client = json!({"url": format!("{}/convert", hook.url), "caBundle": hook.ca});
    json!({
        "metadata": {"name": "gates.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "gates", "kind": "Gate"},
            "scope": "Namespaced",
            "conversion": {
                "strategy": "Webhook",
                "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]},
            },
            "versions": [
                version("v1", false, json!({"port": port})),
                version("v2", true, json!({"ports": {"type": "array", "items": port}})),
            ],
        },
    })
}

#[tokio::test]
async fn webhooks_see_their_own_version_of_what_is_written_in_another() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|path, request| match path {
        "/convert" => convert(request),
        "/check" => allow(request, &json!({})),
        _ => mutate(request, &json!([{"op": "replace", "path": "/spec/ports/0", "value": 8081}])),
    })
    .await;
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    client.post(definitions, &definition(&hook)).await.expect(201);
    let rules = json!([{"operations": ["CREATE"], "apiGroups": ["example.com"], "apiVersions": ["v2"], "resources": ["gates"]}]);
    for (kind, plural, path) in [
        ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "change"),
        ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "check"),
    ] {
        let webhook = hook.webhook(path, &json!({"rules": rules}));
        let at = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
        client.post(&at, &configuration(kind, path, &[webhook])).await.expect(201);
    }
    let gates = |version: &str| format!("/apis/example.com/{version}/namespaces/default/gates");
    while client.get(&gates("v1")).await.status != 200 {
        tokio::task::yield_now().await;
    }
    hook.take();
    let gate =
        json!({"apiVersion": "example.com/v1", "kind": "Gate", "metadata": {"name": "g"}, "spec": {"port": 8080}});
    let made = client.post(&gates("v1"), &gate).await.expect(201).json();
    assert_eq!(made["spec"], json!({"port": 8081}));
    let stored = client.get(&format!("{}/g", gates("v2"))).await.expect(200).json();
    assert_eq!(stored["spec"], json!({"ports": [8081]}));
    let seen: Vec<Value> = hook.take().into_iter().filter(|request| request["operation"] == "CREATE").collect();
    let of = |request: &Value| request["object"]["spec"].clone();
    assert_eq!(seen.iter().map(of).collect::<Vec<_>>(), [json!({"ports": [8080]}), json!({"ports": [8081]})]);
}
