//! Unknown fields are removed and named, and defaults filled in.

use serde_json::{Value, json};

use super::{compiled, whole};

fn pruned(spec: Value, mut value: Value) -> (Vec<String>, Value) {
    let mut object = json!({"spec": value.take()});
    let unknown = compiled(spec).prune(&mut object);
    (unknown, object["spec"].take())
}

#[test]
fn only_the_topmost_unknown_fields_are_named_in_order() {
    let inner = json!({"type": "object", "properties": {"b": {"type": "string"}}});
    let spec = json!({"type": "object", "properties": {
        "l": {"type": "array", "items": inner}, "m": {"type": "object", "additionalProperties": inner}, "o": inner}});
    let (unknown, left) = pruned(
        spec,
        json!({"z": {"y": 1}, "o": {"z": 1, "b": "x"}, "m": {"k": {"z": 1}}, "l": [{"z": {}}, {"b": "x"}]}),
    );
    assert_eq!(unknown, ["spec.l[0].z", "spec.m.k.z", "spec.o.z", "spec.z"]);
    assert_eq!(left, json!({"o": {"b": "x"}, "m": {"k": {}}, "l": [{}, {"b": "x"}]}));
}

#[test]
fn what_is_preserved_still_prunes_what_is_declared() {
    let known = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let spec = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": known}});
    let (unknown, left) = pruned(spec, json!({"known": {"a": "x", "z": 1}, "free": {"b": [{"c": null}]}}));
    assert_eq!(unknown, ["spec.known.z"]);
    assert_eq!(left, json!({"known": {"a": "x"}, "free": {"b": [{"c": null}]}}));
}

#[test]
fn a_value_of_another_type_has_no_declared_fields() {
    let spec = json!({"type": "object", "properties": {
        "l": {"type": "array", "items": {"type": "string"}}, "s": {"type": "string"}}});
    let (unknown, left) = pruned(spec, json!({"l": {"0": "a"}, "s": [{"a": 1}, 2]}));
    assert_eq!(unknown, ["spec.l.0", "spec.s[0].a"]);
    assert_eq!(left, json!({"l": {}, "s": [{}, 2]}));
}

#[test]
fn metadata_come_first_and_embedded_ones_last() {
    let spec = json!({"type": "object", "properties": {
        "e": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}}});
    let schema = whole(json!({"type": "object", "properties": {"spec": spec}}));
    let mut object = json!({
        "alpha": 1, "kind": "Widget", "metadata": {"name": "a", "bogus": 1},
        "spec": {"z": 1, "e": {"kind": "K", "apiVersion": "v1", "free": 1, "metadata": {"name": "n", "bogus": 1}}},
    });
    let unknown = schema.prune(&mut object);
    assert_eq!(unknown, ["metadata.bogus", "alpha", "spec.z", "spec.e.metadata.bogus"]);
    assert_eq!(object["spec"]["e"], json!({"kind": "K", "apiVersion": "v1", "free": 1, "metadata": {"name": "n"}}));
}

#[test]
fn defaults_replace_an_unwanted_null_and_go_into_what_is_there() {
    let item = json!({"type": "object", "properties": {"a": {"type": "string", "default": "x"}}});
    let schema = compiled(json!({"type": "object", "properties": {
        "d": {"type": "integer", "default": 1}, "n": {"type": "string", "nullable": true, "default": "n"},
        "l": {"type": "array", "items": item}, "o": item}}));
    let filled = |mut object: Value| {
        schema.default(&mut object);
        object["spec"].take()
    };
    assert_eq!(filled(json!({"spec": {}})), json!({"d": 1, "n": "n"}));
    assert_eq!(
        filled(json!({"spec": {"d": null, "n": null, "o": {}, "l": [{}, {"a": "y"}]}})),
        json!({"d": 1, "n": null, "o": {"a": "x"}, "l": [{"a": "x"}, {"a": "y"}]})
    );
    assert_eq!(filled(json!({"spec": {"o": null}})), json!({"d": 1, "n": "n"}));
}
