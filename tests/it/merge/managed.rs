//! Server-side apply and `managedFields`.

use kubedouble::{
    merge::{
        apply,
        fields::{Element, FieldSet, Typed, compare, fields_of},
        managers::{self, Context, keep_times},
    },
    schema::{self, ObjectType},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn service() -> &'static ObjectType {
    schema::built_in("api.core.v1.Service").expect("the schema has Service")
}

fn writer(manager: &str) -> Context<'_> {
    const MAIN: &[&[&str]] = &[&["status"]];
    Context {
        manager,
        api_version: "v1",
        kind: "Service",
        subresource: "",
        now: Some("2024-01-01T00:00:00Z"),
        object: service(),
        reset: MAIN,
        hands_over: false,
        versions: None,
    }
}

fn status_writer(manager: &str) -> Context<'_> {
    const STATUS: &[&[&str]] = &[&["spec"]];
    Context { subresource: "status", reset: STATUS, ..writer(manager) }
}

fn config(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
}

fn applied(live: Option<&Value>, manager: &str, spec: Value) -> Value {
    apply(live, &config(spec), &writer(manager), false).expect("no conflict")
}

fn refused(live: Option<&Value>, manager: &str, spec: Value) -> (u16, String) {
    let status = apply(live, &config(spec), &writer(manager), false).expect_err("refused");
    (status.code, status.message)
}

fn updated(live: Option<&Value>, new: &Value, context: &Context) -> Value {
    let mut new = new.clone();
    managers::update(live, &mut new, context);
    new
}

/// Manager, operation and fields of every entry.
fn owners(object: &Value) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|e| json!([e["manager"], e["operation"], e["fieldsV1"]])).collect()
}

#[test]
fn fields_print_with_members_before_keys_before_values() {
    let mut set = FieldSet::default();
    let field = |name: &str| Element::Field(name.to_owned().into());
    let port = Element::key(vec![("protocol".into(), "TCP".into()), ("port".into(), 80.into())]);
    for path in [
        vec![field("spec"), field("ports"), port.clone(), field("port")],
        vec![field("spec"), field("ports"), port],
        vec![field("spec"), field("list"), Element::Index(1)],
        vec![field("metadata"), field("finalizers"), Element::Value("a/b".into())],
        vec![field("metadata"), field("finalizers")],
        vec![field("metadata"), field("labels"), field("b")],
        vec![field("metadata"), field("labels"), field("a.c/d")],
    ] {
        set.insert(&path);
    }
    let printed = concat!(
        r#"{"f:metadata":{"f:finalizers":{".":{},"v:\"a/b\"":{}},"f:labels":{"f:a.c/d":{},"f:b":{}}},"#,
        r#""f:spec":{"f:list":{"i:1":{}},"#,
        r#""f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}}"#,
    );
    assert_eq!(set.to_value().to_string(), printed);
    assert_eq!(FieldSet::parse(&serde_json::from_str(printed).expect("JSON")), set);
}

