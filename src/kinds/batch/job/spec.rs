//! The spec of a job, wherever it is: in a job, or in the template of a CronJob.

use serde_json::Value;

use super::{failure_policy, layout::SUCCESS_POLICY, success_policy};
use crate::kinds::{
    apps::workload,
    pod,
    rules::{check, fill, go_struct},
};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
    names,
    selector::LabelSelector,
};

/// The most pods of an indexed job that run or fail, and that it counts well.
const INDEXED_MAX: i64 = 100_000;
/// The same of a job with more completions than that.
const INDEXED_LARGE_MAX: i64 = 10_000;
/// The most bytes of the name of what manages a job.
const MANAGER_BYTES_MAX: usize = 63;

/// Fills in what a decoder fills in.
pub fn default(spec: &mut Object) {
    workload::default_template(spec);
    let is_absent = |member: &str| spec.get(member).is_none_or(Value::is_null);
    if is_absent("completions") && is_absent("parallelism") {
        spec.insert("completions".to_owned(), 1.into());
    }
    fill::null(spec, "parallelism", 1);
    let per_index = check::given_in(spec, "backoffLimitPerIndex").is_some();
    fill::null(spec, "backoffLimit", if per_index { i32::MAX } else { 6 });
    fill::null(spec, "completionMode", "NonIndexed");
    fill::null(spec, "suspend", false);
    default_conditions(spec);
    let has_policy = check::given_in(spec, "podFailurePolicy").is_some();
    fill::null(spec, "podReplacementPolicy", if has_policy { "Failed" } else { "TerminatingOrFailed" });
    fill::null(spec, "manualSelector", false);
}

/// Fills in the conditions of pods that a policy is about.
pub fn default_conditions(spec: &mut Object) {
    fill::inside(spec, "podFailurePolicy", |policy| {
        fill::each(policy, "rules", |rule| {
            fill::each(rule, "onPodConditions", |condition| fill::absent(condition, "status", "True"));
        });
    });
}

/// Whether each pod has an index of its own.
pub fn is_indexed(spec: &Value) -> bool {
    meta::text(spec, &["completionMode"]) == "Indexed"
}

/// Checks the spec of a job.
pub fn errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = template_spec_errors(path, spec);
    let at = path.child("selector");
    let selector = check::given(spec, "selector");
    match selector {
        Some(selector) => errors.extend(pod::selector_errors(&at, selector)),
        None => errors.push(FieldError::required(&at, "")),
    }
    let labels = meta::map(spec, &["template", "metadata", "labels"]);
    let matches = match selector.map(LabelSelector::of_object) {
        Some(Ok(selector)) => selector.matches_map(labels),
        Some(Err(_)) => true,
        None => false,
    };
    if !matches {
        errors.push(workload::label_error(&path.child("template"), labels));
    }
    errors
}

/// Checks a spec that has no selector yet.
pub fn template_spec_errors(path: &Path, spec: &Value) -> FieldErrors {
    let number = |member: &str| spec.get(member).and_then(Value::as_i64);
    let mut errors = FieldErrors::new();
    let counts = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    for member in counts {
        errors.extend(number(member).and_then(|count| check::not_negative(&path.child(member), count)));
    }
    if number("maxFailedIndexes").is_some() && number("backoffLimitPerIndex").is_none() {
        let detail = "when maxFailedIndexes is specified";
        errors.push(FieldError::required(&path.child("backoffLimitPerIndex"), detail));
    }
    if let Some(manager) = spec.get("managedBy").and_then(Value::as_str) {
        let path = path.child("managedBy");
        errors.extend(domain_path_errors(&path, manager));
        if manager.len() > MANAGER_BYTES_MAX {
            errors.push(FieldError::too_long(&path, MANAGER_BYTES_MAX));
        }
    }
    errors.extend(mode_errors(path, spec));
    if let Some(policy) = check::given(spec, "podFailurePolicy") {
        errors.extend(failure_policy::errors(&path.child("podFailurePolicy"), policy, spec));
    }
    if let Some(policy) = check::given(spec, "successPolicy") {
        let path = path.child("successPolicy");
        if is_indexed(spec) {
            errors.extend(success_policy::errors(&path, policy, number("completions").unwrap_or_default()));
        } else {
            let shown = go_struct::lay_out(policy, SUCCESS_POLICY);
            errors.push(FieldError::invalid(&path, shown, "requires indexed completion mode"));
        }
    }
    errors.extend(replacement_error(&path.child("podReplacementPolicy"), spec));
    errors.extend(pod_errors(&path.child("template"), spec));
    errors
}

