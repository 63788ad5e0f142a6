//! Checks of a job's status: what has happened stays so, and what is said of it agrees.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{indexes, spec};
use crate::kinds::{apps::workload::counted, rules::check};
use crate::object::{FieldError, FieldErrors, Path, meta};

/// Whether a condition is true.
pub fn is_true(job: &Value, kind: &str) -> bool {
    let conditions = meta::items(job, &["status", "conditions"]);
    let is = |condition: &&Value, status| meta::text(condition, &["status"]) == status;
    conditions
        .iter()
        .filter(|condition| meta::text(condition, &["type"]) == kind)
        .any(|condition| is(&condition, "True"))
}

/// Checks an updated status. Most checks are made only where it changes what they are about.
pub fn errors(job: &Value, old: &Value) -> FieldErrors {
    let path = Path::new("status");
    let mut errors = count_errors(&path, job);
    let change = Change { job, old };
    errors.extend(end_errors(&path, &change));
    errors.extend(index_errors(&path, &change));
    if change.ends_or("terminating") && is_finished(job) && counted(job, "terminating") > 0 {
        let detail = "terminating>0 is invalid for finished job";
        errors.push(FieldError::invalid(&path.child("terminating"), counted(job, "terminating"), detail));
    }
    if (change.of("ready") || change.of("active")) && counted(job, "ready") > counted(job, "active") {
        let detail = "cannot set more ready pods than active";
        errors.push(FieldError::invalid(&path.child("ready"), counted(job, "ready"), detail));
    }
    errors.extend(history_errors(&path, &change));
    errors.extend(success_errors(&path, &change));
    errors
}

/// A job before and after an update.
struct Change<'a> {
    job: &'a Value,
    old: &'a Value,
}

impl Change<'_> {
    /// Whether a member of the status changes.
    fn of(&self, member: &str) -> bool {
        let member = |job: &Value| meta::at(job, &["status", member]).filter(|value| !value.is_null()).cloned();
        member(self.job) != member(self.old)
    }

    /// Whether a condition begins or ends to be true.
    fn of_condition(&self, kind: &str) -> bool {
        is_true(self.job, kind) != is_true(self.old, kind)
    }

    /// Whether the job ends, or begins anew, or a member of the status changes.
    fn ends_or(&self, member: &str) -> bool {
        is_finished(self.job) != is_finished(self.old) || self.of(member)
    }
}

fn is_finished(job: &Value) -> bool {
    is_true(job, "Complete") || is_true(job, "Failed")
}

fn time(job: &Value, member: &str) -> Option<Timestamp> {
    meta::text(job, &["status", member]).parse().ok()
}

fn count_errors(path: &Path, job: &Value) -> FieldErrors {
    let members = ["active", "succeeded", "failed", "ready", "terminating"];
    let negative = members.iter().filter_map(|name| check::not_negative(&path.child(name), counted(job, name)));
    let mut errors: FieldErrors = negative.collect();
    let path = path.child("uncountedTerminatedPods");
    let mut seen = HashSet::new();
    for member in ["succeeded", "failed"] {
        let pods = meta::items(job, &["status", "uncountedTerminatedPods", member]);
        for (i, pod) in pods.iter().filter_map(Value::as_str).enumerate() {
            let path = path.child(member).index(i);
            if pod.is_empty() {
                errors.push(FieldError::invalid(&path, pod, "must not be empty"));
            } else if !seen.insert(pod) {
                errors.push(FieldError::duplicate(&path, pod));
            }
        }
    }
    errors
}

