//! The row of a job.

use jiff::Timestamp;
use serde_json::Value;

use super::status::is_true;
use crate::kinds::{
    Moment,
    apps::workload,
    model::strategy::{age, human_duration},
};
use crate::object::meta;

/// Conditions in the order in which they decide what a job is.
const ENDED: [&str; 2] = ["Complete", "Failed"];
const GOING: [&str; 3] = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];

/// The cells.
pub fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let condition = |kinds: &[&'static str]| kinds.iter().find(|kind| is_true(object, kind)).copied();
    let deleting = || meta::is_deleting(object).then_some("Terminating");
    let status = condition(&ENDED).or_else(deleting).or_else(|| condition(&GOING)).unwrap_or("Running");
    let number = |member: &str| meta::at(object, &["spec", member]).and_then(Value::as_i64);
    let succeeded = workload::counted(object, "succeeded");
    let completions = match (number("completions"), number("parallelism")) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, Some(parallelism)) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        _ => format!("{succeeded}/1"),
    };
    let mut cells = vec![
        meta::name(object).into(),
        status.into(),
        completions.into(),
        duration(object, now).into(),
        age(object, now).into(),
    ];
    cells.extend(workload::wide_cells(object));
    cells
}

fn duration(object: &Value, now: Moment) -> String {
    let time = |member: &str| meta::text(object, &["status", member]).parse::<Timestamp>().ok();
    let Some(start) = time("startTime") else { return String::new() };
    human_duration(time("completionTime").unwrap_or(now).as_second() - start.as_second())
}
