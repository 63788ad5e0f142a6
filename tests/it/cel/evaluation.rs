//! Values of expressions, evaluated on JSON.

use kubedouble::cel::{Budget, ErrorKind, PER_CALL_LIMIT, Program, Value};
use serde_json::{Value as Json, json};

use super::{declared, environment, expect, expect_true, run_on};

#[test]
fn numbers_compare_by_what_they_are() {
    expect_true(
        "dyn(1) == dyn(1.0)
         dyn(1u) == 1
         dyn(9007199254740993) == 9007199254740992.0
         1 < 1.5
         2u > 1.5
         [1, 2].exists(x, x == 2)
         1 in [1, 2]
         dyn(1.0) in [1, 2]
         {1: 'a'}[dyn(1u)] == 'a'
         dyn('a') != 1
         !(0.0 / 0.0 < 1.0)",
    );
}

#[test]
fn arithmetic_fails_in_cel_go_words() {
    expect(
        "7 / 2 => 3
         -7 % 3 => -1
         10 / 0 => ERROR: division by zero
         10 % 0 => ERROR: modulus by zero
         9223372036854775807 + 1 => ERROR: integer overflow
         -9223372036854775808 / -1 => ERROR: integer overflow
         0u - 1u => ERROR: unsigned integer overflow
         uint(-1) => ERROR: unsigned integer overflow
         int('5x') => ERROR: type conversion error from 'string' to 'int'
         int(1e19) => ERROR: integer overflow
         int(2.9) => 2
         double('1.5') => 1.5
         string(1.5) => \"1.5\"
         string(1e6) => \"1e+06\"
         string(-5) => \"-5\"
         bool('yes') => ERROR: type conversion error from 'string' to 'bool'
         [1][5] => ERROR: index out of bounds: 5
         {'a': 1}['b'] => ERROR: no such key: b",
    );
}

