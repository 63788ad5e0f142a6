//! What is said about fields of a patch that nobody knows or that stand twice.

use kubedouble::server::Server;
use serde_json::json;

use crate::{client::Client, harness};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn a_patch_is_decoded_strictly_too() {
    let (_server, client) = start().await;
    let twice = r#"{"zz": 1, "data": {"a": "1", "a": "2"}, "metadata": {"b": 1}}"#;
    let operations = r#"[{"op": "add", "path": "/zz", "value": 1, "foo": 1},
                         {"op": "add", "op": "add", "path": "/data/c", "value": "1"}]"#;
    let document = "{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, data: {d: one, d: two}}";
    for (kind, patch, complaints) in [
        (
            "merge-patch+json",
            twice,
            &[r#"duplicate field "data.a""#, r#"unknown field "metadata.b""#, r#"unknown field "zz""#][..],
        ),
        (
            "strategic-merge-patch+json",
            twice,
            &[r#"duplicate field "data.a""#, r#"unknown field "metadata.b""#, r#"unknown field "zz""#],
        ),
        (
            "json-patch+json",
            operations,
            &[
                r#"json patch unknown field "[0].foo""#,
                r#"json patch duplicate field "[1].op""#,
                r#"unknown field "zz""#,
            ],
        ),
        ("apply-patch+yaml", document, &[r#"line 1: key "d" already set in map"#]),
    ] {
        let content_type = format!("application/{kind}");
        let headers = [("content-type", content_type.as_str())];
        let at = |level: &str| format!("{CONFIG_MAPS}/web?fieldManager=me&fieldValidation={level}");

        let answer = client.send("PATCH", &at("Warn"), &headers, patch).await.expect(200);
        let warnings = answer.headers.get_all("warning").iter().map(|value| value.to_str().expect("text"));
        let expected: Vec<String> = complaints.iter().map(|text| format!("299 - {text:?}")).collect();
        assert_eq!(warnings.collect::<Vec<_>>(), expected, "{kind}");

        let (status, why) = match kind {
            "apply-patch+yaml" => {
                let why = "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ";
                (400, format!("{why}{}", complaints[0]))
            }
            _ => (422, format!("strict decoding error: {}", complaints.join(", "))),
        };
        let refused = client.send("PATCH", &at("Strict"), &headers, patch).await.expect(status).json();
        let message = refused["message"].as_str().expect("a message");
        assert!(message.ends_with(&why), "{kind}: {message}");

        let ignored = client.send("PATCH", &at("Ignore"), &headers, patch).await.expect(200);
        assert!(!ignored.headers.contains_key("warning"), "{kind}");
    }
}

#[tokio::test]
async fn a_patch_that_is_no_document_is_a_bad_request() {
    let (_server, client) = start().await;
    let yaml = "error decoding YAML: ";
    let no_map = "error unmarshaling JSON: while decoding JSON: \
                  json: cannot unmarshal array into Go value of type map[string]interface {}";
    for (kind, patch, message) in [
        ("merge-patch+json", "{", "error decoding patch: unexpected end of JSON input".to_owned()),
        ("json-patch+json", "[", "error decoding patch: unexpected end of JSON input".to_owned()),
        ("strategic-merge-patch+json", "{", "unexpected end of JSON input".to_owned()),
        (
            "apply-patch+yaml",
            "a: b: c",
            format!("{yaml}error converting YAML to JSON: yaml: mapping values are not allowed in this context"),
        ),
        ("apply-patch+yaml", "[]", format!("{yaml}{no_map}")),
    ] {
        let content_type = format!("application/{kind}");
        let path = format!("{CONFIG_MAPS}/web?fieldManager=me");
        let headers = [("content-type", content_type.as_str())];
        let refused = client.send("PATCH", &path, &headers, patch).await.expect(400).json();
        assert_eq!(refused["message"], message, "{kind}");
    }
}

async fn start() -> (Server, Client) {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "web"}})).await.expect(201);
    (server, client)
}
