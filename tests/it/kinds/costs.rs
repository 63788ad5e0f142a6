//! What checking an object costs grows with its size, not with its square: each list and map of every kind, grown.

use std::{collections::HashSet, time::Duration};

use kubedouble::{
    kinds::{self, KindDef},
    schema::{Form, ObjectType, Type},
};
use serde_json::{Map, Value, json};

use crate::{
    harness::cpu_time,
    kinds::definitions::{admit, created},
};

/// How many items the smaller list has.
const ITEMS: usize = 150;
/// How much larger the larger list is.
const GROWTH: usize = 4;
/// What linear work may grow by; the square of the growth is 16.
const MOST: u32 = 9;
/// Less than this is noise.
const NOISE: Duration = Duration::from_millis(20);
/// How deep the search for lists goes.
const DEPTH: usize = 9;

/// A way from an object to one of its parts.
type Way<'a> = Vec<Step<'a>>;

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(&'a Type),
    Value(&'a Type),
}

#[test]
fn no_list_or_map_costs_its_square() {
    let mut seen = HashSet::new();
    let mut grown = 0;
    for def in kinds::built_in() {
        let mut ways = Vec::new();
        collect(def.schema(), &mut Vec::new(), &mut seen, &mut ways);
        for way in &ways {
            let (def, way) = (&def, way.as_slice());
            let large = || cost(def, way, ITEMS * GROWTH);
            let is_linear = || large() < NOISE || large() < cost(def, way, ITEMS) * MOST + NOISE;
            // Another process may have emptied the caches meanwhile.
            let is_linear = (0..3).any(|_| is_linear());
            assert!(is_linear, "{} {}", def.plural, shown(way));
            grown += 1;
        }
    }
    assert!(grown > 150, "only {grown} lists were found");
}

/// Every way to a list or a map whose field no other kind had.
fn collect<'a>(
    object: &'a ObjectType,
    way: &mut Way<'a>,
    seen: &mut HashSet<(String, String)>,
    ways: &mut Vec<Way<'a>>,
) {
    if way.len() > DEPTH {
        return;
    }
    for field in object.fields() {
        if !seen.insert((object.name.to_string(), field.name.to_string())) {
            continue;
        }
        way.push(Step::Member(&field.name));
        let inner = match &field.ty.form {
            Form::List(list) => Some(Step::Item(&list.items)),
            Form::Map(values) => Some(Step::Value(values)),
            _ => None,
        };
        if let Some(step) = inner {
            way.push(step);
            ways.push(way.clone());
        }
        let part = match inner {
            Some(Step::Item(ty) | Step::Value(ty)) => ty.object(),
            _ => field.ty.object(),
        };
        if let Some(part) = part {
            collect(part, way, seen, ways);
        }
        way.truncate(way.len() - 1 - usize::from(inner.is_some()));
    }
}

/// The processor time it takes to make, check and change an object with so many items at the end of the way.
fn cost(def: &KindDef, way: &[Step<'_>], items: usize) -> Duration {
    let mut object = build(way, items);
    object["metadata"]["name"] = json!("grown");
    let before = cpu_time();
    let stored = created(def, object);
    def.strategy.validate(&stored);
    def.strategy.warnings(&stored, None);
    let mut changed = stored.clone();
    changed["metadata"]["labels"] = json!({"changed": "yes"});
    admit(def, &mut changed, Some(&stored));
    def.strategy.prepare_for_update(&mut changed, &stored);
    def.strategy.validate_update(&changed, &stored);
    cpu_time() - before
}

/// An object with one value on the way, and many at its end.
fn build(way: &[Step<'_>], items: usize) -> Value {
    let Some((first, rest)) = way.split_first() else { return Value::Null };
    let inner = |i| if rest.is_empty() { sample(step_type(first), i) } else { build(rest, items) };
    let count = if rest.is_empty() { items } else { 1 };
    match first {
        Step::Member(name) => json!({*name: build(rest, items)}),
        Step::Item(_) => (0..count).map(inner).collect(),
        Step::Value(_) => (0..count).map(|i| (format!("k{i}"), inner(i))).collect::<Map<_, _>>().into(),
    }
}

fn step_type<'a>(step: &Step<'a>) -> Option<&'a Type> {
    match step {
        Step::Member(_) => None,
        Step::Item(ty) | Step::Value(ty) => Some(ty),
    }
}

/// A value of the type that differs from the others in its list.
fn sample(ty: Option<&Type>, i: usize) -> Value {
    let Some(ty) = ty else { return Value::Null };
    match &ty.form {
        Form::Bool => json!(true),
        Form::Int32 | Form::Int64 | Form::Double | Form::IntOrString => json!(i + 1),
        Form::Time | Form::MicroTime => json!("2026-01-02T03:04:05Z"),
        Form::Duration => json!("1s"),
        Form::Quantity => json!(i.to_string()),
        Form::Bytes => json!("eA=="),
        Form::String | Form::Any | Form::Either(_) => json!(format!("x{i}")),
        Form::List(_) => json!([]),
        Form::Map(_) => json!({}),
        Form::Object(object) => {
            let scalars = object.fields().iter().filter(|field| field.ty.is_single() && field.ty.object().is_none());
            scalars.map(|field| (field.name.to_string(), sample(Some(&field.ty), i))).collect::<Map<_, _>>().into()
        }
    }
}

fn shown(way: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in way {
        match step {
            Step::Member(name) => text += &format!(".{name}"),
            Step::Item(_) => text += "[]",
            Step::Value(_) => text += "{}",
        }
    }
    text
}
