//! What expressions cost, as estimated from a schema.

use kubedouble::cel::Program;
use kubedouble::cel::cost::{Range, excess};
use serde_json::{Value as Json, json};

use super::{declared, environment, run_on};

fn estimate(schema: &Json, rule: &str) -> Range {
    match Program::compile(rule, &environment(schema)) {
        Ok(program) => program.estimated_cost(),
        Err(problems) => panic!("{problems}"),
    }
}

#[test]
fn loops_multiply() {
    let schema = json!({"type": "array", "maxItems": 150, "items": {"type": "integer"}});
    let cost = estimate(&schema, "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))");
    assert_eq!(excess::of_one(cost.max).as_deref(), Some("3.0x"));
    let few = json!({"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 10}});
    assert_eq!(excess::of_one(estimate(&few, "self.all(x, self.all(y, x == y))").max), None);
    let many = json!({"type": "array", "items": {"type": "string"}});
    let cost = estimate(&many, "self.all(x, self.all(y, x == y))");
    assert_eq!(excess::of_one(cost.max).as_deref(), Some("more than 100x"));
}

#[test]
fn sizes_of_strings_count() {
    let short = json!({"type": "string", "maxLength": 10});
    // Four bytes a character, a tenth for each, and a pattern of two characters.
    assert_eq!(estimate(&short, "self.matches('a+')"), Range { min: 2, max: 6 });
    assert_eq!(estimate(&short, "self.size() < 5").max, 3);
    assert_eq!(estimate(&short, "self == 'abc'").max, 2);
    assert_eq!(estimate(&short, "self + self == 'abc'").max, 11);
    let cost = estimate(&short, "['a', self].join('-') == 'a-b'");
    assert_eq!(excess::of_one(cost.max).as_deref(), Some("more than 100x"));
}

#[test]
fn a_rule_runs_for_every_value_of_its_schema() {
    let items = declared(&json!({"type": "string"}));
    let cost = Range { min: 0, max: 10 };
    assert_eq!(excess::of_rule(cost, &items, Some(7)), 70);
    // As many as fit into three megabytes, with a comma each.
    assert_eq!(excess::of_rule(cost, &items, None), 10 * (3 * 1024 * 1024 / 3));
    assert_eq!(excess::of_all(60_000_000), None);
    assert_eq!(excess::of_all(120_000_000).as_deref(), Some("1.200000x"));
}

#[test]
fn presence_costs_nothing_by_itself() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    assert_eq!(estimate(&schema, "has(self.a)").max, 1);
    assert_eq!(estimate(&schema, "self.a > 1").max, 3);
    assert_eq!(estimate(&schema, "!has(self.a) || self.a > 1"), Range { min: 2, max: 5 });
}

#[test]
fn an_estimate_is_at_least_what_a_run_costs() {
    let schema = json!({"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 20}});
    let object = json!(["a", "bb", "ccc", "dddddddddd", "é"]);
    for rule in [
        "self.all(x, x.size() < 20)",
        "self.exists(x, x.startsWith('d'))",
        "self.map(x, x + x).size() == 5",
        "self.filter(x, x.matches('[a-z]+')).size() == 4",
        "self.all(x, self.exists(y, x == y))",
        "self.isSorted() || self.indexOf('bb') > 0",
        "self.all(x, x.replace('a', 'bb').split('b').size() >= 0)",
    ] {
        let environment = environment(&schema);
        let program = Program::compile(rule, &environment).expect("it compiles");
        let value = kubedouble::cel::Value::json(&object, &environment.variables["self"]).expect("a list");
        let mut budget = kubedouble::cel::Budget::new(u64::MAX);
        assert!(
            program.evaluate(&[("self", value)], &mut budget).is_ok(),
            "{rule}: {}",
            run_on(&schema, &object, rule)
        );
        let estimated = program.estimated_cost().max;
        assert!(budget.used() <= estimated, "{rule}: {} was used, {estimated} estimated", budget.used());
    }
}