#[test]
fn fields_follow_list_and_map_types() {
    let value = json!({
        "metadata": {"labels": {"a": "1"}, "annotations": {}, "finalizers": ["x/y"],
                     "ownerReferences": [{"uid": "u", "name": "n"}]},
        "spec": {"ports": [{"port": 80}], "selector": {"a": "1"}, "externalIPs": ["1.1.1.1"],
                 "sessionAffinityConfig": null},
        "status": {"conditions": [{"type": "Ready", "status": "True"}],
                   "loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}},
    });
    let expected = json!({
        "f:metadata": {
            "f:annotations": {},
            "f:finalizers": {"v:\"x/y\"": {}},
            "f:labels": {"f:a": {}},
            "f:ownerReferences": {"k:{\"uid\":\"u\"}": {}},
        },
        "f:spec": {
            "f:externalIPs": {},
            "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            "f:selector": {},
            "f:sessionAffinityConfig": {},
        },
        "f:status": {
            "f:conditions": {"k:{\"type\":\"Ready\"}": {".": {}, "f:status": {}, "f:type": {}}},
            "f:loadBalancer": {"f:ingress": {}},
        },
    });
    assert_eq!(fields_of(&value, Typed::Object(service())).to_value(), expected);
}

#[test]
fn versions_compare_field_by_field() {
    let old =
        json!({"metadata": {"labels": {"a": "1", "b": "1"}}, "spec": {"ports": [{"port": 80, "protocol": "TCP"}]}});
    let new =
        json!({"metadata": {"labels": {"a": "2", "c": "1"}}, "spec": {"ports": [{"port": 81, "protocol": "TCP"}]}});
    let found = compare(&old, &new, Typed::Object(service()));
    assert_eq!(found.modified.to_value(), json!({"f:metadata": {"f:labels": {"f:a": {}}}}));
    let port = |n: u16| {
        let key = format!("k:{{\"port\":{n},\"protocol\":\"TCP\"}}");
        json!({"f:ports": {key: {".": {}, "f:port": {}, "f:protocol": {}}}})
    };
    assert_eq!(found.added.to_value(), json!({"f:metadata": {"f:labels": {"f:c": {}}}, "f:spec": port(81)}));
    assert_eq!(found.removed.to_value(), json!({"f:metadata": {"f:labels": {"f:b": {}}}, "f:spec": port(80)}));
}

#[test]
fn a_create_owns_what_it_sets_and_nothing_of_status() {
    let new = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "d", "labels": {"a": "1"}},
        "spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "selector": {"a": "1"},
                 "type": "ClusterIP"},
        "status": {"loadBalancer": {}},
    });
    let expected = json!([["creator", "Update", {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {
            "f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}":
                {".": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}}},
            "f:selector": {},
            "f:type": {},
        },
    }]]);
    let created = updated(None, &new, &writer("creator"));
    assert_eq!(owners(&created), expected);
    let entry = created["metadata"]["managedFields"][0].to_string();
    let start = concat!(
        r#"{"manager":"creator","operation":"Update","apiVersion":"v1","time":"2024-01-01T00:00:00Z","#,
        r#""fieldsType":"FieldsV1","fieldsV1":{"#,
    );
    assert!(entry.starts_with(start), "{entry}");
}

#[test]
fn an_update_takes_what_it_changes_from_others() {
    let created = updated(None, &config(json!({"type": "ClusterIP", "selector": {"a": "1"}})), &writer("one"));
    let mut edited = created.clone();
    edited["spec"] = json!({"selector": {"a": "2"}});
    let edited = updated(Some(&created), &edited, &writer("two"));
    assert_eq!(owners(&edited), json!([["two", "Update", {"f:spec": {"f:selector": {}}}]]));

    let mut status = edited.clone();
    status["status"] = json!({"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}});
    let status = updated(Some(&edited), &status, &status_writer("lb"));
    let entries = &status["metadata"]["managedFields"];
    assert_eq!(entries[0]["manager"], "lb");
    assert_eq!((&entries[0]["subresource"], entries[1].get("subresource")), (&json!("status"), None));
}

#[test]
fn an_update_that_only_removes_gets_no_new_time() {
    let created = updated(None, &config(json!({"type": "ClusterIP", "selector": {"a": "1"}})), &writer("one"));
    let mut edited = created.clone();
    edited["spec"] = json!({"type": "ClusterIP"});
    let edited = updated(Some(&created), &edited, &Context { now: Some("2025-01-01T00:00:00Z"), ..writer("one") });
    assert_eq!(edited["metadata"]["managedFields"][0]["time"], "2024-01-01T00:00:00Z");
    assert_eq!(owners(&edited), json!([["one", "Update", {"f:spec": {"f:type": {}}}]]));
}

#[test]
fn managed_fields_can_be_kept_reset_and_not_be_broken() {
    let live = applied(None, "alice", json!({"selector": {"a": "1"}}));
    let sent = |entries: Value| {
        let mut new = live.clone();
        new["metadata"]["managedFields"] = entries;
        owners(&updated(Some(&live), &new, &writer("editor")))
    };
    let kept = owners(&live);
    assert_eq!(sent(json!([])), json!([]));
    assert_eq!(sent(json!([{}])), json!([]));
    assert_eq!(sent(json!(null)), kept);
    assert_eq!(sent(json!([{"manager": "x", "operation": "Dance"}])), kept);
    let mut other = live["metadata"]["managedFields"].clone();
    other[0]["manager"] = "bob".into();
    assert_eq!(sent(other)[0][0], "bob");

    let untracked = config(json!({"selector": {"a": "1"}}));
    let mut edited = untracked.clone();
    edited["spec"] = json!({"type": "ClusterIP"});
    assert_eq!(owners(&updated(Some(&untracked), &edited, &writer("editor"))), json!([]));
}

#[test]
fn old_updaters_are_folded_into_one() {
    let mut live = updated(None, &config(json!({"type": "ClusterIP"})), &writer("m00"));
    for i in 1..15 {
        let mut new = live.clone();
        new["metadata"]["labels"][format!("l{i:02}")] = "1".into();
        let (name, now) = (format!("m{i:02}"), format!("2024-01-01T00:00:{i:02}Z"));
        live = updated(Some(&live), &new, &Context { now: Some(&now), ..writer(&name) });
    }
    let owners = owners(&live);
    let owners = owners.as_array().expect("a list");
    assert_eq!(owners.len(), 10);
    let (oldest, fields) = (&owners[0][0], &owners[0][2]);
    assert_eq!(oldest, "ancient-changes");
    assert_eq!(fields["f:spec"], json!({"f:type": {}}));
    assert_eq!(fields["f:metadata"]["f:labels"]["f:l05"], json!({}));
    assert_eq!(owners[9][0], "m14");
}

#[test]
fn an_apply_owns_what_it_states_and_removes_what_it_drops() {
    let ports =
        |n: &[u16]| json!({"ports": n.iter().map(|n| json!({"port": n, "protocol": "TCP"})).collect::<Vec<_>>()});
    let first = applied(None, "alice", ports(&[80, 81]));
    let second = applied(Some(&first), "alice", ports(&[81]));
    assert_eq!(second["spec"], ports(&[81]));
    let key = "k:{\"port\":81,\"protocol\":\"TCP\"}";
    let fields = json!({"f:spec": {"f:ports": {key: {".": {}, "f:port": {}, "f:protocol": {}}}}});
    assert_eq!(owners(&second), json!([["alice", "Apply", fields]]));
    let nothing = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}});
    let third = apply(Some(&second), &nothing, &writer("alice"), false).expect("its own");
    assert_eq!(third.get("spec"), None);
    assert_eq!(owners(&third), json!([]));
}

