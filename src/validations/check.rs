//! Checks an object's values against the rules of its schema, parents before what is in them.

use serde_json::Value as Json;

use super::{
    Node,
    correlate::{Change, OldItems},
    rule::{Reason, Rule, has_lines},
};
use crate::{
    cel::{Bindings, Budget, Declared, Error, ErrorKind, PER_CALL_LIMIT, PER_REQUEST_LIMIT, Program, Value},
    object::{FieldError, FieldErrors, Path},
};

/// The most bytes of a message that an expression makes.
const LONGEST_MESSAGE: usize = 5120;

/// What breaks rules, and what did so before and has not changed.
pub struct Findings {
    pub errors: FieldErrors,
    pub warnings: Vec<String>,
}

/// Checks an object, and what is in it.
pub fn check(root: &Node, object: &Json, old: Option<&Json>) -> Findings {
    let findings = Findings { errors: FieldErrors::new(), warnings: Vec::new() };
    let mut checker = Checker { findings, left: PER_REQUEST_LIMIT };
    // Without budget left nothing more is checked.
    let _ = checker.value(root, &Change::of(object, old), old, &Path::default());
    checker.findings
}

/// The budget is used up.
struct Exhausted;

type Progress = Result<(), Exhausted>;

struct Checker {
    findings: Findings,
    left: u64,
}

impl Checker {
    /// `old` is the old value that rules see.
    fn value(&mut self, node: &Node, change: &Change<'_>, old: Option<&Json>, path: &Path) -> Progress {
        let new = change.value();
        if new.is_null() {
            return Ok(());
        }
        if let Some(declared) = &node.declared {
            self.rules(node, declared, change, old.filter(|old| !old.is_null()), path)?;
        }
        match new {
            Json::Array(items) => self.items(node, items, change, old, path),
            Json::Object(members) => self.members(node, members, change, old, path),
            _ => Ok(()),
        }
    }

    fn items(&mut self, node: &Node, items: &[Json], change: &Change<'_>, old: Option<&Json>, path: &Path) -> Progress {
        let Some(of) = &node.items else { return Ok(()) };
        let olds = OldItems::of(old.or(change.old()), node.keys.as_deref());
        for (index, item) in items.iter().enumerate() {
            let found = olds.get(item);
            self.value(of, &change.inside(item, found), found.filter(|_| old.is_some()), &path.index(index))?;
        }
        Ok(())
    }

    fn members(
        &mut self,
        node: &Node,
        members: &serde_json::Map<String, Json>,
        change: &Change<'_>,
        old: Option<&Json>,
        path: &Path,
    ) -> Progress {
        if node.values.is_none() && node.properties.is_empty() {
            return Ok(());
        }
        for (name, value) in members {
            let (of, path) = match &node.values {
                Some(of) => (&**of, path.key(name)),
                None => match node.properties.binary_search_by(|(known, _)| (**known).cmp(name)) {
                    Ok(place) => (&node.properties[place].1, path.child(name)),
                    Err(_) => continue,
                },
            };
            let before = change.old().and_then(|old| old.get(name));
            let old = old.filter(|_| !node.atomic).and_then(|old| old.get(name));
            self.value(of, &change.inside(value, before), old, &path)?;
        }
        Ok(())
    }