/// Warns about a spec.
pub fn warnings(path: &Path, spec: &Value) -> Vec<String> {
    let number = |member: &str| spec.get(member).and_then(Value::as_i64).unwrap_or_default();
    let mut warnings = Vec::new();
    if is_indexed(spec) && number("completions") > INDEXED_MAX && number("parallelism") > INDEXED_LARGE_MAX {
        warnings.push(format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
             Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
    let template = spec.get("template");
    warnings
        .extend(template.into_iter().flat_map(|template| pod::template_warnings(&path.child("template"), template)));
    warnings
}

fn mode_errors(path: &Path, spec: &Value) -> FieldErrors {
    let number = |member: &str| spec.get(member).and_then(Value::as_i64);
    let mut errors = FieldErrors::new();
    let mode = spec.get("completionMode").and_then(Value::as_str);
    if let Some(mode) = mode.filter(|mode| !["NonIndexed", "Indexed"].contains(mode)) {
        errors.push(FieldError::not_supported(&path.child("completionMode"), mode, &["NonIndexed", "Indexed"]));
    }
    match mode {
        Some("Indexed") => errors.extend(indexed_errors(path, spec)),
        None | Some("NonIndexed") => {
            for member in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                let path = path.child(member);
                let count = number(member);
                errors.extend(count.map(|count| FieldError::invalid(&path, count, "requires indexed completion mode")));
            }
        }
        Some(_) => {}
    }
    errors
}

fn indexed_errors(path: &Path, spec: &Value) -> FieldErrors {
    let number = |member: &str| spec.get(member).and_then(Value::as_i64);
    let invalid = |member: &str, detail: &str| {
        FieldError::invalid(&path.child(member), number(member).unwrap_or_default(), detail)
    };
    let (completions, failed, parallelism) = (number("completions"), number("maxFailedIndexes"), number("parallelism"));
    let mut errors = FieldErrors::new();
    if completions.is_none() {
        errors.push(FieldError::required(&path.child("completions"), "when completion mode is Indexed"));
    }
    if parallelism > Some(INDEXED_MAX) {
        let detail = format!("must be less than or equal to {INDEXED_MAX} when completion mode is Indexed");
        errors.push(invalid("parallelism", &detail));
    }
    if completions.is_some() && failed > completions {
        errors.push(invalid("maxFailedIndexes", "must be less than or equal to completions"));
    }
    if failed > Some(INDEXED_MAX) {
        errors.push(invalid("maxFailedIndexes", &format!("must be less than or equal to {INDEXED_MAX}")));
    }
    if completions > Some(INDEXED_MAX) && number("backoffLimitPerIndex").is_some() {
        if failed.is_none() {
            let detail = format!("must be specified when completions is above {INDEXED_MAX}");
            errors.push(FieldError::required(&path.child("maxFailedIndexes"), &detail));
        }
        let detail = format!(
            "must be less than or equal to {INDEXED_LARGE_MAX} when completions are above {INDEXED_MAX} and used with \
             backoff limit per index"
        );
        for (member, count) in [("parallelism", parallelism), ("maxFailedIndexes", failed)] {
            if count > Some(INDEXED_LARGE_MAX) {
                errors.push(invalid(member, &detail));
            }
        }
    }
    errors
}

/// `example.com/name`.
fn domain_path_errors(path: &Path, value: &str) -> FieldErrors {
    if value.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let parts = value.split_once('/').filter(|(domain, rest)| !domain.is_empty() && !rest.is_empty());
    let Some((domain, rest)) = parts else {
        let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        return vec![FieldError::invalid(path, value, detail)];
    };
    let mut errors = check::rule(path, domain, names::dns1123_subdomain);
    if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b)) {
        let detail = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
        errors.push(FieldError::invalid(path, rest, detail));
    }
    errors
}

fn replacement_error(path: &Path, spec: &Value) -> Option<FieldError> {
    let policy = spec.get("podReplacementPolicy").and_then(Value::as_str)?;
    let has_policy = check::given(spec, "podFailurePolicy").is_some();
    let supported: &[&str] = if has_policy { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    (!supported.contains(&policy)).then(|| FieldError::not_supported(path, policy, supported))
}

/// Checks the template, whose pods must come to an end.
fn pod_errors(path: &Path, spec: &Value) -> FieldErrors {
    let null = Value::Null;
    let template = spec.get("template").unwrap_or(&null);
    let mut errors = pod::template_errors(path, template);
    let path = path.child("spec").child("restartPolicy");
    match meta::text(template, &["spec", "restartPolicy"]) {
        "Always" | "" => errors.push(FieldError::required(&path, "valid values: \"OnFailure\", \"Never\"")),
        "Never" => {}
        "OnFailure" => {
            if check::given(spec, "podFailurePolicy").is_some() {
                let detail = "only \"Never\" is supported when podFailurePolicy is specified";
                errors.push(FieldError::invalid(&path, "OnFailure", detail));
            }
        }
        other => errors.push(FieldError::not_supported(&path, other, &["OnFailure", "Never"])),
    }
    errors
}
