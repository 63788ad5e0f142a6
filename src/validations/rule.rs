//! `Rule`: one of a schema's rules, compiled.

use serde_json::{Value, json};

use crate::{
    cel::{Environment, Program, Type},
    object::{FieldError, FieldErrors, Path},
    schema::Validation,
    text::go_json,
};

/// The reasons that a rule may give.
const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    pub program: Program,
    pub message_expression: Option<Program>,
    /// What is said of a value that breaks the rule, unless the expression makes a message.
    pub message: String,
    /// The message or the rule, in errors of evaluation.
    pub shown: String,
    pub reason: Reason,
    /// The field at fault, below the value.
    pub field: Option<Path>,
    pub uses_old: bool,
    /// Whether `oldSelf` is an optional, and the rule also checked where there is no old value.
    pub optional_old: bool,
}

/// The kind of error that breaking a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Invalid,
    Forbidden,
    Required,
    Duplicate,
}

impl Rule {
    /// Compiles a rule that is at `path`. `field` is where its `fieldPath` leads.
    pub fn compile(
        rule: &Validation,
        environment: &Environment,
        field: Option<Path>,
        path: &Path,
        errors: &mut FieldErrors,
    ) -> Option<Self> {
        let program = match Program::compile(&rule.rule, environment) {
            Ok(program) if matches!(program.result_type(), Type::Bool) => Some(program),
            Ok(_) => {
                errors.push(invalid(rule, &path.child("rule"), "cel expression must evaluate to a bool"));
                None
            }
            Err(problems) => {
                let why = format!("compilation failed: {problems}");
                errors.push(invalid(rule, &path.child("rule"), &why));
                None
            }
        };
        let message_expression = compile_message(rule, environment, path, errors);
        let program = program?;
        let shown = [&rule.message, &rule.rule].map(|text| text.trim()).into_iter().find(|text| !text.is_empty());
        let shown = shown.unwrap_or_default().to_owned();
        Some(Self {
            uses_old: program.uses("oldSelf"),
            program,
            message_expression,
            message: if rule.message.is_empty() { format!("failed rule: {shown}") } else { shown.clone() },
            shown,
            reason: match rule.reason.as_deref() {
                Some("FieldValueForbidden") => Reason::Forbidden,
                Some("FieldValueRequired") => Reason::Required,
                Some("FieldValueDuplicate") => Reason::Duplicate,
                _ => Reason::Invalid,
            },
            field,
            optional_old: rule.optional_old_self.unwrap_or_default(),
        })
    }
}

fn compile_message(
    rule: &Validation,
    environment: &Environment,
    path: &Path,
    errors: &mut FieldErrors,
) -> Option<Program> {
    if rule.message_expression.trim().is_empty() {
        return None;
    }
    let why = match Program::compile(&rule.message_expression, environment) {
        Ok(program) if matches!(program.result_type(), Type::String) => return Some(program),
        Ok(_) => "messageExpression must evaluate to a string".to_owned(),
        Err(problems) => format!("messageExpression compilation failed: {problems}"),
    };
    errors.push(invalid(rule, &path.child("messageExpression"), &why));
    None
}

/// What is wrong with a rule that is at `path`, its expressions aside. `leads` says whether its `fieldPath` does.
pub fn errors(rule: &Validation, path: &Path, leads: bool) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let (message, field_path) = (path.child("message"), path.child("fieldPath"));
    let says_nothing = rule.message.trim().is_empty();
    if rule.rule.trim().is_empty() {
        errors.push(FieldError::required(&path.child("rule"), "rule is not specified"));
    } else if !rule.message.is_empty() && says_nothing {
        errors.push(FieldError::invalid(&message, &*rule.message, "message must be non-empty if specified"));
    } else if has_lines(rule.message.trim()) {
        errors.push(FieldError::invalid(&message, &*rule.message, "must not contain line breaks"));
    } else if has_lines(rule.rule.trim()) && says_nothing {
        errors.push(FieldError::required(&message, "message must be specified if rule contains line breaks"));
    }
    if !rule.message_expression.is_empty() && rule.message_expression.trim().is_empty() {
        let why = "messageExpression must be non-empty if specified";
        errors.push(FieldError::required(&path.child("messageExpression"), why));
    }
    if let Some(reason) = rule.reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
        errors.push(FieldError::not_supported(&path.child("reason"), reason, &REASONS));
    }
    if !rule.field_path.is_empty() {
        if rule.field_path.trim().is_empty() {
            errors.push(FieldError::invalid(&field_path, &*rule.field_path, "must be non-empty if specified"));
        }
        if has_lines(&rule.field_path) {
            errors.push(FieldError::invalid(&field_path, &*rule.field_path, "must not contain line breaks"));
        }
        if !leads {
            errors.push(FieldError::invalid(&field_path, &*rule.field_path, "must be a valid path"));
        }
    }
    errors
}

pub fn has_lines(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

/// An error that shows the whole rule, as Go prints the struct.
fn invalid(rule: &Validation, path: &Path, why: &str) -> FieldError {
    let shown: Value = json!({
        "Rule": rule.rule,
        "Message": rule.message,
        "MessageExpression": rule.message_expression,
        "Reason": rule.reason,
        "FieldPath": rule.field_path,
        "OptionalOldSelf": rule.optional_old_self,
    });
    let message = format!("Invalid value: {}: {why}", go_json(&shown));
    FieldError { path: path.clone(), reason: "FieldValueInvalid", message }
}
