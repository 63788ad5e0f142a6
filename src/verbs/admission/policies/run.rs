//! Evaluates a policy for a request.

use std::cell::{Cell, RefCell};

use serde_json::Value as Json;

use super::{
    findings::{Failure, Findings},
    policy::{Expression, Policy, Validation},
};
use crate::{
    cel::{Bindings, Budget, Error, ErrorKind, PER_REQUEST_LIMIT, Program, Value},
    kinds::admission::policy::expressions::{DYNAMIC, NAMESPACE, REQUEST},
    object::status::Reason,
    verbs::admission::{conditions, request::Input},
};

/// The most bytes of a message that an expression makes.
const LONGEST_MESSAGE: usize = 5120;
/// What is said if the expressions together cost more than they may.
const SPENT: &str = "validation failed due to running out of cost budget, no further validation rules will be run";

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
    /// Whether more was needed than was left.
    is_spent: Cell<bool>,
}

impl<'a> Run<'a> {
    pub(super) fn new(policy: &'a Policy, input: &'a Input, namespace: &'a Json, params: Option<&'a Json>) -> Self {
        let variables = RefCell::new(vec![None; policy.variables.len()]);
        let (left, is_spent) = (Cell::new(PER_REQUEST_LIMIT), Cell::new(false));
        Self { policy, input, namespace, params, variables, left, is_spent }
    }

    /// What the policy finds, in its order.
    pub(super) fn validate(&self) -> Findings {
        match self.is_wanted() {
            Ok(true) => {}
            Ok(false) => return Findings::default(),
            Err(why) => return self.failed(why),
        }
        let mut failures = match self.check_all() {
            Ok(failures) => failures,
            Err(why) => return self.failed(why),
        };
        self.left.set(PER_REQUEST_LIMIT);
        let mut annotations = Vec::new();
        for (index, (key, expression)) in self.policy.annotations.iter().enumerate() {
            let found = self.evaluate(expression);
            if self.is_spent.get() {
                return self.failed(SPENT.to_owned());
            }
            match found {
                Ok(Value::String(text)) if !text.trim().is_empty() => {
                    annotations.push((key.clone(), text.trim().to_owned()));
                }
                Ok(_) => {}
                Err(why) => failures.extend(self.failure(index, why, true)),
            }
        }
        Findings { failures, annotations }
    }

    /// Whether all match conditions hold. One that does not counts more than those that fail.
    pub(super) fn is_wanted(&self) -> Result<bool, String> {
        self.left.set(conditions::COST_MAX);
        let mut failed = Vec::new();
        for condition in &self.policy.conditions {
            let outcome = self.evaluate(condition);
            if self.is_spent.get() {
                return Err(SPENT.to_owned());
            }
            match outcome {
                Ok(Value::Bool(true)) => {}
                Ok(_) => return Ok(false),
                Err(why) => failed.push(why),
            }
        }
        if failed.is_empty() { Ok(true) } else { Err(conditions::aggregate(failed)) }
    }

    /// Evaluates an expression with a budget of its own.
    pub(super) fn evaluate_anew(&self, expression: &'a Expression) -> Result<Value<'a>, String> {
        self.left.set(PER_REQUEST_LIMIT);
        let outcome = self.evaluate(expression);
        if self.is_spent.get() { Err(SPENT.to_owned()) } else { outcome }
    }

    /// The validations that do not hold. Messages are made after all have been evaluated, from what is left of the budget.
    fn check_all(&self) -> Result<Vec<Failure>, String> {
        self.left.set(PER_REQUEST_LIMIT);
        let mut outcomes = Vec::new();
        for validation in &self.policy.validations {
            let outcome = self.evaluate(&validation.expression);
            if self.is_spent.get() {
                return Err(SPENT.to_owned());
            }
            outcomes.push(outcome.map(|value| matches!(value, Value::Bool(true))));
        }
        let fails = outcomes.contains(&Ok(false));
        let made: Vec<_> =
            self.policy.validations.iter().map(|of| if fails { self.made_message(of) } else { None }).collect();
        let is_spent = self.is_spent.replace(false);
        let mut failures = Vec::new();
        let each = self.policy.validations.iter().zip(outcomes).zip(made).enumerate();
        for (index, ((validation, outcome), made)) in each {
            match outcome {
                Err(why) => failures.extend(self.failure(index, why, false)),
                Ok(_) if is_spent => {
                    failures.extend(self.failure(index, format!("failed messageExpression: {SPENT}"), false));
                }
                Ok(true) => {}
                Ok(false) => {
                    let message = made.unwrap_or_else(|| validation.given_message());
                    failures.push(Failure { index, message, reason: validation.reason, denies: false });
                }
            }
        }
        Ok(failures)
    }

    /// The message that an expression makes; `None` for one that is no message.
    fn made_message(&self, validation: &'a Validation) -> Option<String> {
        let Ok(Value::String(made)) = self.evaluate(validation.message_expression.as_ref()?) else { return None };
        let made = made.trim();
        (!made.is_empty() && made.len() <= LONGEST_MESSAGE && !made.contains('\n')).then(|| made.to_owned())
    }

    /// A failure of the policy itself, unless those are to be ignored.
    fn failure(&self, index: usize, message: String, denies: bool) -> Option<Failure> {
        (!self.policy.ignores_failure).then_some(Failure { index, message, reason: Reason::Invalid, denies })
    }

    /// What is found if nothing can be evaluated.
    fn failed(&self, why: String) -> Findings {
        let failures = self.failure(0, why, false).into_iter().collect();
        Findings { failures, annotations: Vec::new() }
    }

    fn evaluate(&self, expression: &'a Expression) -> Result<Value<'a>, String> {
        let program = expression.program.as_ref().map_err(|why| format!("compilation error: {why}"))?;
        let outcome = self.value(program);
        outcome.map_err(|why| format!("expression '{}' resulted in error: {why}", expression.text))
    }

    fn value(&self, program: &'a Program) -> Result<Value<'a>, Error> {
        let mut budget = Budget::new(self.left.get());
        let outcome = program.evaluate(self, &mut budget);
        self.is_spent.set(self.is_spent.get() || budget.used() > self.left.get());
        self.left.set(self.left.get().saturating_sub(budget.used()));
        outcome
    }

    /// A variable of the policy, which is evaluated when it is first needed.
    fn variable(&self, name: &str) -> Option<Result<Value<'a>, Error>> {
        let place = *self.policy.places.get(name)?;
        if let Some(found) = &self.variables.borrow()[place] {
            return Some(found.clone());
        }
        let program = self.policy.variables[place].program.as_ref();
        let program = program.map_err(|why| Error::new(format!("compilation error: {why}")));
        let outcome = program.and_then(|program| self.value(program)).map_err(|why| match why.kind {
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
