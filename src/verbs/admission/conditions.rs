//! Match conditions: expressions that must all hold before a webhook is called or a policy is evaluated.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::{Review, request::Input};
use crate::{
    cel::{Budget, Program, Value},
    kinds::admission::policy::expressions::{self, DYNAMIC, REQUEST, Uses},
    object::{Status, meta},
};

/// What all conditions of a webhook or a policy may cost together for one request.
pub(super) const COST_MAX: u64 = 2_500_000;

/// A condition that has been compiled.
pub struct Condition(Program);

/// Whether conditions hold.
pub enum Matched {
    Yes,
    No,
    /// Some could not be evaluated, and none is false.
    Unknown(String),
}

/// The `matchConditions` of a stored object, which are valid.
pub fn compile(owner: &Json) -> Vec<Condition> {
    let texts = meta::items(owner, &["matchConditions"]).iter().map(|one| meta::text(one, &["expression"]).trim());
    let environment = expressions::environment(Uses { authorizer: true, ..Uses::default() });
    texts.filter_map(|text| Program::compile(text, &environment).ok().map(Condition)).collect()
}

/// Evaluates all conditions; one that is false counts more than errors.
pub(super) fn evaluate(conditions: &[Condition], input: &Input) -> Matched {
    let bindings = [
        ("object", Value::json(&input.object, &DYNAMIC).unwrap_or(Value::Null)),
        ("oldObject", Value::json(&input.old, &DYNAMIC).unwrap_or(Value::Null)),
        ("request", Value::json(&input.request, &REQUEST).unwrap_or(Value::Null)),
        ("authorizer", input.authorizer()),
        ("authorizer.requestResource", input.request_resource()),
    ];
    let (mut left, mut errors) = (COST_MAX, Vec::new());
    for Condition(program) in conditions {
        let mut budget = Budget::new(left);
        let outcome = program.evaluate(&bindings, &mut budget);
        left = left.saturating_sub(budget.used());
        match outcome {
            Ok(Value::Bool(true)) => {}
            Ok(Value::Bool(false)) => return Matched::No,
            Ok(_) => errors.push(format!("expression '{}' resulted in no boolean", program.source())),
            Err(why) => errors.push(format!("expression '{}' resulted in error: {why}", program.source())),
        }
    }
    if errors.is_empty() { Matched::Yes } else { Matched::Unknown(aggregate(errors)) }
}

/// Several errors as one text, each once.
pub(super) fn aggregate(errors: Vec<String>) -> String {
    let mut seen = HashSet::new();
    let mut errors: Vec<_> = errors.into_iter().filter(|error| seen.insert(error.clone())).collect();
    if errors.len() == 1 { errors.remove(0) } else { format!("[{}]", errors.join(", ")) }
}

/// The refusal of a request whose conditions could not be evaluated.
pub fn refusal(review: &Review<'_>, why: &str) -> Box<Status> {
    let def = &review.attributes.target.def;
    Status::forbidden(&def.gvk.group, &def.plural, review.name(), why)
}
