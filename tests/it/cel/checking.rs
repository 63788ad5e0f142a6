//! The type checker and its words.

use serde_json::{Value as Json, json};

use super::{expect_true, run, run_on};

fn schema() -> Json {
    json!({"type": "object", "properties": {
        "s": {"type": "string"},
        "n": {"type": "integer"},
        "when": {"type": "string", "format": "date-time"},
        "l": {"type": "array", "items": {"type": "integer"}},
        "m": {"type": "object", "additionalProperties": {"type": "string"}},
        "o": {"type": "object", "properties": {"b": {"type": "boolean"}}},
        "any": {"x-kubernetes-int-or-string": true},
        "namespace": {"type": "string"},
    }})
}

/// The first line of what the checker says about an expression.
fn first_error(expression: &str) -> String {
    let said = run_on(&schema(), &json!({}), expression);
    said.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn names_must_be_declared() {
    assert_eq!(first_error("zz"), "ERROR: <input>:1:1: undeclared reference to 'zz' (in container '')");
    assert_eq!(
        first_error("self.s.reversed() == 'a'"),
        "ERROR: <input>:1:16: undeclared reference to 'reversed' (in container '')"
    );
    assert_eq!(first_error("self.c == 1"), "ERROR: <input>:1:5: undefined field 'c'");
    assert_eq!(first_error("self.o.c"), "ERROR: <input>:1:7: undefined field 'c'");
    assert_eq!(first_error("self.s.x == 1"), "ERROR: <input>:1:7: type 'string' does not support field selection");
}

#[test]
fn several_errors_are_told_in_the_order_of_their_places() {
    let said = run("a && b");
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("ERROR")).collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].contains("1:1: undeclared reference to 'a'") && lines[1].contains("1:6: undeclared reference to 'b'")
    );
    let said = run("[1].all(x)");
    assert!(
        said.contains("1:8: undeclared reference to 'all'") && said.contains("1:9: undeclared reference to 'x'"),
        "{said}"
    );
}

#[test]
fn a_call_needs_an_overload_that_takes_its_arguments() {
    let cases = [
        ("self.s > 1", "1:8: found no matching overload for '_>_' applied to '(string, int)'"),
        ("1 + 'a' == 'b'", "1:3: found no matching overload for '_+_' applied to '(int, string)'"),
        ("'a'.startsWith()", "1:15: found no matching overload for 'startsWith' applied to 'string.()'"),
        ("isSemver(5)", "1:9: found no matching overload for 'isSemver' applied to '(int)'"),
        ("true ? 1 : 'a'", "1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"),
        ("self.when == 'x'", "1:11: found no matching overload for '_==_' applied to '(timestamp, string)'"),
        ("self.l['a'] == 1", "1:7: found no matching overload for '_[_]' applied to '(list(int), string)'"),
        ("1 && true", "1:1: expected type 'bool' but found 'int'"),
        ("!1", "1:1: found no matching overload for '!_' applied to '(int)'"),
        ("self.n == null", "1:8: found no matching overload for '_==_' applied to '(int, null)'"),
        ("self.m.all(k, k > 1)", "1:17: found no matching overload for '_>_' applied to '(string, int)'"),
        ("1.all(x, x)", "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"),
        (
            "self.n.all(x, true)",
            "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
    ];
    for (expression, wanted) in cases {
        let said = first_error(expression);
        assert!(said.contains(wanted), "{expression}: {said}");
    }
}

#[test]
fn the_elements_of_a_literal_have_one_type() {
    assert_eq!(first_error("[1, 'a'].size() == 2"), "ERROR: <input>:1:5: expected type 'int' but found 'string'");
    assert_eq!(first_error("self.s in ['a', 1]"), "ERROR: <input>:1:17: expected type 'string' but found 'int'");
    assert_eq!(first_error("{'a': 1, 'b': 'c'}"), "ERROR: <input>:1:15: expected type 'int' but found 'string'");
    expect_true("[dyn(1), dyn('a')].size() == 2\n[[], [1]].size() == 2\n'%s %d'.format(['a', 1]) == 'a 1'");
}

#[test]
fn literals_are_checked_before_the_expression_runs() {
    let cases = [
        ("duration('x') > duration('1s')", "1:10: invalid duration argument"),
        ("timestamp('2024') > timestamp(0)", "1:11: invalid timestamp argument"),
        ("self.s.matches('[')", "1:16: invalid matches argument"),
    ];
    for (expression, wanted) in cases {
        assert_eq!(first_error(expression), format!("ERROR: <input>:{wanted}"));
    }
}

#[test]
fn what_is_not_known_is_left_for_later() {
    for expression in ["self.any > 5", "self.any == 'a'", "self.any.foo.bar == 1 || true", "self.any[0] == 1 || true"] {
        let said = run_on(&schema(), &json!({"any": 6}), expression);
        assert!(!said.contains("<input>"), "{expression}: {said}");
    }
}

#[test]
fn a_reserved_word_may_be_a_field() {
    let object = json!({"namespace": "v"});
    for expression in ["self.namespace == 'v'", "self.__namespace__ == 'v'", "has(self.namespace)"] {
        assert_eq!(run_on(&schema(), &object, expression), "true", "{expression}");
    }
}
