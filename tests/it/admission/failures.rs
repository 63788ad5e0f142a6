//! Webhooks that cannot be reached, cannot be trusted, or make no sense.

use hyper::{Response, StatusCode, header};
use rcgen::{CertificateParams, date_time_ymd};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::hook::{Hook, allow, configuration, mutate, send};
use crate::{client::Client, harness};

const VALIDATING: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const MUTATING: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// What a create says, after this webhook alone has been configured.
async fn failure(client: &Client, path: &str, webhook: Value) -> String {
    let kind = if path == MUTATING { "MutatingWebhookConfiguration" } else { "ValidatingWebhookConfiguration" };
    client.post(path, &configuration(kind, "x", &[webhook])).await.expect(201);
    let refused = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}, "data": {"a": "1"}})).await;
    client.delete(&format!("{path}/x")).await.expect(200);
    let refused = refused.expect(500).json();
    assert_eq!(refused["reason"], json!("InternalError"));
    let message = refused["message"].as_str().expect("a message").to_owned();
    message.strip_prefix("Internal error occurred: ").expect("an internal error").to_owned()
}

fn calling(path: &str, why: &str) -> String {
    format!("failed calling webhook \"{path}.example.com\": {why}")
}

#[tokio::test]
async fn a_webhook_that_is_not_there_fails_or_is_ignored_and_holds_up_nothing_else() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let hook = Hook::start(|_, request| allow(request, &json!({}))).await;
    let url = json!({"clientConfig": {"url": format!("https://{address}/x"), "caBundle": hook.ca}});
    let post = format!("Post \"https://{address}/x?timeout=10s\"");
    let why = format!("failed to call webhook: {post}: dial tcp {address}: connect: connection refused");
    assert_eq!(failure(&client, VALIDATING, hook.webhook("x", &url)).await, calling("x", &why));
    let mut ignored = hook.webhook("x", &url);
    ignored["failurePolicy"] = "Ignore".into();
    let kind = "ValidatingWebhookConfiguration";
    client.post(VALIDATING, &configuration(kind, "ignored", &[ignored])).await.expect(201);
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}})).await.expect(201);
    // A service that leads nowhere, and one that is a host outside.
    let service = |name: &str| json!({"clientConfig": {"service": {"namespace": "default", "name": name}}});
    let found = failure(&client, MUTATING, hook.webhook("x", &service("ghost"))).await;
    let post = "Post \"https://ghost.default.svc:443/?timeout=10s\"";
    assert_eq!(found, calling("x", &format!("failed to call webhook: {post}: service \"ghost\" not found")));
    client.delete(&format!("{VALIDATING}/ignored")).await.expect(200);
    let secrets = json!({
        "clientConfig": {"url": format!("https://{address}/x"), "caBundle": hook.ca},
        "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"]}],
    });
    client.post(VALIDATING, &configuration(kind, "secrets", &[hook.webhook("x", &secrets)])).await.expect(201);
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "free"}})).await.expect(201);
}

#[tokio::test]
async fn a_service_is_followed_to_where_it_leads() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let params = CertificateParams::new(["hook.default.svc".to_owned()]).expect("names of a certificate");
    let hook = Hook::start_with(params, |_, request| allow(request, &json!({}))).await;
    let alias = json!({"metadata": {"name": "hook"}, "spec": {"type": "ExternalName", "externalName": "localhost"}});
    client.post("/api/v1/namespaces/default/services", &alias).await.expect(201);
    let service = json!({"namespace": "default", "name": "hook", "port": hook.port, "path": "/a/b/"});
    let webhook = hook.webhook("x", &json!({"clientConfig": {"service": service, "caBundle": hook.ca}}));
    client.post(VALIDATING, &configuration("ValidatingWebhookConfiguration", "x", &[webhook])).await.expect(201);
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}})).await.expect(201);
    assert_eq!(hook.take().len(), 1);
}

#[tokio::test]
async fn certificates_are_checked_for_time_name_and_issuer() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let started = |params| Hook::start_with(params, |_, request| allow(request, &json!({})));
    let named = |name: &str| CertificateParams::new([name.to_owned()]).expect("names of a certificate");
    let mut old = named("127.0.0.1");
    (old.not_before, old.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
    let refused = |hook: &Hook, found: String| {
        let post = format!("failed to call webhook: Post \"{}/x?timeout=10s\": ", hook.url);
        let why = found.strip_prefix(&calling("x", &post)).expect("the call that failed").to_owned();
        why.strip_prefix("tls: failed to verify certificate: x509: ").expect("a refused certificate").to_owned()
    };
    let hook = started(old).await;
    let why = refused(&hook, failure(&client, VALIDATING, hook.webhook("x", &json!({}))).await);
    assert!(why.starts_with("certificate has expired or is not yet valid: current time "), "{why}");
    assert!(why.ends_with(" is after 2020-01-01T00:00:00Z"), "{why}");
    let hook = started(named("localhost")).await;
    let why = refused(&hook, failure(&client, VALIDATING, hook.webhook("x", &json!({}))).await);
    assert_eq!(why, "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs");
    let (hook, other) = (started(named("127.0.0.1")).await, started(named("127.0.0.1")).await);
    let foreign = json!({"clientConfig": {"url": format!("{}/x", hook.url), "caBundle": other.ca}});
    let why = refused(&hook, failure(&client, VALIDATING, hook.webhook("x", &foreign)).await);
    assert_eq!(why, "certificate signed by unknown authority");
}