#[test]
fn a_field_stays_while_anybody_owns_it() {
    let one = applied(None, "alice", json!({"selector": {"a": "1"}, "type": "ClusterIP"}));
    let two = applied(Some(&one), "bob", json!({"selector": {"a": "1"}}));
    let bob = &two["metadata"]["managedFields"][0];
    assert_eq!((&bob["manager"], bob.get("time")), (&json!("bob"), None), "an apply that changes nothing has no time");
    let three = applied(Some(&two), "alice", json!({"type": "ClusterIP"}));
    assert_eq!(three["spec"], json!({"selector": {"a": "1"}, "type": "ClusterIP"}));
    let four = applied(Some(&three), "bob", json!({}));
    assert_eq!(four["spec"], json!({"type": "ClusterIP"}));
}

#[test]
fn items_keep_the_applied_order_and_others_keep_their_place() {
    let port = |n: u16| json!({"port": n, "protocol": "TCP"});
    let live = applied(None, "alice", json!({"ports": [port(1), port(2), port(3)]}));
    let both = applied(Some(&live), "bob", json!({"ports": [port(3), port(4), port(1)]}));
    assert_eq!(both["spec"]["ports"], json!([port(2), port(3), port(4), port(1)]));
}

#[test]
fn a_conflict_names_every_owner_and_field() {
    let spec = |a: &str| json!({"selector": {"a": a}});
    let created = updated(None, &config(spec("1")), &writer("creator"));
    let text = "Apply failed with 1 conflict: conflict with \"creator\" using v1: .spec.selector";
    assert_eq!(refused(Some(&created), "alice", spec("2")), (409, text.to_owned()));

    let one = applied(None, "alice", json!({"selector": {"a": "1"}, "ports": [{"port": 80, "name": "x"}]}));
    let two = applied(Some(&one), "bob", spec("1"));
    let text = "Apply failed with 3 conflicts: conflicts with \"alice\":\n- .spec.selector\n- \
                .spec.ports[port=80,protocol=\"TCP\"].name\nconflicts with \"bob\":\n- .spec.selector";
    let wanted = json!({"selector": {"a": "3"}, "ports": [{"port": 80, "name": "y"}]});
    assert_eq!(refused(Some(&two), "carol", wanted.clone()), (409, text.to_owned()));

    let status = json!({"apiVersion": "v1", "kind": "Service", "status": {"loadBalancer": {"ingress": []}}});
    let live = apply(Some(&two), &status, &status_writer("lb"), false).expect("applies");
    let other =
        json!({"apiVersion": "v1", "kind": "Service", "status": {"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}}});
    let refusal = apply(Some(&live), &other, &status_writer("lb2"), false).expect_err("owned by lb");
    let text =
        "Apply failed with 1 conflict: conflict with \"lb\" with subresource \"status\": .status.loadBalancer.ingress";
    assert_eq!(refusal.message, text);
    let cause = &refusal.details.as_ref().expect("details").causes[0];
    assert_eq!(cause.message, "conflict with \"lb\" with subresource \"status\"");

    let forced = apply(Some(&two), &config(wanted), &writer("carol"), true).expect("forced");
    assert_eq!(forced["spec"]["selector"], json!({"a": "3"}));
    let names: Vec<_> = owners(&forced).as_array().expect("a list").iter().map(|o| o[0].clone()).collect();
    assert_eq!(names, ["alice", "carol"]);
}

#[test]
fn what_was_there_before_the_first_apply_has_an_owner() {
    let live = config(json!({"selector": {"a": "1"}}));
    let text = "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .spec.selector";
    assert_eq!(refused(Some(&live), "alice", json!({"selector": {"a": "2"}})), (409, text.to_owned()));
    let applied = applied(Some(&live), "alice", json!({"type": "ClusterIP"}));
    assert_eq!(
        owners(&applied),
        json!([
            ["alice", "Apply", {"f:spec": {"f:type": {}}}],
            ["before-first-apply", "Update", {"f:spec": {"f:selector": {}}}],
        ])
    );
}

#[test]
fn kubectl_takes_over_what_it_applied_from_the_client_side() {
    let last = config(json!({"selector": {"a": "1"}})).to_string();
    let mut live = config(json!({"selector": {"a": "1"}}));
    live["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": last});
    let live = updated(None, &live, &writer("kubectl-client-side-apply"));
    assert_eq!(refused(Some(&live), "alice", json!({"selector": {"a": "2"}})).0, 409);
    let applied = applied(Some(&live), "kubectl", json!({"selector": {"a": "2"}}));
    let annotation = &applied["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    let text = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"a":"2"}}}"#;
    assert_eq!(annotation, &format!("{text}\n"));
}

#[test]
fn what_cannot_be_applied_is_refused() {
    let typed = |why: &str| (500, format!("failed to create typed patch object (/web; /v1, Kind=Service): {why}"));
    let key = "[port=80,protocol=\"TCP\"]";
    for (spec, expected) in [
        (json!({"bogus": 1}), typed(".spec.bogus: field not declared in schema")),
        (json!({"type": 1}), typed(".spec.type: expected string, got &value.valueUnstructured{Value:1}")),
        (
            json!({"type": {"a": "b"}}),
            typed(
                ".spec.type: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"a\":\"b\"}}",
            ),
        ),
        (
            json!({"healthCheckNodePort": "x"}),
            typed(".spec.healthCheckNodePort: expected numeric (int or float), got string"),
        ),
        (json!({"publishNotReadyAddresses": "x"}), typed(".spec.publishNotReadyAddresses: expected boolean, got &{x}")),
        (json!({"ports": {"a": 1}}), typed(".spec.ports: expected list, got &{map[a:1]}")),
        (
            json!({"ports": [1]}),
            typed(".spec.ports: element 0: associative list with keys may not have non-map elements"),
        ),
        (json!({"selector": [1]}), typed(".spec.selector: expected map, got &{[1]}")),
        (
            json!({"ports": [{"port": 80}, {"port": 80, "protocol": "TCP"}]}),
            typed(&format!(".spec.ports: duplicate entries for key {key}")),
        ),
        (
            json!({"type": 1, "ports": [{"port": 80, "nope": 1}]}),
            typed(&format!(
                "errors:\n  .spec.type: expected string, got &value.valueUnstructured{{Value:1}}\n  \
                 .spec.ports{key}.nope: field not declared in schema"
            )),
        ),
    ] {
        assert_eq!(refused(None, "alice", spec), expected);
    }
    for (config, text) in [
        (json!({"metadata": {"name": "web"}}), "invalid object type: /, Kind="),
        (json!({"apiVersion": "v2", "kind": "Service"}), "invalid object type: /v2, Kind=Service"),
        (
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"managedFields": []}}),
            "metadata.managedFields must be nil",
        ),
    ] {
        let status = apply(None, &config, &writer("alice"), false).expect_err(text);
        assert_eq!((status.code, status.message.as_str()), (400, text));
    }
}

