//! Watches: where they start, what they leave out, and that they miss nothing.

use serde_json::{Value, json};

use crate::{
    client::{Client, SERVICES, at, revision, service},
    harness,
};

#[tokio::test]
async fn a_watch_resumes_after_the_revision_it_names() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let first = client.post(SERVICES, &service("first")).await.expect(201).json();
    client.patch(&at("first"), &labels(json!({"a": "b"}))).await.expect(200);
    client.delete(&at("first")).await.expect(200);
    let path = format!("{SERVICES}?resourceVersion={}", revision(&first));
    let mut watch = client.watch(&path).await;
    let patched = watch.next().await.expect("an event");
    assert_eq!((&patched["type"], &patched["object"]["metadata"]["labels"]), (&json!("MODIFIED"), &json!({"a": "b"})));
    assert_eq!((&patched["object"]["kind"], &patched["object"]["apiVersion"]), (&json!("Service"), &json!("v1")));
    let deleted = watch.next().await.expect("an event");
    assert_eq!(deleted["type"], "DELETED");
    let number = |event: &Value| revision(&event["object"]).parse::<u64>().expect("a number");
    assert!(number(&deleted) > number(&patched), "a deletion has a revision of its own");
}

#[tokio::test]
async fn a_watch_from_a_list_misses_nothing_and_repeats_nothing() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(SERVICES, &service("before")).await.expect(201);
    let list = client.get(SERVICES).await.expect(200).json();
    client.post(SERVICES, &service("after")).await.expect(201);
    let mut watch = client.watch(&format!("{SERVICES}?resourceVersion={}", revision(&list))).await;
    assert_eq!(watch.take(1).await, ["ADDED after"]);
}

#[tokio::test]
async fn without_a_revision_a_watch_starts_with_what_is_there() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(SERVICES, &service("web")).await.expect(201);
    let mut watch = client.watch(SERVICES).await;
    assert_eq!(watch.take(2).await, ["ADDED kubernetes", "ADDED web"]);
    client.delete(&at("web")).await.expect(200);
    assert_eq!(watch.take(1).await, ["DELETED web"]);
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(SERVICES, &service("web")).await.expect(201);
    let wants = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = client.watch(&format!("{SERVICES}?{wants}")).await;
    assert_eq!(watch.take(2).await, ["ADDED kubernetes", "ADDED web"]);
    let bookmark = watch.next().await.expect("a bookmark");
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["annotations"], json!({"k8s.io/initial-events-end": "true"}));

    // The bookmark is a place to resume from.
    client.post(SERVICES, &service("next")).await.expect(201);
    let mut resumed = client.watch(&format!("{SERVICES}?resourceVersion={}", revision(&bookmark["object"]))).await;
    assert_eq!(resumed.take(1).await, ["ADDED next"]);
}

#[tokio::test]
async fn a_watch_that_ends_says_how_far_it_got() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let mut watch = client.watch(&format!("{SERVICES}?allowWatchBookmarks=true&timeoutSeconds=3")).await;
    assert_eq!(watch.take(1).await, ["ADDED kubernetes"]);
    let bookmark = watch.next().await.expect("a bookmark before the end");
    assert_eq!((&bookmark["type"], &bookmark["object"]["kind"]), (&json!("BOOKMARK"), &json!("Service")));
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn objects_enter_and_leave_a_selection() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let mut watch = client.watch(&format!("{SERVICES}?labelSelector=tier%3Dfront")).await;
    client.post(SERVICES, &service("web")).await.expect(201);
    for tier in ["front", "front", "back", "front"] {
        // The first and the third really change it, the second changes something else.
        let change = json!({"metadata": {"labels": {"tier": tier, "serial": serial()}}});
        client.patch(&at("web"), &change).await.expect(200);
    }
    client.delete(&at("web")).await.expect(200);
    assert_eq!(watch.take(5).await, ["ADDED web", "MODIFIED web", "DELETED web", "ADDED web", "DELETED web"]);
}

#[tokio::test]
async fn a_field_selector_follows_the_field() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let mut watch = client.watch(&format!("{SERVICES}?fieldSelector=spec.type%3DNodePort")).await;
    client.post(SERVICES, &service("web")).await.expect(201);
    client.patch(&at("web"), &json!({"spec": {"type": "NodePort"}})).await.expect(200);
    client.patch(&at("web"), &json!({"spec": {"type": "ClusterIP"}})).await.expect(200);
    assert_eq!(watch.take(2).await, ["ADDED web", "DELETED web"]);
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_no_event() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(SERVICES, &service("web")).await.expect(201).json();
    let mut watch = client.watch(&format!("{SERVICES}?resourceVersion={}", revision(&made))).await;
    for same in [client.patch(&at("web"), &json!({})).await, client.put(&at("web"), &made).await] {
        assert_eq!(same.expect(200).json(), made);
    }
    client.post(SERVICES, &service("other")).await.expect(201);
    assert_eq!(watch.take(1).await, ["ADDED other"]);
}

#[tokio::test]
async fn a_revision_that_history_has_forgotten_is_gone() {
    let server = harness::start(&["--history-window=5m,10"]).await;
    let client = Client::new(server.url());
    let first = client.post(SERVICES, &service("web")).await.expect(201).json();
    for _ in 0..30 {
        client.patch(&at("web"), &labels(json!({"serial": serial()}))).await.expect(200);
    }
    let mut watch = client.watch(&format!("{SERVICES}?resourceVersion={}", revision(&first))).await;
    let event = watch.next().await.expect("an event");
    assert_eq!((&event["type"], &event["object"]["reason"]), (&json!("ERROR"), &json!("Expired")));
    assert_eq!(event["object"]["code"], 410);
    assert_eq!(watch.next().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_loses_nothing() {
    const CHANGES: u64 = 2000;
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let made = client.post(SERVICES, &service("web")).await.expect(201).json();
    // Far more than the connection buffers: the server has to wait for this reader, and nobody else has to.
    let mut watch = client.watch(&format!("{SERVICES}?resourceVersion={}", revision(&made))).await;
    let padding = "x".repeat(4000);
    for number in 1..=CHANGES {
        let change = json!({"metadata": {"annotations": {"number": number.to_string(), "padding": padding}}});
        client.patch(&at("web"), &change).await.expect(200);
    }
    for number in 1..=CHANGES {
        let event = watch.next().await.expect("a watch that goes on");
        assert_eq!(event["object"]["metadata"]["annotations"]["number"], number.to_string());
    }
}

fn labels(labels: Value) -> Value {
    json!({"metadata": {"labels": labels}})
}

/// A text that is different each time.
fn serial() -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}
