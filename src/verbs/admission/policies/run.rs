//! Evaluates a policy for a request.

use std::cell::{Cell, RefCell};

use serde_json::Value as Json;

use super::policy::{Expression, Policy, Validation};
use crate::{
    cel::{Bindings, Budget, Error, ErrorKind, PER_REQUEST_LIMIT, Value},
    kinds::admission::policy::expressions::{DYNAMIC, NAMESPACE, REQUEST},
    object::status::Reason,
    verbs::admission::request::Input,
};

/// The most bytes of a message that an expression makes.
const LONGEST_MESSAGE: usize = 5120;

/// A reason to refuse a request.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) reason: Reason,
    /// Whether the request is refused whatever the binding says.
    pub(super) denies: bool,
}

/// The evaluation of a policy for a request, perhaps with a parameter.
pub(super) struct Run<'a> {
    policy: &'a Policy,
    input: &'a Input,
    namespace: &'a Json,
    params: Option<&'a Json>,
    /// The variables that have been needed so far.
    variables: RefCell<Vec<Option<Result<Value<'a>, Error>>>>,
    /// What is left of the budget.
    left: Cell<u64>,
}

impl<'a> Run<'a> {
    pub(super) fn new(policy: &'a Policy, input: &'a Input, namespace: &'a Json, params: Option<&'a Json>) -> Self {
        let variables = RefCell::new(vec![None; policy.variables.len()]);
        Self { policy, input, namespace, params, variables, left: Cell::new(PER_REQUEST_LIMIT) }
    }

    /// The reasons to refuse the request, in the order of the policy.
    pub(super) fn validate(&self) -> Vec<Failure> {
        match self.is_wanted() {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(why) => return self.failure(why, false).into_iter().collect(),
        }
        let mut failures: Vec<Failure> =
            self.policy.validations.iter().filter_map(|validation| self.check(validation)).collect();
        for annotation in &self.policy.annotations {
            if let Err(why) = self.evaluate(annotation) {
                failures.extend(self.failure(why, true));
            }
        }
        failures
    }

    /// Whether all match conditions hold. One that does not counts more than one that fails.
    fn is_wanted(&self) -> Result<bool, String> {
        let mut failed = None;
        for condition in &self.policy.conditions {
            match self.evaluate(condition) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => return Ok(false),
                Err(why) => drop(failed.get_or_insert(why)),
            }
        }
        failed.map_or(Ok(true), Err)
    }

    fn check(&self, validation: &'a Validation) -> Option<Failure> {
        match self.evaluate(&validation.expression) {
            Ok(Value::Bool(true)) => None,
            Ok(_) => {
                let message = self.message(validation);
                Some(Failure { message, reason: validation.reason, denies: false })
            }
            Err(why) => self.failure(why, false),
        }
    }

    fn message(&self, validation: &'a Validation) -> String {
        if let Some(expression) = &validation.message_expression
            && let Ok(Value::String(made)) = self.evaluate(expression)
        {
            let made = made.trim();
            if !made.is_empty() && made.len() <= LONGEST_MESSAGE && !made.contains('\n') {
                return made.to_owned();
            }
        }
        if validation.message.is_empty() {
            return format!("failed expression: {}", validation.expression.text.trim());
        }
        validation.message.clone()
    }

    /// A failure of the policy itself, unless those are to be ignored.
    fn failure(&self, message: String, denies: bool) -> Option<Failure> {
        (!self.policy.ignores_failure).then_some(Failure { message, reason: Reason::Invalid, denies })
    }

    fn evaluate(&self, expression: &'a Expression) -> Result<Value<'a>, String> {
        let outcome = self.value(expression);
        outcome.map_err(|why| format!("expression '{}' resulted in error: {why}", expression.text))
    }

    fn value(&self, expression: &'a Expression) -> Result<Value<'a>, Error> {
        let program = expression.program.as_ref().map_err(|why| Error::new(format!("compilation error: {why}")))?;
        let mut budget = Budget::new(self.left.get());
        let outcome = program.evaluate(self, &mut budget);
        self.left.set(self.left.get().saturating_sub(budget.used()));
        outcome
    }

    /// A variable of the policy, which is evaluated when it is first needed.
    fn variable(&self, name: &str) -> Option<Result<Value<'a>, Error>> {
        let place = *self.policy.places.get(name)?;
        if let Some(found) = &self.variables.borrow()[place] {
            return Some(found.clone());
        }
        let outcome = self.value(&self.policy.variables[place]).map_err(|why| match why.kind {
            ErrorKind::Failed => Error::new(format!("composited variable \"{name}\" fails to evaluate: {why}")),
            _ => why,
        });
        self.variables.borrow_mut()[place] = Some(outcome.clone());
        Some(outcome)
    }
}

impl<'a> Bindings<'a> for Run<'a> {
    fn get(&self, name: &str) -> Option<Result<Value<'a>, Error>> {
        match name {
            "object" => Some(Value::json(&self.input.object, &DYNAMIC)),
            "oldObject" => Some(Value::json(&self.input.old, &DYNAMIC)),
            "request" => Some(Value::json(&self.input.request, &REQUEST)),
            "namespaceObject" => Some(Value::json(self.namespace, &NAMESPACE)),
            "params" => Some(self.params.map_or(Ok(Value::Null), |params| Value::json(params, &DYNAMIC))),
            "authorizer" => Some(Ok(self.input.authorizer())),
            "authorizer.requestResource" => Some(Ok(self.input.request_resource())),
            _ => self.variable(name.strip_prefix("variables.")?),
        }
    }
}