#[tokio::test]
async fn responses_that_make_no_sense_fail_the_call() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let hook = Hook::start(|path, request| {
        let status = |code: u16, body: &str| {
            let response = Response::builder().status(code).header(header::CONTENT_TYPE, "text/plain");
            response.body(body.to_owned().into()).expect("a response")
        };
        let review = |response: Value| {
            send(&json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}))
        };
        match path {
            "/broken" => status(500, "broken"),
            "/lost" => status(404, ""),
            "/nothing" => status(204, ""),
            "/text" => status(200, "this"),
            "/huge" => status(200, &" ".repeat(17 << 20)),
            "/uid" => review(json!({"uid": "other", "allowed": true})),
            "/absent" => review(Value::Null),
            "/type" => review(json!({"uid": request["uid"], "allowed": "yes"})),
            "/around" => {
                let response = Response::builder().status(StatusCode::TEMPORARY_REDIRECT);
                response.header(header::LOCATION, "/around").body(String::new().into()).expect("a response")
            }
            "/patch" => mutate(request, &json!({"op": "add"})),
            "/test" => mutate(request, &json!([{"op": "test", "path": "/data/a", "value": "9"}])),
            _ => mutate(request, &json!([{"op": "add", "path": "/data", "value": "text"}])),
        }
    })
    .await;
    let call = |why: &str| format!("failed to call webhook: {why}");
    let expected = [
        ("broken", call("an error on the server (\"broken\") has prevented the request from succeeding")),
        ("lost", call("the server could not find the requested resource")),
        ("nothing", call("0-length response with status code: 204 and content type: text/plain")),
        (
            "text",
            call("couldn't get version/kind; json parse error: invalid character 'h' in literal true (expecting 'r')"),
        ),
        ("huge", call("the response has more than 16777216 bytes")),
        ("absent", "received invalid webhook response: webhook response was absent".to_owned()),
        (
            "type",
            call("json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool"),
        ),
        ("around", call(&format!("Post \"{}/around\": stopped after 10 redirects", hook.url))),
    ];
    for (path, why) in expected {
        assert_eq!(failure(&client, VALIDATING, hook.webhook(path, &json!({}))).await, calling(path, &why));
    }
    let found = failure(&client, VALIDATING, hook.webhook("uid", &json!({}))).await;
    assert!(found.ends_with(", got \"other\""), "{found}");
    let undecodable = "received undecodable patch in webhook response: json: cannot unmarshal object into Go value of \
                       type jsonpatch.Patch";
    assert_eq!(failure(&client, MUTATING, hook.webhook("patch", &json!({}))).await, calling("patch", undecodable));
    // What a patch does to the object is no failure of the call, and no policy ignores it.
    let ignored = json!({"failurePolicy": "Ignore"});
    let found = failure(&client, MUTATING, hook.webhook("test", &ignored)).await;
    assert_eq!(found, "testing value /data/a failed: test failed");
    let found = failure(&client, MUTATING, hook.webhook("other", &ignored)).await;
    assert_eq!(found, "json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string");
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_a_webhook_gets_a_timeout() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    // Connections are made, but nobody ever says anything.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/x", silent.local_addr().expect("an address"));
    let hook = Hook::start(|_, request| allow(request, &json!({}))).await;
    let webhook = hook.webhook("x", &json!({"clientConfig": {"url": url, "caBundle": hook.ca}, "timeoutSeconds": 30}));
    client.post(MUTATING, &configuration("MutatingWebhookConfiguration", "x", &[webhook])).await.expect(201);
    let config_map = json!({"metadata": {"name": "c"}});
    let late = client.post(&format!("{CONFIG_MAPS}?timeout=20ms"), &config_map).await.expect(504);
    assert_eq!(late.header("content-type"), "text/plain; charset=utf-8");
    let message = "Timeout: request did not complete within the allotted timeout";
    let status = json!({
        "metadata": {}, "status": "Failure", "message": message, "reason": "Timeout", "details": {}, "code": 504,
    });
    assert_eq!(late.json(), status);
    client.delete(&format!("{MUTATING}/x")).await.expect(200);
    client.get(&format!("{CONFIG_MAPS}/c")).await.expect(404);
    client.post(&format!("{CONFIG_MAPS}?timeout=0"), &config_map).await.expect(201);
}
