//! Rules are checked on the values of new objects.

use kubedouble::object::{FieldError, FieldErrors, Path};
use serde_json::json;

use super::{broken, compiled, shown};

#[test]
fn a_broken_rule_shows_scalars_only() {
    let rules = compiled(json!({"type": "object", "properties": {
        "a": {"type": "string", "x-kubernetes-validations": [{"rule": "self != 'no'", "message": "not no"}]},
        "m": {"type": "object", "additionalProperties": {"type": "integer"},
            "x-kubernetes-validations": [{"rule": "self.size() < 2"}]}
    }, "x-kubernetes-validations": [{"rule": "self.a != 'bad'", "fieldPath": ".a", "messageExpression": "'is ' + self.a"}]}));
    assert_eq!(broken(&rules, json!({"a": "yes"})), [""; 0]);
    assert_eq!(broken(&rules, json!({"a": "no"})), ["spec.a: Invalid value: \"no\": not no"]);
    assert_eq!(broken(&rules, json!({"a": "bad"})), ["spec.a: Invalid value: is bad"]);
    let two = json!({"a": "yes", "m": {"x": 1, "y": 2}});
    assert_eq!(broken(&rules, two), ["spec.m: Invalid value: failed rule: self.size() < 2"]);
}

#[test]
fn an_error_of_evaluation_shows_the_type() {
    let rules = compiled(json!({"type": "object", "properties": {"a": {"type": "integer"}},
        "x-kubernetes-validations": [{"rule": "self.a == 1"}, {"rule": "1 / self.a == 1", "message": "m"}]}));
    let wanted = "spec: Invalid value: \"object\": no such key: a evaluating rule: ";
    assert_eq!(broken(&rules, json!({})), [format!("{wanted}self.a == 1"), format!("{wanted}m")]);
    let by_zero = "spec: Invalid value: \"object\": division by zero evaluating rule: m";
    assert_eq!(broken(&rules, json!({"a": 0})), ["spec: Invalid value: failed rule: self.a == 1", by_zero]);
}

#[test]
fn the_reason_makes_the_error() {
    let rule = |reason: &str| json!({"rule": "self < 5", "message": "m", "reason": reason});
    let cases = [
        ("Invalid", "Invalid value: 9: m"),
        ("Forbidden", "Forbidden: m"),
        ("Required", "Required value: m"),
        ("Duplicate", "Duplicate value: 9"),
    ];
    for (reason, wanted) in cases {
        let spec = json!({"type": "integer", "x-kubernetes-validations": [rule(&format!("FieldValue{reason}"))]});
        assert_eq!(broken(&compiled(spec), json!(9)), [format!("spec: {wanted}")]);
    }
}

#[test]
fn a_message_that_cannot_be_made_falls_back() {
    for expression in ["string(self.b)", "''", "'a\\nb'", "' '"] {
        let rules =
            compiled(json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "false", "message": "plain", "messageExpression": expression}]}));
        assert_eq!(broken(&rules, json!({"a": 1})), ["spec: Invalid value: plain"], "{expression}");
    }
}

#[test]
fn a_rule_ends_at_its_limit_and_so_do_all_after_it() {
    let rules = compiled(
        json!({"type": "object", "properties": {"l": {"type": "array", "maxItems": 100, "items": {"type": "integer"}}},
        "x-kubernetes-validations": [
            {"rule": "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))", "message": "m"},
            {"rule": "false"}]}),
    );
    let long: Vec<i64> = (0..100).collect();
    let wanted = "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further \
                  validation rules will be run due to call cost exceeds limit for rule: m";
    assert_eq!(broken(&rules, json!({"l": long})), [wanted]);
}

#[test]
fn an_object_of_wrong_types_is_not_shown_to_rules() {
    let rules = compiled(json!({"type": "string", "x-kubernetes-validations": [{"rule": "self == 'a'"}]}));
    let object = json!({"spec": 5});
    let mut errors: FieldErrors = vec![FieldError::required(&Path::new("spec.b"), "")];
    assert!(rules.validate(&object, None, &mut errors).is_empty());
    let wanted = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
                  correct the existing errors to complete validation";
    assert_eq!(shown(&errors), ["spec.b: Required value", wanted]);
}

#[test]
fn formats_and_escaped_names_are_known() {
    let rules = compiled(json!({"type": "object", "properties": {
        "at": {"type": "string", "format": "date-time"},
        "for": {"type": "string", "format": "duration"},
        "port": {"x-kubernetes-int-or-string": true},
        "x-y": {"type": "string"},
        "e": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}}
    }, "x-kubernetes-validations": [{"rule": "self.at > timestamp('2020-01-01T00:00:00Z') && self.__for__ > duration('1m') \
        && (type(self.port) == int ? self.port > 1 : self.port.startsWith('a')) && self.x__dash__y == 'v' && self.e.metadata.name == 'n'"}]}));
    let fine = json!({"at": "2024-01-01T00:00:00Z", "for": "2m", "port": "ab", "x-y": "v",
        "e": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}}});
    assert_eq!(broken(&rules, fine.clone()), [""; 0]);
    let mut other = fine;
    other["port"] = json!(1);
    assert_eq!(broken(&rules, other).len(), 1);
}
