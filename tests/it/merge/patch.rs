//! JSON patch, JSON merge patch and strategic merge patch.

use kubedouble::{
    merge::{json_patch, merge_patch, strategic},
    object::Status,
    schema::{self, ObjectType},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

type Outcome = Result<Value, (u16, String)>;

fn service() -> &'static ObjectType {
    schema::built_in("api.core.v1.Service").expect("the schema has Service")
}

fn outcome(target: Value, result: Result<(), Box<Status>>) -> Outcome {
    result.map(|()| target).map_err(|status| (status.code, status.message))
}

fn json_patched(mut target: Value, patch: Value) -> Outcome {
    let result = json_patch(&mut target, &patch);
    outcome(target, result)
}

fn undecodable(what: &str, go_type: &str) -> Outcome {
    Err((400, format!("error decoding patch: json: cannot unmarshal {what} into Go value of type {go_type}")))
}

fn merged(mut target: Value, patch: Value) -> Outcome {
    let result = merge_patch(&mut target, &patch);
    outcome(target, result)
}

fn strategically(mut target: Value, mut patch: Value) -> Outcome {
    let result = strategic(&mut target, &mut patch, service());
    outcome(target, result)
}

fn generic() -> Outcome {
    Err((422, "the server rejected our request due to an error in our request".to_owned()))
}

#[test]
fn json_patch_operations() {
    let start = json!({"a": {"b": 1}, "l": [1, 2, 3]});
    for (patch, expected) in [
        (json!([]), Ok(start.clone())),
        (json!(null), Ok(start.clone())),
        (json!([{"op": "add", "path": "/a/c", "value": 2}]), Ok(json!({"a": {"b": 1, "c": 2}, "l": [1, 2, 3]}))),
        (json!([{"op": "add", "path": "/a/c"}]), Ok(json!({"a": {"b": 1, "c": null}, "l": [1, 2, 3]}))),
        (json!([{"op": "add", "path": "/l/-", "value": 4}]), Ok(json!({"a": {"b": 1}, "l": [1, 2, 3, 4]}))),
        (json!([{"op": "add", "path": "/l/0", "value": 0}]), Ok(json!({"a": {"b": 1}, "l": [0, 1, 2, 3]}))),
        (json!([{"op": "add", "path": "/l/3", "value": 4}]), Ok(json!({"a": {"b": 1}, "l": [1, 2, 3, 4]}))),
        (json!([{"op": "add", "path": "/l/-1", "value": 4}]), Ok(json!({"a": {"b": 1}, "l": [1, 2, 3, 4]}))),
        (json!([{"op": "add", "path": "/l/4", "value": 4}]), generic()),
        (json!([{"op": "add", "path": "/x/y", "value": 4}]), generic()),
        (json!([{"op": "add", "value": 4}]), generic()),
        (json!([{"op": "add", "path": "", "value": {}}]), generic()),
        (json!([{"op": "remove", "path": "/a/b"}]), Ok(json!({"a": {}, "l": [1, 2, 3]}))),
        (json!([{"op": "remove", "path": "/l/-1"}]), Ok(json!({"a": {"b": 1}, "l": [1, 2]}))),
        (json!([{"op": "remove", "path": "/l/3"}]), generic()),
        (json!([{"op": "remove", "path": "/l/-4"}]), generic()),
        (json!([{"op": "remove", "path": "/a/c"}]), generic()),
        (json!([{"op": "replace", "path": "/l/-2", "value": 9}]), Ok(json!({"a": {"b": 1}, "l": [1, 9, 3]}))),
        (json!([{"op": "replace", "path": "/a/c", "value": 9}]), Ok(json!({"a": {"b": 1, "c": 9}, "l": [1, 2, 3]}))),
        (json!([{"op": "replace", "path": "", "value": {"x": 1}}]), Ok(json!({"x": 1}))),
        (json!([{"op": "replace", "path": "", "value": 1}]), generic()),
        (json!([{"op": "move", "from": "/a/b", "path": "/c"}]), Ok(json!({"a": {}, "c": 1, "l": [1, 2, 3]}))),
        (json!([{"op": "move", "from": "/a/x", "path": "/c"}]), generic()),
        (json!([{"op": "copy", "from": "/a/b", "path": "/c"}]), Ok(json!({"a": {"b": 1}, "c": 1, "l": [1, 2, 3]}))),
        (json!([{"op": "test", "path": "/a/b", "value": 1}]), Ok(start.clone())),
        (json!([{"op": "test", "path": "/a/none", "value": null}]), Ok(start.clone())),
        (json!([{"op": "test", "path": "/a/b", "value": 2}]), generic()),
        (json!([{"op": "dance", "path": "/a"}]), generic()),
        (json!([null]), generic()),
        (json!([1]), undecodable("number", "handlers.jsonPatchOp")),
        (json!({"op": "add"}), undecodable("object", "[]handlers.jsonPatchOp")),
    ] {
        assert_eq!(json_patched(start.clone(), patch.clone()), expected, "{patch}");
    }
    let escaped = json!([{"op": "remove", "path": "/metadata/annotations/a~1b~0c"}]);
    let start = json!({"metadata": {"annotations": {"a/b~c": "1", "d": "2"}}});
    assert_eq!(json_patched(start, escaped), Ok(json!({"metadata": {"annotations": {"d": "2"}}})));
}

