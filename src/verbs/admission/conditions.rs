//! Match conditions: expressions that must all hold before a webhook or a policy is asked.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::{
    cel::{
        Budget, Program, Value,
        library::authorizer::{self, Authorizer, Check, Decision, Resource, What},
    },
    kinds::admission::expressions::{MATCH_CONDITION, REQUEST},
    object::{self, Status, User, access, meta},
    verbs::Api,
};

/// What all conditions of a webhook or a policy may cost together for one request.
const COST_MAX: u64 = 2_500_000;

/// A condition that has been compiled.
pub struct Condition(Program);

/// What conditions look at.
pub struct Facts {
    /// As the webhook or the policy sees it; null if there is none.
    pub object: Json,
    /// As the object.
    pub old: Json,
    /// The request without its objects.
    pub request: Json,
    /// Decides for whoever sends the request.
    pub authorizer: Arc<dyn Authorizer>,
}

/// Whether conditions hold.
pub enum Matched {
    Yes,
    No,
    /// Some could not be evaluated, and none is false.
    Unknown(String),
}

/// The `matchConditions` of a stored object, which are valid.
pub fn compile(owner: &Json) -> Vec<Condition> {
    let expressions =
        meta::items(owner, &["matchConditions"]).iter().map(|one| meta::text(one, &["expression"]).trim());
    expressions.filter_map(|text| Program::compile(text, &MATCH_CONDITION).ok().map(Condition)).collect()
}

/// Evaluates all conditions; one that is false counts more than errors.
pub fn evaluate(conditions: &[Condition], facts: &Facts) -> Matched {
    let dynamic = crate::cel::Declared::dynamic();
    let resource = meta::at(&facts.request, &["resource"]).unwrap_or(&Json::Null);
    let text = |value: &Json, name: &str| meta::text(value, &[name]).to_owned();
    let own = Resource {
        group: text(resource, "group"),
        resource: text(resource, "resource"),
        subresource: text(&facts.request, "subResource"),
        namespace: text(&facts.request, "namespace"),
        name: text(&facts.request, "name"),
        ..Resource::default()
    };
    let bindings = [
        ("object", Value::json(&facts.object, &dynamic).unwrap_or(Value::Null)),
        ("oldObject", Value::json(&facts.old, &dynamic).unwrap_or(Value::Null)),
        ("request", Value::json(&facts.request, &REQUEST).unwrap_or(Value::Null)),
        ("authorizer", authorizer::variable(Arc::clone(&facts.authorizer))),
        ("authorizer.requestResource", authorizer::resource_variable(Arc::clone(&facts.authorizer), own)),
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
    match errors.len() {
        0 => Matched::Yes,
        1 => Matched::Unknown(errors.remove(0)),
        _ => Matched::Unknown(format!("[{}]", errors.join(", "))),
    }
}

/// Answers expressions that ask what the sender of a request may do.
pub struct Sender {
    pub api: Api,
    pub user: Arc<User>,
}

impl Authorizer for Sender {
    fn decide(&self, check: &Check) -> Decision {
        let account = check.subject.service_account.as_ref();
        let user =
            account.map_or_else(|| (*self.user).clone(), |(namespace, name)| User::service_account(namespace, name));
        let subject = match &check.what {
            What::Path(path) => access::Subject::Path(path),
            What::Resource(of) => access::Subject::Resource(access::Resource {
                group: &of.group,
                version: "*",
                resource: &of.resource,
                subresource: &of.subresource,
                namespace: &of.namespace,
                name: &of.name,
            }),
            What::Group(_) => return Decision::default(),
        };
        let decided = self.api.authorize(&user, &object::Attributes { verb: &check.verb, subject });
        Decision { allowed: decided.allowed, reason: decided.reason, error: None }
    }
}

/// The refusal of a request whose conditions could not be evaluated.
pub fn refusal(review: &super::Review<'_>, why: &str) -> Box<Status> {
    let def = &review.attributes.target.def;
    Status::forbidden(&def.gvk.group, &def.plural, review.name(), why)
}