#[test]
fn errors_are_absorbed_where_they_do_not_matter() {
    expect(
        "1 / 0 == 1 || true => true
         true || 1 / 0 == 1 => true
         1 / 0 == 1 && false => false
         1 / 0 == 1 && true => ERROR: division by zero
         true ? 1 : 1 / 0 => 1
         [0, 1].exists(x, 1 / x == 1) => true
         [0, 2].exists(x, 1 / x == 1) => ERROR: division by zero
         [0, 2].all(x, 1 / x == 1) => false
         [1, 2, 3].map(x, x * 2) => [2,4,6]
         [1, 2, 3].filter(x, x > 1) => [2,3]
         [1, 2, 3].map(x, x > 1, x * 10) => [20,30]
         [1, 2, 1].exists_one(x, x == 2) => true
         {'a': 1, 'b': 2}.map(k, k) => [\"a\",\"b\"]",
    );
}

#[test]
fn comprehensions_have_two_variables() {
    expect(
        "[0, 1].all(i, v, i == v) => true
         {'a': 1}.exists(k, v, k == 'a' && v == 1) => true
         [5, 6].exists_one(i, v, v == 6) => true
         [1, 2].transformList(i, v, i + v) => [1,3]
         [1, 2].transformList(i, v, v > 1, v) => [2]
         {'a': 1}.transformMap(k, v, v + 1) => {\"a\":2}
         {'a': 1, 'b': 2}.transformMap(k, v, v > 1, v) => {\"b\":2}
         {'a': 'x'}.transformMapEntry(k, v, {v: k}) => {\"x\":\"a\"}",
    );
}

fn schema() -> Json {
    json!({"type": "object", "properties": {
        "a": {"type": "string"},
        "n": {"type": "string", "nullable": true},
        "b": {"type": "integer"},
        "d": {"type": "number"},
        "o": {"type": "object", "properties": {"p": {"type": "object", "properties": {"q": {"type": "integer"}}}}},
        "l": {"type": "array", "items": {"type": "integer"}},
        "m": {"type": "object", "additionalProperties": {"type": "integer"}},
        "when": {"type": "string", "format": "date-time"},
        "long": {"type": "string", "format": "duration"},
        "bytes": {"type": "string", "format": "byte"},
        "any": {"x-kubernetes-int-or-string": true},
    }})
}

#[test]
fn fields_are_absent_or_null_or_there() {
    let object = json!({"a": "x", "n": null, "o": {}, "l": [1], "m": {"k": 1}});
    let cases = [
        ("has(self.a)", "true"),
        ("has(self.b)", "false"),
        ("has(self.n)", "false"),
        ("has(self.o) && !has(self.o.p)", "true"),
        ("has(self.m.k) && !has(self.m.z)", "true"),
        ("self.b == 1", "ERROR: no such key: b"),
        ("self.o.p.q == 1", "ERROR: no such key: p"),
        ("self.?a.orValue('none')", "\"x\""),
        ("self.?n.orValue('none')", "\"none\""),
        ("self.?m['k'].orValue(0)", "1"),
        ("self.?m['z'].orValue(7)", "7"),
        ("self.?l[?0].hasValue()", "true"),
        ("self.l[?5].hasValue()", "false"),
        ("self.?o.p.q.optMap(x, x + 1).orValue(0)", "0"),
        ("[?self.?a, ?self.?n].size()", "1"),
        ("{?'k': self.?a}.size()", "1"),
        ("optional.ofNonZeroValue('').hasValue()", "false"),
        ("optional.none().value()", "ERROR: optional.none() dereference"),
        ("optional.of(1).optFlatMap(x, optional.of(x + 1)).value()", "2"),
    ];
    for (expression, wanted) in cases {
        assert_eq!(run_on(&schema(), &object, expression), wanted, "{expression}");
    }
}

#[test]
fn formats_are_values_of_their_own() {
    let object = json!({
        "when": "2024-02-29T12:30:45.5Z", "long": "1h30m", "bytes": "aGk=", "d": 2, "any": "5%", "b": 3,
    });
    let cases = [
        ("self.when.getFullYear() == 2024 && self.when.getMonth() == 1 && self.when.getDate() == 29", "true"),
        ("self.when.getDayOfMonth() == 28 && self.when.getDayOfWeek() == 4 && self.when.getDayOfYear() == 59", "true"),
        ("self.when.getHours('+05:30')", "18"),
        ("self.when.getMilliseconds()", "500"),
        ("string(self.when)", "\"2024-02-29T12:30:45.5Z\""),
        ("self.when + duration('30m') > self.when", "true"),
        ("self.when - timestamp('2024-02-29T12:00:00Z') == duration('30m45.5s')", "true"),
        ("self.long == duration('90m') && self.long.getMinutes() == 90", "true"),
        ("string(self.long)", "\"5400s\""),
        ("self.bytes == b'hi'", "true"),
        ("self.d == 2.0 && type(self.d) == double", "true"),
        ("type(self.any) == string && self.any.endsWith('%')", "true"),
        ("type(self.b) == int", "true"),
        ("int(timestamp('1970-01-01T00:01:00Z'))", "60"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "ERROR: timestamp overflow"),
        ("timestamp(self.any)", "ERROR: type conversion error from 'string' to 'google.protobuf.Timestamp'"),
    ];
    for (expression, wanted) in cases {
        assert_eq!(run_on(&schema(), &object, expression), wanted, "{expression}");
    }
}

#[test]
fn lists_are_compared_by_their_list_type() {
    let items = json!({"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}});
    let lists = json!({"type": "object", "properties": {
        "atomic": {"type": "array", "items": {"type": "string"}},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "map": {"type": "array", "items": items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
    }});
    let old = json!({"atomic": ["a", "b"], "set": ["a", "b"], "map": [{"k": "a"}, {"k": "b"}]});
    let new = json!({"atomic": ["b", "a"], "set": ["b", "a"], "map": [{"k": "b"}, {"k": "a"}]});
    let environment = environment(&lists);
    let of = declared(&lists);
    let equal = |field: &str, new: &Json| {
        let rule = format!("self.{field} == oldSelf.{field}");
        let program = Program::compile(&rule, &environment).expect("it compiles");
        let bindings =
            [("self", Value::json(new, &of).expect("self")), ("oldSelf", Value::json(&old, &of).expect("old"))];
        let mut budget = Budget::new(PER_CALL_LIMIT);
        matches!(program.evaluate(&bindings, &mut budget), Ok(Value::Bool(true)))
    };
    assert!(!equal("atomic", &new) && equal("set", &new) && equal("map", &new));
    assert!(!equal("map", &json!({"map": [{"k": "b", "v": 1}, {"k": "a"}]})));
    assert!(!equal("set", &json!({"set": ["a"]})));
    assert_eq!(run_on(&lists, &old, "self.set + ['b', 'c'] == ['a', 'b', 'c']"), "true");
    assert_eq!(run_on(&lists, &old, "(self.map + [self.map[0]]).size()"), "2");
}

#[test]
fn a_run_stops_at_its_cost_limit() {
    let schema = json!({"type": "array", "items": {"type": "integer"}});
    let numbers = Json::from((0..100).collect::<Vec<i64>>());
    let rule = "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))";
    assert_eq!(run_on(&schema, &numbers, rule), "ERROR: operation cancelled: actual cost limit exceeded");
    // Nothing absorbs it.
    let absorbing = format!("{rule} || true");
    assert_eq!(run_on(&schema, &numbers, &absorbing), "ERROR: operation cancelled: actual cost limit exceeded");
}

#[test]
fn a_run_stops_when_it_is_told_to() {
    let environment = environment(&json!({}));
    let program = Program::compile("lists.range(500).all(x, x >= 0)", &environment).expect("it compiles");
    let stop = || true;
    let mut budget = Budget::new(PER_CALL_LIMIT).stopping(&stop);
    let error = program.evaluate(&[], &mut budget).expect_err("it was stopped");
    assert_eq!(error.kind, ErrorKind::Interrupted);
    let mut budget = Budget::new(PER_CALL_LIMIT);
    assert!(program.evaluate(&[], &mut budget).is_ok());
    assert!(budget.used() > 1_000);
    let mut little = Budget::new(100);
    assert!(program.evaluate(&[], &mut little).is_err());
}

#[test]
fn a_program_can_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    is_shared(&Program::compile("1 + 1", &environment(&json!({}))).expect("it compiles"));
}