/// Checks what the end of a job needs and excludes.
fn end_errors(path: &Path, change: &Change<'_>) -> FieldErrors {
    let job = change.job;
    let (complete, failed) = (is_true(job, "Complete"), is_true(job, "Failed"));
    let (complete_changes, failed_changes) = (change.of_condition("Complete"), change.of_condition("Failed"));
    let conditions = path.child("conditions");
    let mut errors = FieldErrors::new();
    let mut refuse = |applies: bool, detail: &str| {
        if applies {
            errors.push(FieldError::invalid_whole(&conditions, detail));
        }
    };
    let both = complete && failed && (complete_changes || failed_changes);
    refuse(both, "cannot set Complete=True and Failed=true conditions");
    let target = is_true(job, "FailureTarget");
    let both = complete && target && (complete_changes || change.of_condition("FailureTarget"));
    refuse(both, "cannot set Complete=True and FailureTarget=true conditions");
    errors.extend(time_errors(path, change, complete, complete_changes));
    let mut refuse = |applies: bool, detail: &str| {
        if applies {
            errors.push(FieldError::invalid_whole(&conditions, detail));
        }
    };
    let target_changes = failed_changes || change.of_condition("FailureTarget");
    let detail = "cannot set Failed=True condition without the FailureTarget=true condition";
    refuse(failed && !target && target_changes, detail);
    let met_changes = complete_changes || change.of_condition("SuccessCriteriaMet");
    let detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
    refuse(complete && !is_true(job, "SuccessCriteriaMet") && met_changes, detail);
    errors.extend(finished_errors(path, change));
    errors
}

fn time_errors(path: &Path, change: &Change<'_>, complete: bool, complete_changes: bool) -> FieldErrors {
    let job = change.job;
    let at = path.child("completionTime");
    let (start, end) = (time(job, "startTime"), time(job, "completionTime"));
    let shown = || meta::text(job, &["status", "completionTime"]);
    let mut errors = FieldErrors::new();
    if complete_changes || change.of("completionTime") {
        match (complete, end) {
            (false, Some(_)) => {
                let detail = "cannot set completionTime when there is no Complete=True condition";
                errors.push(FieldError::invalid(&at, shown(), detail));
            }
            (true, None) => errors.push(FieldError::required(&at, "completionTime is required for Complete jobs")),
            _ => {}
        }
    }
    if (change.of("startTime") || change.of("completionTime")) && end.is_some() && start > end {
        errors.push(FieldError::invalid(&at, shown(), "completionTime cannot be set before startTime"));
    }
    errors
}

/// Checks what a finished job has, and what is over when it ends.
fn finished_errors(path: &Path, change: &Change<'_>) -> FieldErrors {
    let job = change.job;
    let mut errors = FieldErrors::new();
    if !is_finished(job) {
        return errors;
    }
    if change.ends_or("active") && counted(job, "active") > 0 {
        let detail = "active>0 is invalid for finished job";
        errors.push(FieldError::invalid(&path.child("active"), counted(job, "active"), detail));
    }
    let spec = job.get("spec").unwrap_or(&Value::Null);
    let is_nothing = check::boolean(spec, "suspend") && spec.get("completions").is_some_and(|count| *count == 0);
    if change.ends_or("startTime") && time(job, "startTime").is_none() && !is_nothing {
        errors.push(FieldError::required(&path.child("startTime"), "startTime is required for finished job"));
    }
    let pods = meta::at(job, &["status", "uncountedTerminatedPods"]);
    let has_pods = |pods: &&Value| ["succeeded", "failed"].iter().any(|list| !meta::items(pods, &[list]).is_empty());
    if let Some(pods) = pods.filter(has_pods).filter(|_| change.ends_or("uncountedTerminatedPods")) {
        let list = |name: &str| pods.get(name).cloned().unwrap_or(Value::Null);
        let shown = serde_json::json!({"Succeeded": list("succeeded"), "Failed": list("failed")});
        let detail = "uncountedTerminatedPods needs to be empty for finished job";
        errors.push(FieldError::invalid(&path.child("uncountedTerminatedPods"), shown, detail));
    }
    errors
}

