//! Rules compare values with those that they replace.

use serde_json::json;

use super::{changed, compiled};

#[test]
fn a_transition_rule_needs_an_old_value() {
    let rules = compiled(json!({"type": "object", "properties": {
        "a": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "immutable"}]}}}));
    let of = |new, old| changed(&rules, new, old).0;
    assert_eq!(of(json!({"a": "x"}), None), [""; 0]);
    assert_eq!(of(json!({"a": "x"}), Some(json!({}))), [""; 0]);
    assert_eq!(of(json!({"a": "y"}), Some(json!({"a": "x"}))), ["spec.a: Invalid value: \"y\": immutable"]);
}

#[test]
fn an_optional_old_value_may_be_absent() {
    let rule = json!({"rule": "oldSelf.hasValue() ? self > oldSelf.value() : self == 1", "optionalOldSelf": true, "message": "m"});
    let rules = compiled(json!({"type": "integer", "x-kubernetes-validations": [rule]}));
    let of = |new, old| changed(&rules, new, old);
    assert_eq!(of(json!(1), None).0, [""; 0]);
    assert_eq!(of(json!(2), None).0, ["spec: Invalid value: 2: m"]);
    let unchanged = of(json!(3), Some(json!(3)));
    assert_eq!(unchanged, (vec!["spec: Invalid value: 3: m".to_owned()], Vec::new()), "such rules are never ratcheted");
}

#[test]
fn items_of_a_list_map_are_found_by_their_keys() {
    let item = json!({"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}, "required": ["k"],
        "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "v grows"}]});
    let rules = compiled(json!({"type": "array", "items": item, "maxItems": 9,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}));
    let old = json!([{"k": "a", "v": 5}, {"k": "b", "v": 5}]);
    let found = changed(&rules, json!([{"k": "b", "v": 4}, {"k": "a", "v": 6}, {"k": "c", "v": 0}]), Some(old));
    assert_eq!(found.0, ["spec[0]: Invalid value: v grows"]);
}

#[test]
fn an_unchanged_value_that_breaks_a_rule_is_only_warned_about() {
    let short = json!([{"rule": "self.size() < 3", "message": "too long"}]);
    let rules = compiled(json!({"type": "object", "properties": {
        "a": {"type": "string", "x-kubernetes-validations": short},
        "l": {"type": "array", "maxItems": 9, "items": {"type": "string", "x-kubernetes-validations": short}}}}));
    let old = json!({"a": "long", "l": ["long", "a"]});
    let warned = "spec.a: Invalid value: \"long\": too long".to_owned();
    let item = "spec.l[0]: Invalid value: \"long\": too long".to_owned();
    let found = changed(&rules, json!({"a": "long", "l": ["long", "a"], "b": 1}), Some(old.clone()));
    assert_eq!(found, (Vec::new(), vec![warned.clone(), item.clone()]), "items of an unchanged list are unchanged");
    let found = changed(&rules, json!({"a": "long", "l": ["long", "b"]}), Some(old));
    assert_eq!(found, (vec![item], vec![warned]), "items of a changed atomic list are not found again");
}

#[test]
fn unchanged_values_are_compared_once() {
    let rules = compiled(
        json!({"type": "array", "items": {"type": "string", "x-kubernetes-validations": [{"rule": "self == ''"}]}, "maxItems": 100_000}),
    );
    let time = |count: usize| {
        let items: Vec<String> = (0..count).map(|n| format!("item {n}")).collect();
        let start = tokio::time::Instant::now();
        let found = changed(&rules, json!(items), Some(json!(items)));
        assert_eq!(found.1.len(), count);
        start.elapsed()
    };
    let (few, many) = (time(2_000), time(16_000));
    assert!(many < few * 40, "{few:?} for 2 000, {many:?} for 16 000");
}
