//! Whatever an expression is, compiling and running it ends soon and without panic, within its budget.

use std::time::Duration;

use kubedouble::cel::{Budget, PER_CALL_LIMIT, Program, Value};
use proptest::prelude::*;
use serde_json::json;

use super::environment;
use crate::harness::cpu_time;

/// The longest that anything here may compute, without optimization.
const LONGEST: Duration = Duration::from_secs(20);

fn try_it(expression: &str) {
    let schema = json!({"type": "object", "properties": {
        "s": {"type": "string"},
        "n": {"type": "integer"},
        "l": {"type": "array", "items": {"type": "string"}},
        "m": {"type": "object", "additionalProperties": {"type": "integer"}},
        "any": {"x-kubernetes-int-or-string": true},
    }});
    let before = cpu_time();
    let environment = environment(&schema);
    if let Ok(program) = Program::compile(expression, &environment) {
        let object = json!({"s": "aé b", "n": -3, "l": ["x", "", "é"], "m": {"k": 1}, "any": 1.5});
        let value = Value::json(&object, &environment.variables["self"]).expect("it is declared");
        let old = value.clone();
        let mut budget = Budget::new(PER_CALL_LIMIT);
        let outcome = program.evaluate(&[("self", value), ("oldSelf", old)], &mut budget);
        assert!(outcome.is_err() || budget.used() <= PER_CALL_LIMIT, "{expression}");
    }
    assert!(cpu_time() - before < LONGEST, "{expression}");
}

/// Expressions that mostly compile.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "self.s",
        "self.n",
        "self.l",
        "self.m",
        "self.any",
        "oldSelf",
        "1",
        "-1",
        "0",
        "2u",
        "1.5",
        "'a'",
        "''",
        "'é'",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "x",
        "dyn(1)",
        "9223372036854775807",
        "'1h'",
        "'2024-01-01T00:00:00Z'",
        "'[a-'",
        "'1.2.3'",
        "'10.0.0.0/8'",
        "'1Gi'",
        "b'a'",
        "optional.none()",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let binary =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"]);
        let method = prop::sample::select(vec![
            "size",
            "trim",
            "lowerAscii",
            "isSorted",
            "sum",
            "min",
            "distinct",
            "sort",
            "reverse",
            "flatten",
            "join",
            "getFullYear",
            "hasValue",
            "value",
            "split",
            "indexOf",
            "replace",
            "contains",
            "matches",
            "find",
            "findAll",
            "charAt",
            "substring",
            "lastIndexOf",
            "slice",
            "format",
            "family",
            "masked",
            "major",
            "asInteger",
            "compareTo",
            "getHost",
            "getQuery",
            "orValue",
            "or",
        ]);
        let function = prop::sample::select(vec![
            "size",
            "int",
            "uint",
            "double",
            "string",
            "bytes",
            "bool",
            "dyn",
            "type",
            "timestamp",
            "duration",
            "url",
            "ip",
            "cidr",
            "quantity",
            "semver",
            "isURL",
            "isIP",
            "lists.range",
            "strings.quote",
            "optional.of",
            "has",
            "-",
            "!",
        ]);
        let fold = prop::sample::select(vec![
            "all",
            "exists",
            "exists_one",
            "map",
            "filter",
            "sortBy",
            "optMap",
            "optFlatMap",
        ]);
        prop_oneof![
            (inner.clone(), binary, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), method.clone(), inner.clone()).prop_map(|(a, name, b)| format!("{a}.{name}({b})")),
            (inner.clone(), method).prop_map(|(a, name)| format!("{a}.{name}()")),
            (function, inner.clone()).prop_map(|(name, a)| format!("{name}({a})")),
            (inner.clone(), fold, inner.clone()).prop_map(|(a, name, b)| format!("{a}.{name}(x, {b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, ?{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a}.?k.transformMap(x, y, {b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn expressions_end(expression in expression()) {
        try_it(&expression);
    }

    #[test]
    fn any_text_ends(text in "[-a-z0-9 .,:?!&|=<>+*/%(){}'\"\\[\\]\\\\\n_é]{0,60}") {
        try_it(&text);
    }
}

#[test]
fn expressions_that_want_everything_end() {
    for expression in [
        "lists.range(1000000).all(a, lists.range(1000000).all(b, a + b >= 0))",
        "lists.range(1000000).map(a, lists.range(1000000)).flatten().size()",
        "lists.range(100000).map(a, 'aaaaaaaaaaaaaaaaaaaaaaa').join(',').split('').all(x, x.matches('(a*)*b'))",
        "[1].map(a, lists.range(200000)).map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).size()",
        "lists.range(100000).transformMap(i, v, lists.range(1000)).size()",
        "'a'.matches('((a{0,100}){0,100}){0,100}')",
        "sets.equivalent(lists.range(100000), lists.range(100000))",
        "lists.range(3000).map(x, [x]).distinct().size()",
    ] {
        try_it(expression);
    }
}