fn index_errors(path: &Path, change: &Change<'_>) -> FieldErrors {
    let (job, null) = (change.job, Value::Null);
    let spec = job.get("spec").unwrap_or(&null);
    let completions = spec.get("completions").and_then(Value::as_i64);
    let per_index = check::given(spec, "backoffLimitPerIndex").is_some();
    let completed = meta::text(job, &["status", "completedIndexes"]);
    let failed = meta::at(job, &["status", "failedIndexes"]).and_then(Value::as_str);
    let (done_changes, failed_changes) = (change.of("completedIndexes"), change.of("failedIndexes"));
    let (at_done, at_failed) = (path.child("completedIndexes"), path.child("failedIndexes"));
    let parsed = |text: &str| completions.map(|limit| indexes::parse(text, limit));
    let mut errors = FieldErrors::new();
    if let (true, Some(Err(why))) = (done_changes, parsed(completed)) {
        let detail = format!("error parsing completedIndexes: {why}");
        errors.push(FieldError::invalid(&at_done, completed, &detail));
    }
    if let (true, Some(failed)) = (failed_changes && per_index, failed)
        && let Some(Err(why)) = parsed(failed)
    {
        errors.push(FieldError::invalid(&at_failed, failed, &format!("error parsing failedIndexes: {why}")));
    }
    if done_changes && !completed.is_empty() && !spec::is_indexed(spec) {
        let detail = "cannot set non-empty completedIndexes for non-indexed completion mode";
        errors.push(FieldError::invalid(&at_done, completed, detail));
    }
    if let Some(failed) = failed.filter(|_| failed_changes && !per_index) {
        let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.push(FieldError::invalid(&at_failed, failed, detail));
    }
    if let Some(failed) = failed.filter(|_| failed_changes || done_changes)
        && let (Some(Ok(a)), Some(Ok(b))) = (parsed(completed), parsed(failed))
        && let Some(index) = indexes::overlap(&a, &b)
    {
        let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
        errors.push(FieldError::invalid(&at_failed, failed, &detail));
    }
    errors
}

/// Checks that nothing is taken back.
fn history_errors(path: &Path, change: &Change<'_>) -> FieldErrors {
    let Change { job, old } = *change;
    let mut errors = FieldErrors::new();
    for kind in ["Failed", "Complete", "FailureTarget"] {
        if is_true(old, kind) && !is_true(job, kind) {
            let detail = format!("cannot disable the terminal {kind}=True condition");
            errors.push(FieldError::invalid_whole(&path.child("conditions"), &detail));
        }
    }
    let spec = job.get("spec").unwrap_or(&Value::Null);
    let may_shrink = spec::is_indexed(spec) && spec.get("completions") == spec.get("parallelism");
    for (member, may_shrink) in [("failed", false), ("succeeded", may_shrink)] {
        if !may_shrink && counted(job, member) < counted(old, member) {
            let detail = format!("cannot decrease the {member} counter");
            errors.push(FieldError::invalid(&path.child(member), counted(job, member), &detail));
        }
    }
    let (end, old_end) = (time(job, "completionTime"), time(old, "completionTime"));
    if end.is_some() && old_end.is_some() && end != old_end {
        let shown = meta::text(job, &["status", "completionTime"]);
        errors.push(FieldError::invalid(&path.child("completionTime"), shown, "field is immutable"));
    }
    let is_resumed = is_true(old, "Suspended") && !is_true(job, "Suspended");
    let is_running = !check::boolean(spec, "suspend") && !is_resumed;
    if change.of("startTime") && time(old, "startTime").is_some() && is_running {
        let at = path.child("startTime");
        let shown = meta::at(job, &["status", "startTime"]).cloned().unwrap_or_default();
        errors.push(FieldError::invalid(&at, shown, "field is immutable for unsuspended job once set"));
    }
    errors
}

/// Checks when a job's criteria of success may be met.
fn success_errors(path: &Path, change: &Change<'_>) -> FieldErrors {
    let Change { job, old } = *change;
    let (met, was_met) = (is_true(job, "SuccessCriteriaMet"), is_true(old, "SuccessCriteriaMet"));
    let rules = [
        (was_met && !met, "cannot disable the SuccessCriteriaMet=True condition"),
        (
            is_true(old, "Complete") && !was_met && met,
            "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions",
        ),
        (is_true(job, "Failed") && met, "cannot set Failed=True and SuccessCriteriaMet=true conditions"),
        (is_true(job, "FailureTarget") && met, "cannot set FailureTarget=True and SuccessCriteriaMet=true conditions"),
    ];
    let wrong = rules.into_iter().filter(|(applies, _)| *applies);
    wrong.map(|(_, detail)| FieldError::invalid_whole(&path.child("conditions"), detail)).collect()
}