#[test]
fn json_patch_is_bounded() {
    let operations = |n: usize| Value::from(vec![json!({"op": "test", "path": "/a", "value": 1}); n]);
    assert!(json_patched(json!({"a": 1}), operations(10_000)).is_ok());
    let text = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    assert_eq!(json_patched(json!({"a": 1}), operations(10_001)), Err((413, text.to_owned())));
    let large = json!({"a": "x".repeat(1024 * 1024)});
    let copies = |n: usize| Value::from(vec![json!({"op": "copy", "from": "/a", "path": "/b"}); n]);
    assert!(json_patched(large.clone(), copies(2)).is_ok());
    assert_eq!(json_patched(large, copies(3)), generic());
}

#[test]
fn a_json_patch_makes_nothing_deeper_than_a_body_may_be() {
    let copies = Value::from(vec![json!({"op": "copy", "from": "/a", "path": "/a/b"}); 200]);
    assert_eq!(json_patched(json!({"a": {"b": {}}}), copies), generic(), "each copy is one deeper");
    let moves = |n: usize| {
        let nest = |_| {
            let make = json!({"op": "add", "path": "/b", "value": {}});
            [
                make,
                json!({"op": "move", "from": "/a", "path": "/b/a"}),
                json!({"op": "move", "from": "/b", "path": "/a"}),
            ]
        };
        (0..n).flat_map(nest).collect::<Value>()
    };
    assert!(json_patched(json!({"a": {}}), moves(100)).is_ok());
    assert_eq!(json_patched(json!({"a": {}}), moves(1000)), generic());
}

