//! Events in both their forms, and reviews, which answer and are forgotten.

use kubedouble::{
    kinds::{
        Authority,
        events_event::{from_stored, to_stored},
    },
    object::User,
};
use serde_json::{Value, json};

use super::definitions::{create_errors, def, now};
use crate::{client::Client, harness};

#[test]
fn the_two_forms_of_an_event_are_one_object() {
    let core = json!({
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "message": "m",
        "source": {"component": "c"},
        "firstTimestamp": "2026-01-02T03:04:05Z",
        "count": 1,
        "reportingComponent": "r",
        "reason": "Because",
    });
    let new = from_stored(core.clone());
    assert_eq!(new["apiVersion"], "events.k8s.io/v1");
    assert_eq!(
        (&new["regarding"]["name"], &new["note"], &new["deprecatedCount"]),
        (&json!("p"), &json!("m"), &json!(1))
    );
    assert_eq!((&new["reportingController"], &new["reason"]), (&json!("r"), &json!("Because")));
    assert_eq!(to_stored(new), core);
}

#[test]
fn old_events_live_where_their_object_lives() {
    let event = |namespace: &str, about: Value| {
        let metadata = json!({"name": "e", "namespace": namespace});
        json!({"metadata": metadata, "involvedObject": about})
    };
    let mismatch = |shown: &str| {
        vec![format!("involvedObject.namespace: Invalid value: \"{shown}\": does not match event.namespace")]
    };
    for (object, expected) in [
        (event("a", json!({"namespace": "a"})), vec![]),
        (event("a", json!({"namespace": "b"})), mismatch("b")),
        (event("default", json!({})), vec![]),
        (event("a", json!({})), mismatch("")),
    ] {
        assert_eq!(create_errors(&def("", "events"), object), expected);
    }
}

#[test]
fn new_events_say_who_reports_what() {
    let event = json!({
        "metadata": {"name": "e", "namespace": "default"},
        "eventTime": "2026-01-02T03:04:05.000000Z",
        "type": "Odd",
        "note": "n",
    });
    let errors = create_errors(&def("events.k8s.io", "events"), event);
    assert_eq!(errors[0], "reportingController: Required value");
    assert_eq!(
        errors[errors.len() - 4..],
        [
            "reportingInstance: Required value",
            "action: Required value",
            "reason: Required value",
            "type: Invalid value: \"\": has invalid value: Odd",
        ]
    );
}

#[tokio::test]
async fn each_api_checks_events_by_its_own_rules() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let (core, new) = ("/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events");
    let event = json!({
        "metadata": {"name": "e"},
        "eventTime": "2026-01-02T03:04:05.000000Z",
        "type": "Normal",
        "action": "Go",
        "reason": "Because",
        "reportingController": "example.com/c",
        "reportingInstance": "c-0",
        "note": "n",
    });
    let with = |member: &str, value: Value| {
        let mut event = event.clone();
        event[member] = value;
        event
    };
    for (object, cause) in [
        (with("eventTime", Value::Null), "eventTime: Required value"),
        (with("type", json!("Odd")), "type: Invalid value: \"\": has invalid value: Odd"),
        (with("series", json!({"count": 1})), "series.count: Invalid value: \"\": should be at least 2"),
        (with("reportingController", json!("")), "reportingController: Required value"),
        (with("deprecatedCount", json!(1)), "count: Invalid value: \"\": needs to be unset"),
    ] {
        let refused = client.post(new, &object).await.expect(422).json();
        assert!(refused["message"].as_str().expect("a message").contains(cause), "{refused}");
    }
    client.post(new, &event).await.expect(201);

    let named = |path: &str| format!("{path}/e");
    let refused = client.patch(&named(new), &json!({"reason": "Other"})).await.expect(422).json();
    assert_eq!(refused["message"], "Event \"e\" is invalid: reason: Invalid value: \"Other\": field is immutable");
    let series = json!({"series": {"count": 2, "lastObservedTime": "2026-01-02T03:04:05.000000Z"}});
    client.patch(&named(new), &series).await.expect(200);
    client.patch(&named(core), &json!({"reason": "Other"})).await.expect(200);
}

#[test]
fn an_event_is_shown_by_age_and_object() {
    let event = json!({
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "source": {"component": "c", "host": "h"},
        "firstTimestamp": "2026-01-02T03:03:05Z",
        "lastTimestamp": "2026-01-02T03:04:00Z",
        "type": "Normal",
        "reason": "Because",
        "message": " m ",
        "count": 3,
    });
    let expected = ["5s", "Normal", "Because", "pod/p", "", "c, h", "m", "60s"].map(Value::from);
    for (group, event) in [("", event.clone()), ("events.k8s.io", from_stored(event))] {
        let cells = (def(group, "events").cells)(&event, now());
        assert_eq!(cells[..8], expected);
        assert_eq!(cells[8..], [json!(3), json!("e")]);
    }
}

/// Who sends a review, where everybody may do everything.
struct Sender(User);

impl Authority for Sender {
    fn user(&self) -> &User {
        &self.0
    }
}

#[test]
fn everybody_may_do_everything() {
    let about = json!({"resourceAttributes": {"verb": "get", "resource": "services", "namespace": "a"}});
    for (plural, spec) in [
        ("selfsubjectaccessreviews", about.clone()),
        ("subjectaccessreviews", json!({"user": "u", "resourceAttributes": about["resourceAttributes"]})),
        ("localsubjectaccessreviews", json!({"user": "u", "resourceAttributes": about["resourceAttributes"]})),
    ] {
        let namespace = if plural.starts_with("local") { json!({"namespace": "a"}) } else { json!({}) };
        let mut review = json!({"metadata": namespace, "spec": spec});
        def("authorization.k8s.io", plural).strategy.review(&mut review, &Sender(User::admin())).expect("an answer");
        assert_eq!(review["status"], json!({"allowed": true}), "{plural}");
    }
}

#[test]
fn a_review_has_to_ask_something() {
    let ask = |plural: &str, spec: Value| {
        let mut review = json!({"metadata": {}, "spec": spec});
        let answer = def("authorization.k8s.io", plural).strategy.review(&mut review, &Sender(User::admin()));
        answer.expect_err("a refusal").message
    };
    assert_eq!(
        ask("selfsubjectaccessreviews", json!({})),
        "SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: null: \
         exactly one of nonResourceAttributes or resourceAttributes must be specified"
    );
    assert_eq!(
        ask("subjectaccessreviews", json!({"nonResourceAttributes": {"path": "/"}})),
        "SubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.user: Invalid value: \"\": \
         at least one of user or group must be specified"
    );
    assert_eq!(ask("selfsubjectrulesreviews", json!({})), "no namespace on request");
}

#[test]
fn who_am_i() {
    let user = User::new("jane", ["system:authenticated"]);
    let mut review = json!({"metadata": {}});
    def("authentication.k8s.io", "selfsubjectreviews").strategy.review(&mut review, &Sender(user)).expect("an answer");
    let expected = json!({"username": "jane", "groups": ["system:authenticated"]});
    assert_eq!(review["status"]["userInfo"], expected);
}
