//! A mutation of a policy: the configuration or the JSON patch that its expression makes, applied to the object.

use serde_json::{Map, Value, json};

use super::{policy::Mutation, run::Run};
use crate::{
    cel,
    kinds::admission::policy::objects,
    merge,
    object::Status,
    text::go_quote,
    verbs::admission::{
        patched::{self, Unreadable},
        request::Shape,
    },
};

/// The largest integer that a JSON patch has as a number, as in JavaScript.
const LARGEST_NUMBER: i64 = (1 << 53) - 1;

/// Why a mutation was not made.
pub(super) enum Broken {
    /// The policy failed, which its failure policy may ignore.
    Failed(String),
    /// The result is no object of its kind, which no policy ignores.
    Refused(Box<Status>),
}

type Made<T> = Result<T, Broken>;

fn failed(why: impl Into<String>) -> Broken {
    Broken::Failed(why.into())
}

impl Mutation {
    /// The object as the mutation leaves it.
    pub(super) fn make<'a>(&'a self, run: &Run<'a>, object: &Value, shape: &Shape<'_>) -> Made<Value> {
        match self {
            Self::Apply(expression) => {
                let made = run.evaluate_anew(expression).map_err(failed)?;
                apply(&made, object, shape)
            }
            Self::Patch(expression) => {
                let made = run.evaluate_anew(expression).map_err(failed)?;
                patch(&operations(&made)?, object, shape)
            }
        }
    }
}

fn apply(made: &cel::Value<'_>, object: &Value, shape: &Shape<'_>) -> Made<Value> {
    check_names(made)?;
    let Some(Value::Object(mut config)) = made.to_json() else {
        return Err(failed("invalid return type: *types.Err"));
    };
    config.insert("kind".into(), (&*shape.gvk.kind).into());
    config.insert("apiVersion".into(), shape.gvk.api_version().into());
    let config = Value::Object(config);
    let merged = merge::apply_untracked(object, &config, &shape.schema)
        .map_err(|why| failed(format!("error applying patch: {why}")))?;
    let gvk = shape.gvk;
    let unreadable = |why: Unreadable| {
        let of = format!("{}/{}, Kind={}", gvk.group, gvk.version, gvk.kind);
        failed(format!("unable to convert unstructured object to {of}: {}", why.text()))
    };
    Ok(patched::read(shape, merged).map_err(unreadable)?.object)
}

/// A patch whose `test` fails changes nothing.
fn patch(operations: &[Value], object: &Value, shape: &Shape<'_>) -> Made<Value> {
    let mut changed = object.clone();
    let is_applied = merge::apply_json_patch_if_tested(&mut changed, operations)
        .map_err(|why| failed(format!("JSON Patch: {why}")))?;
    if !is_applied {
        return Ok(object.clone());
    }
    let refused = |why: String| Broken::Refused(Status::internal(why));
    let patched = patched::read(shape, changed).map_err(|why| match why {
        Unreadable::Decode(why) => refused(why),
        Unreadable::Convert(why) => refused(format!("failed to convert object: {why}")),
    })?;
    if !patched.strict.is_empty() {
        return Err(refused(format!("strict decoding error: {}", patched.strict.join(", "))));
    }
    Ok(patched.object)
}

/// The operations of a JSON patch.
fn operations(made: &cel::Value<'_>) -> Made<Vec<Value>> {
    let cel::Value::List(list) = made else {
        return Err(failed("type mismatch: JSONPatchType.expression should evaluate to array"));
    };
    list.iter().map(|item| operation(&item.map_err(|why| failed(why.message))?)).collect()
}

fn operation(made: &cel::Value<'_>) -> Made<Value> {
    let cel::Value::Map(fields) = made else {
        return Err(failed("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch"));
    };
    let field = |name: &str| fields.field(name).transpose().map_err(|why| failed(why.message));
    let text = |name: &str| {
        let found = field(name)?;
        Ok(if let Some(cel::Value::String(text)) = found { text.to_string() } else { String::new() })
    };
    let mut operation = Map::new();
    operation.insert("op".into(), text("op")?.into());
    operation.insert("path".into(), text("path")?.into());
    let from = text("from")?;
    if !from.is_empty() {
        operation.insert("from".into(), from.into());
    }
    if let Some(value) = field("value")? {
        if objects::is_named(&value) {
            check_names(&value)?;
        }
        let value = value.to_json().ok_or_else(|| {
            let of = go_quote(&value.type_name());
            failed(format!("JSONPath valueExpression evaluated to a type that could not marshal to JSON: {of}"))
        })?;
        operation.insert("value".into(), with_safe_numbers(value));
    }
    Ok(Value::Object(operation))
}

/// Integers that a double cannot hold become texts.
fn with_safe_numbers(value: Value) -> Value {
    match value {
        Value::Number(number)
            if number.as_i64().is_some_and(|number| number.unsigned_abs() > LARGEST_NUMBER.unsigned_abs()) =>
        {
            json!(number.to_string())
        }
        Value::Array(items) => items.into_iter().map(with_safe_numbers).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, with_safe_numbers(value))).collect(),
        other => other,
    }
}

/// The types of objects must spell where they are.
fn check_names(made: &cel::Value<'_>) -> Made<()> {
    let wrong = objects::misnamed(made).map_err(|why| failed(why.message))?;
    if wrong.is_empty() { Ok(()) } else { Err(failed(format!("type mismatch: {}", wrong.join("\n")))) }
}