#[test]
fn a_json_patch_that_fails_changes_nothing() {
    let mut target = json!({"b": 1, "a": 2});
    let patch = json!([{"op": "add", "path": "/c", "value": 3}, {"op": "test", "path": "/a", "value": 0}]);
    assert!(json_patch(&mut target, &patch).is_err());
    assert_eq!(target.to_string(), r#"{"b":1,"a":2}"#);
}

#[test]
fn merge_patch_replaces_lists_and_deletes_nulls() {
    for (target, patch, expected) in [
        (json!({"a": 1}), json!({"a": null}), json!({})),
        (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": null}}), json!({"a": {"c": 2}})),
        (json!({"l": [1, 2]}), json!({"l": [3]}), json!({"l": [3]})),
        (json!({}), json!({"a": {"b": null, "c": 1}}), json!({"a": {"c": 1}})),
        (json!({"a": 1}), json!({"a": {"b": null}}), json!({"a": {}})),
        (json!({}), json!({"l": [{"a": null}, null]}), json!({"l": [{}, null]})),
    ] {
        assert_eq!(merged(target, patch), Ok(expected));
    }
    let text = "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}";
    assert_eq!(merged(json!({}), json!([1])), Err((400, text.to_owned())));
    assert_eq!(merged(json!({}), json!(null)), Err((400, "Invalid JSON Patch".to_owned())));
}

#[test]
fn maps_that_a_patch_reaches_come_back_sorted() {
    let target = json!({"z": {"y": 1, "x": 2}, "a": {"c": 1, "b": 2}});
    let patched = merged(target.clone(), json!({"a": {"d": 3}})).expect("applies");
    assert_eq!(patched.to_string(), r#"{"a":{"b":2,"c":1,"d":3},"z":{"y":1,"x":2}}"#);
    let patched = json_patched(target, json!([{"op": "add", "path": "/a/d", "value": 3}])).expect("applies");
    assert_eq!(patched.to_string(), r#"{"a":{"b":2,"c":1,"d":3},"z":{"y":1,"x":2}}"#);
}

fn web() -> Value {
    json!({
        "metadata": {"name": "web", "labels": {"l": "1"}, "finalizers": ["a/1", "a/2"]},
        "spec": {
            "ports": [
                {"name": "a", "port": 80, "protocol": "TCP", "targetPort": 8080},
                {"name": "b", "port": 81, "protocol": "TCP", "targetPort": 81},
            ],
            "selector": {"x": "1", "y": "2"},
            "externalIPs": ["1.1.1.1"],
        },
    })
}

fn port(name: &str, port: u16, target: u16) -> Value {
    json!({"name": name, "port": port, "protocol": "TCP", "targetPort": target})
}

#[test]
fn strategic_merge_follows_the_schema_and_directives() {
    let (a, b) = (port("a", 80, 8080), port("b", 81, 81));
    for (what, patch, at, expected) in [
        (
            "by key",
            json!({"spec": {"ports": [{"port": 80, "targetPort": 9090}]}}),
            "/spec/ports",
            json!([port("a", 80, 9090), b]),
        ),
        (
            "a new item goes first",
            json!({"spec": {"ports": [{"port": 82}]}}),
            "/spec/ports",
            json!([{"port": 82}, a, b]),
        ),
        ("delete", json!({"spec": {"ports": [{"$patch": "delete", "port": 81}]}}), "/spec/ports", json!([a])),
        (
            "replace list",
            json!({"spec": {"ports": [{"$patch": "replace"}, {"name": "z", "port": 99}]}}),
            "/spec/ports",
            json!([{"name": "z", "port": 99}]),
        ),
        (
            "order",
            json!({"spec": {
                "$setElementOrder/ports": [{"port": 81}, {"port": 80}],
                "ports": [{"name": "aa", "port": 80}],
            }}),
            "/spec/ports",
            json!([b, port("aa", 80, 8080)]),
        ),
        (
            "order only",
            json!({"spec": {"$setElementOrder/ports": [{"port": 81}, {"port": 80}]}}),
            "/spec/ports",
            json!([b, a]),
        ),
        (
            "order among server's own",
            json!({"spec": {"$setElementOrder/ports": [{"port": 90}, {"port": 81}], "ports": [{"port": 90}]}}),
            "/spec/ports",
            json!([{"port": 90}, a, b]),
        ),
        (
            "replace map",
            json!({"spec": {"selector": {"$patch": "replace", "z": "9"}}}),
            "/spec/selector",
            json!({"z": "9"}),
        ),
        ("delete map", json!({"spec": {"selector": {"$patch": "delete"}}}), "/spec/selector", json!({})),
        (
            "retain",
            json!({"spec": {"selector": {"$retainKeys": ["y"], "y": "3"}}}),
            "/spec/selector",
            json!({"y": "3"}),
        ),
        (
            "merge map",
            json!({"spec": {"selector": {"x": null, "z": "3"}}}),
            "/spec/selector",
            json!({"y": "2", "z": "3"}),
        ),
        (
            "primitives",
            json!({"metadata": {"finalizers": ["a/3", "a/1"]}}),
            "/metadata/finalizers",
            json!(["a/3", "a/1", "a/2"]),
        ),
        (
            "delete primitives",
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/1"]}}),
            "/metadata/finalizers",
            json!(["a/2"]),
        ),
        (
            "order primitives",
            json!({"metadata": {
                "$setElementOrder/finalizers": ["a/2", "a/3"],
                "$deleteFromPrimitiveList/finalizers": ["a/1"],
                "finalizers": ["a/3"],
            }}),
            "/metadata/finalizers",
            json!(["a/2", "a/3"]),
        ),
        ("atomic list", json!({"spec": {"externalIPs": ["2.2.2.2"]}}), "/spec/externalIPs", json!(["2.2.2.2"])),
        (
            "new list",
            json!({"metadata": {"ownerReferences": [{"uid": "u", "name": null}, {"$patch": "delete", "uid": "v"}]}}),
            "/metadata/ownerReferences",
            json!([{"uid": "u"}]),
        ),
    ] {
        let result = strategically(web(), patch).expect(what);
        assert_eq!(result.pointer(at), Some(&expected), "{what}");
    }
    let nulled = strategically(web(), json!({"metadata": {"labels": null}})).expect("applies");
    assert_eq!(nulled.pointer("/metadata/labels"), None);
}

#[test]
fn strategic_merge_refuses_what_it_cannot_follow() {
    for (patch, code, text) in [
        (
            json!({"spec": {"ports": [{"name": "x"}]}}),
            500,
            "map: map[name:x] does not contain declared merge key: port",
        ),
        (json!({"spec": {"$patch": "x", "a": 1}}), 500, "unknown patch type: x in map: map[$patch:x a:1]"),
        (json!({"spec": {"ports": [{"$patch": "merge"}]}}), 500, "merging lists cannot yet be specified in the patch"),
        (json!({"spec": {"$retainKeys": "x"}}), 400, "invalid patch format of retainKeys"),
        (json!({"spec": {"$retainKeys": ["ports"], "type": "x"}}), 400, "invalid patch format of retainKeys"),
        (json!({"spec": {"$setElementOrder": []}}), 400, "invalid patch format of setElementOrder list"),
        (json!({"spec": {"$deleteFromPrimitiveListX": []}}), 400, "invalid patch format of primitive list"),
        (json!({"spec": {"$setElementOrder/ports": "x"}}), 500, "expected a []interface {}, but received a string"),
        (
            json!({"spec": {"$setElementOrder/none": []}}),
            500,
            "unable to find api field in struct ServiceSpec for the json field \"none\"",
        ),
        (
            json!({"spec": {"$setElementOrder/ports": [{"port": 81}], "ports": [{"port": 80}]}}),
            500,
            "The order in patch list:\n[map[port:80]]\n doesn't match $setElementOrder list:\n[map[port:81]]\n",
        ),
        (json!({"metadata": {"finalizers": [[1]]}}), 500, "list element types are not identical: [[a/1 a/2] [[1]]]"),
        (json!([1]), 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ] {
        assert_eq!(strategically(web(), patch.clone()), Err((code, text.to_owned())), "{patch}");
    }
}

#[test]
fn ports_with_one_number_are_one_port_to_a_strategic_merge() {
    let dns = json!({"spec": {"ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}});
    let patched = strategically(dns, json!({"spec": {"ports": [{"port": 53, "name": "x"}]}})).expect("applies");
    let expected = json!([{"port": 53, "protocol": "TCP", "name": "x"}, {"port": 53, "protocol": "UDP"}]);
    assert_eq!(patched["spec"]["ports"], expected);
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![any::<bool>().prop_map(Value::from), (0..9i64).prop_map(Value::from), "[ab]".prop_map(Value::from)];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|m| Value::from(Map::from_iter(m))),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", tree(), 0..4).prop_map(|m| Value::from(Map::from_iter(m)))
}

/// The merge patch that makes one object the other.
fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (from, to) else { return to.clone() };
    let gone = before.keys().filter(|k| !after.contains_key(*k)).map(|k| (k.clone(), Value::Null));
    let changed = after.iter().filter(|(k, v)| before.get(*k) != Some(v));
    let changed = changed.map(|(k, v)| (k.clone(), before.get(k).map_or_else(|| v.clone(), |old| difference(old, v))));
    gone.chain(changed).collect()
}

fn ports() -> impl Strategy<Value = Vec<Value>> {
    let ports = prop::collection::btree_map(1..9u16, ("[a-c]", 0..3u16), 0..6).prop_map(|ports| {
        let list =
            ports.into_iter().map(|(port, (name, target))| json!({"port": port, "name": name, "targetPort": target}));
        list.collect::<Vec<_>>()
    });
    ports.prop_shuffle()
}

proptest! {
    #[test]
    fn a_merge_patch_of_a_difference_reproduces(from in object(), to in object()) {
        let patch = difference(&from, &to);
        prop_assert_eq!(merged(from, patch), Ok(to));
    }

    #[test]
    fn a_merge_patch_twice_is_once(target in object(), patch in object()) {
        let once = merged(target, patch.clone());
        prop_assert_eq!(merged(once.clone().expect("objects merge"), patch), once);
    }

    #[test]
    fn an_empty_merge_patch_changes_nothing(target in object()) {
        prop_assert_eq!(merged(target.clone(), json!({})), Ok(target));
    }

    #[test]
    fn a_strategic_merge_of_a_difference_reproduces(from in ports(), to in ports()) {
        let key = |port: &Value| json!({"port": port["port"]});
        let order: Vec<_> = to.iter().map(key).collect();
        let gone = from.iter().map(key).filter(|k| !order.contains(k)).map(|mut k| {
            k["$patch"] = "delete".into();
            k
        });
        let changed = to.iter().filter(|port| !from.contains(port)).cloned();
        let ports: Vec<_> = changed.chain(gone).collect();
        let patch = json!({"spec": {"$setElementOrder/ports": order, "ports": ports}});
        prop_assume!(!(from.is_empty() && to.is_empty()));
        prop_assert_eq!(strategically(json!({"spec": {"ports": from}}), patch), Ok(json!({"spec": {"ports": to}})));
    }
}