#[test]
fn a_change_of_times_alone_is_undone() {
    let live = applied(None, "alice", json!({"type": "ClusterIP"}));
    let mut later = live.clone();
    later["metadata"]["managedFields"][0]["time"] = "2030-01-01T00:00:00Z".into();
    let mut other = later.clone();
    other["spec"]["type"] = "NodePort".into();
    let kept = other.clone();
    keep_times(&live, &mut later);
    keep_times(&live, &mut other);
    assert_eq!((later, other), (live, kept));
}

fn element() -> impl Strategy<Value = Element> {
    prop_oneof![
        "[a-c./:]{1,3}".prop_map(|name| Element::Field(name.into())),
        ("[a-c]", 0..9i64).prop_map(|(k, n)| Element::key(vec![("z".into(), k.into()), ("n".into(), n.into())])),
        "[\"a-c]{0,2}".prop_map(|v| Element::Value(v.into())),
        (0..9i64).prop_map(Element::Index),
    ]
}

fn field_set() -> impl Strategy<Value = FieldSet> {
    prop::collection::vec(prop::collection::vec(element(), 1..4), 0..8).prop_map(|paths| {
        let mut set = FieldSet::default();
        for path in paths {
            set.insert(&path);
        }
        set
    })
}

/// A configuration of labels and ports that no configuration with another prefix states.
fn configuration(prefix: &'static str, first_port: u16) -> impl Strategy<Value = Value> {
    let labels = prop::collection::btree_map("[a-c]", "[x-z]", 0..3);
    let ports = prop::collection::btree_map(0..4u16, "[x-z]", 0..4);
    (labels, ports).prop_map(move |(labels, ports)| {
        let mut out = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}});
        for (key, value) in &labels {
            out["metadata"]["labels"][format!("{prefix}{key}")] = value.clone().into();
        }
        let port = |(n, name)| json!({"port": first_port + n, "protocol": "TCP", "name": name});
        let ports: Vec<_> = ports.into_iter().map(port).collect();
        if !ports.is_empty() {
            out["spec"]["ports"] = ports.into();
        }
        out
    })
}