    fn rules(
        &mut self,
        node: &Node,
        declared: &Declared,
        change: &Change<'_>,
        old: Option<&Json>,
        path: &Path,
    ) -> Progress {
        for rule in &node.rules {
            if rule.uses_old && !rule.optional_old && old.is_none() {
                continue;
            }
            if self.left == 0 {
                return self.run_out(path, node);
            }
            let variables = Variables { new: change.value(), old, declared, optional_old: rule.optional_old };
            match self.run(&rule.program, &variables) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => self.broken(rule, node, change, &variables, path)?,
                Err(error) => self.failed(rule, node, &error, path)?,
            }
        }
        Ok(())
    }

    fn run<'a>(&mut self, program: &'a Program, variables: &Variables<'a>) -> Result<Value<'a>, Error> {
        let mut budget = Budget::new(self.left);
        let outcome = program.evaluate(variables, &mut budget);
        self.left = self.left.saturating_sub(budget.used());
        outcome
    }

    fn run_out(&mut self, path: &Path, node: &Node) -> Progress {
        let why = "validation failed due to running out of cost budget, no further validation rules will be run";
        self.findings.errors.push(FieldError::invalid(&shown(path), node.type_name, why));
        Err(Exhausted)
    }

    /// A rule could not be evaluated.
    fn failed(&mut self, rule: &Rule, node: &Node, error: &Error, path: &Path) -> Progress {
        let why = match error.kind {
            ErrorKind::TooExpensive if self.left == 0 => return self.run_out(path, node),
            ErrorKind::TooExpensive => format!(
                "'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {}",
                rule.shown
            ),
            _ if error.message.starts_with("no such overload") => format!(
                "'{error}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                rule.shown
            ),
            _ => format!("{error} evaluating rule: {}", rule.shown),
        };
        self.findings.errors.push(FieldError::invalid(&shown(path), node.type_name, &why));
        if error.kind == ErrorKind::TooExpensive { Err(Exhausted) } else { Ok(()) }
    }

    /// A rule does not hold.
    fn broken(
        &mut self,
        rule: &Rule,
        node: &Node,
        change: &Change<'_>,
        variables: &Variables<'_>,
        path: &Path,
    ) -> Progress {
        let field = rule.field.as_ref().filter(|field| **field != Path::default());
        let path = match field {
            Some(field) => path.child(&field.to_string()),
            None => shown(path),
        };
        let mut progress = Ok(());
        let error = match self.message(rule, variables) {
            Ok(message) => {
                let value = Some(change.value()).filter(|value| field.is_none() && is_scalar(value));
                error_for(rule.reason, &path, value, &message)
            }
            Err(why) => {
                progress = Err(Exhausted);
                FieldError::invalid(&path, node.type_name, why)
            }
        };
        if !rule.uses_old && change.is_unchanged() {
            self.findings.warnings.push(error.to_string());
        } else {
            self.findings.errors.push(error);
        }
        progress
    }

    /// What is said of a value that breaks a rule; an error if no budget is left for finding it.
    fn message(&mut self, rule: &Rule, variables: &Variables<'_>) -> Result<String, &'static str> {
        let Some(program) = &rule.message_expression else { return Ok(rule.message.clone()) };
        let limit = self.left;
        let made = match self.run(program, variables) {
            Ok(Value::String(made)) => made.trim().to_owned(),
            Err(error) if error.kind == ErrorKind::TooExpensive && limit < PER_CALL_LIMIT => {
                return Err("messageExpression evaluation failed due to running out of cost budget");
            }
            Err(error) if error.kind == ErrorKind::TooExpensive => {
                return Err(
                    "no further validation rules will be run due to call cost exceeds limit for messageExpression",
                );
            }
            _ => String::new(),
        };
        let is_fine = !made.is_empty() && made.len() <= LONGEST_MESSAGE && !has_lines(&made);
        Ok(if is_fine { made } else { rule.message.clone() })
    }
}

/// The variables of a rule.
struct Variables<'a> {
    new: &'a Json,
    old: Option<&'a Json>,
    declared: &'a Declared,
    optional_old: bool,
}

impl<'a> Bindings<'a> for Variables<'a> {
    fn get(&self, name: &str) -> Option<Result<Value<'a>, Error>> {
        match name {
            "self" => Some(Value::json(self.new, self.declared)),
            "oldSelf" if self.optional_old => Some(match self.old {
                Some(old) => Value::json(old, self.declared).map(Value::some),
                None => Ok(Value::Optional(None)),
            }),
            "oldSelf" => self.old.map(|old| Value::json(old, self.declared)),
            _ => None,
        }
    }
}

/// The path as errors show it.
fn shown(path: &Path) -> Path {
    if *path == Path::default() { Path::new("<nil>") } else { path.clone() }
}

fn is_scalar(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_))
}

/// The error of a broken rule. Only scalars are shown in it.
fn error_for(reason: Reason, path: &Path, value: Option<&Json>, message: &str) -> FieldError {
    match (reason, value) {
        (Reason::Forbidden, _) => FieldError::forbidden(path, message),
        (Reason::Required, _) => FieldError::required(path, message),
        (Reason::Duplicate, Some(value)) => FieldError::duplicate(path, value.clone()),
        (Reason::Invalid, Some(value)) => FieldError::invalid(path, value.clone(), message),
        (Reason::Duplicate, None) => without_value(path, "FieldValueDuplicate", "Duplicate value".to_owned()),
        (Reason::Invalid, None) => without_value(path, "FieldValueInvalid", format!("Invalid value: {message}")),
    }
}

fn without_value(path: &Path, reason: &'static str, message: String) -> FieldError {
    FieldError { path: path.clone(), reason, message }
}
