//! A part of an object that was invalid before may stay as it is.

use serde_json::{Value, json};

use super::compiled;

/// What is wrong with `new` where it replaces `old`.
fn wrong(spec: Value, old: Value, new: Value) -> Vec<String> {
    let (old, new) = (json!({"spec": old}), json!({"spec": new}));
    let schema = compiled(spec);
    let mut errors = schema.validate(&new, Some(&old));
    errors.extend(schema.validate_lists(&new, Some(&old)));
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn an_unchanged_member_is_not_reported() {
    let spec = json!({"type": "object", "required": ["r"],
                      "properties": {"a": {"type": "integer", "maximum": 1}, "b": {"type": "integer"},
                                     "r": {"type": "integer"}}});
    let unchanged = wrong(spec.clone(), json!({"a": 5, "b": 1, "r": 1}), json!({"a": 5, "b": 2, "r": 1}));
    assert_eq!(unchanged, [""; 0]);
    let changed = wrong(spec.clone(), json!({"a": 5}), json!({"a": 6}));
    assert_eq!(changed.len(), 2, "the changed member and the missing one: {changed:?}");
    assert_eq!(wrong(spec.clone(), json!({"a": 5}), json!({"a": 5})), [""; 0], "nothing changed at all");
    assert_eq!(wrong(spec, json!({"a": 5, "r": 1}), json!({"a": 5})), ["spec.r: Required value"]);
}

#[test]
fn items_correspond_by_their_keys_and_only_in_maps() {
    let item =
        json!({"type": "object", "properties": {"k": {"type": "string"}, "n": {"type": "integer", "maximum": 1}}});
    let list = |kind: &str| {
        let mut list = json!({"type": "array", "items": item, "x-kubernetes-list-type": kind});
        if kind == "map" {
            list["x-kubernetes-list-map-keys"] = json!(["k"]);
        }
        list
    };
    let (old, new) = (json!([{"k": "a", "n": 5}]), json!([{"k": "b", "n": 0}, {"k": "a", "n": 5}]));
    assert_eq!(wrong(list("map"), old.clone(), new.clone()), [""; 0]);
    assert_eq!(wrong(list("atomic"), old.clone(), new).len(), 1);
    assert_eq!(wrong(list("atomic"), old.clone(), old), [""; 0], "the list as a whole did not change");
}

#[test]
fn a_new_member_of_a_map_is_reported() {
    let map = json!({"type": "object", "additionalProperties": {"type": "string", "maxLength": 1}});
    assert_eq!(
        wrong(map, json!({"a": "long"}), json!({"a": "long", "b": "long"})),
        ["spec.b: Too long: may not be more than 1 byte"]
    );
}

#[test]
fn duplicates_may_stay() {
    let set = json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"});
    assert_eq!(wrong(set.clone(), json!(["a", "a"]), json!(["b", "b"])), [""; 0]);
    assert_eq!(wrong(set, json!(["a"]), json!(["a", "a"])), [r#"spec[1]: Duplicate value: "a""#]);
}