proptest! {
    #[test]
    fn a_printed_set_parses_to_itself(set in field_set()) {
        prop_assert_eq!(FieldSet::parse(&set.to_value()), set);
    }

    #[test]
    fn sets_obey_their_laws(a in field_set(), b in field_set()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert_eq!(a.union(&b).difference(&b), a.difference(&b));
        prop_assert_eq!(a.difference(&a).is_empty() && a.outside(&a).is_empty(), true);
        let rebuilt = a.paths().iter().fold(FieldSet::default(), |mut set, path| { set.insert(path); set });
        prop_assert_eq!(rebuilt, a);
    }

    #[test]
    fn applying_twice_is_applying_once(first in configuration("a", 1), second in configuration("a", 1)) {
        let once = apply(None, &first, &writer("alice"), false).expect("nothing owns it");
        prop_assert_eq!(&apply(Some(&once), &first, &writer("alice"), false).expect("its own"), &once);
        let changed = apply(Some(&once), &second, &writer("alice"), false).expect("its own");
        let again = apply(Some(&changed), &second, &writer("alice"), false).expect("its own");
        prop_assert_eq!(again, changed);
    }

    #[test]
    fn managers_of_different_fields_do_not_meet(a in configuration("a", 1), b in configuration("b", 11)) {
        let both = |one: (&str, &Value), two: (&str, &Value)| {
            let first = apply(None, one.1, &writer(one.0), false).expect("nothing owns it");
            let mut both = apply(Some(&first), two.1, &writer(two.0), false).expect("nobody else's");
            if let Some(ports) = both.pointer_mut("/spec/ports").and_then(Value::as_array_mut) {
                ports.sort_by_key(|port| port["port"].as_u64());
            }
            both
        };
        let (ab, ba) = (both(("alice", &a), ("bob", &b)), both(("bob", &b), ("alice", &a)));
        prop_assert_eq!(&ab, &ba);
        let nothing = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}});
        let without_bob = apply(Some(&ab), &nothing, &writer("bob"), false).expect("its own");
        let only_alice = apply(None, &a, &writer("alice"), false).expect("nothing owns it");
        prop_assert_eq!(without_bob, only_alice);
    }
}
