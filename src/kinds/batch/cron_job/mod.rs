//! CronJob: jobs that start again and again.

mod schedule;

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::job::spec as job_spec;
use crate::kinds::{
    Column, Doc, Kind, KindDef, Moment, Strategy, Subresource,
    apps::workload,
    model::strategy::{age, since},
    pod,
    rules::{check, fill, go_struct},
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
};

const GVK: GroupVersionKind = GroupVersionKind::new("batch", "v1", "CronJob");
const SPEC: &str = "api.batch.v1.CronJobSpec";
const STATUS: &str = "api.batch.v1.CronJobStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "cronjobs".into(),
        singular: "cronjob".into(),
        short_names: texts(["cj"]),
        categories: texts(["all"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.batch.v1.CronJob".into(),
        columns: vec![
            Column::NAME,
            Column::new("Schedule", Doc::Field(SPEC, "schedule")),
            Column::new("Timezone", Doc::Field(SPEC, "timeZone")),
            Column { kind: "boolean".into(), ..Column::new("Suspend", Doc::Field(SPEC, "suspend")) },
            Column::new("Active", Doc::Field(STATUS, "active")).integer(),
            Column::new("Last Schedule", Doc::Field(STATUS, "lastScheduleTime")),
            Column::AGE,
            Column::new("Containers", Doc::text("Names of each container in the template.")).wide(),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")).wide(),
            Column::new("Selector", Doc::Field("api.batch.v1.JobSpec", "selector")).wide(),
        ],
        cells: Arc::new(cells),
        has_generation: true,
        has_status: true,
        strategy: Arc::new(CronJob),
        ..KindDef::default()
    })
});

/// The longest name: jobs are called after the CronJob and the time.
const NAME_MAX: usize = 52;

struct CronJob;

impl Strategy for CronJob {
    fn default(&self, object: &mut Value) {
        default_spec(meta::map_mut(object, "spec"));
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        prepare(object);
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        prepare(object);
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = spec_errors(object, None);
        if meta::name(object).len() > NAME_MAX {
            let path = Path::new("metadata").child("name");
            let detail = format!("must be no more than {NAME_MAX} characters");
            errors.push(FieldError::invalid(&path, meta::name(object), &detail));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        spec_errors(object, Some(old))
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings: Vec<_> = workload::name_warning(object).filter(|_| old.is_none()).into_iter().collect();
        if old.is_none_or(|old| !workload::is_same_generation(object, old)) {
            let path = Path::new("spec").child("jobTemplate").child("spec");
            let spec = meta::at(object, &["spec", "jobTemplate", "spec"]);
            warnings.extend(spec.into_iter().flat_map(|spec| job_spec::warnings(&path, spec)));
        }
        if meta::text(object, &["spec", "schedule"]).contains("TZ") {
            warnings.push(
                "CRON_TZ or TZ used in spec.schedule is not officially supported, see \
                 https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                    .to_owned(),
            );
        }
        warnings
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }
}

fn default_spec(spec: &mut Object) {
    fill::absent(spec, "concurrencyPolicy", "Allow");
    fill::null(spec, "suspend", false);
    fill::null(spec, "successfulJobsHistoryLimit", 3);
    fill::null(spec, "failedJobsHistoryLimit", 1);
    fill::inside(spec, "jobTemplate", |template| {
        fill::inside(template, "spec", |job| {
            job_spec::default_conditions(job);
            workload::default_template(job);
        });
    });
}

fn prepare(object: &mut Value) {
    let pod = object.pointer_mut("/spec/jobTemplate/spec/template/spec").and_then(Value::as_object_mut);
    if let Some(pod) = pod {
        pod::drop_disabled(pod);
    }
}

fn spec_errors(object: &Value, old: Option<&Value>) -> FieldErrors {
    let null = Value::Null;
    let (path, spec) = (Path::new("spec"), object.get("spec").unwrap_or(&null));
    let old = old.and_then(|old| old.get("spec"));
    let number = |member: &str| spec.get(member).and_then(Value::as_i64);
    let count = |member: &str| number(member).and_then(|count| check::not_negative(&path.child(member), count));
    let mut errors = schedule_errors(&path.child("schedule"), spec, old);
    errors.extend(count("startingDeadlineSeconds"));
    if old.is_none_or(|old| old.get("timeZone") != spec.get("timeZone")) {
        errors.extend(zone_error(&path.child("timeZone"), spec));
    }
    let policies = &["Allow", "Forbid", "Replace"];
    errors.extend(check::one_of(&path.child("concurrencyPolicy"), meta::text(spec, &["concurrencyPolicy"]), policies));
    let (at, job) = (path.child("jobTemplate").child("spec"), meta::at(spec, &["jobTemplate", "spec"]));
    errors.extend(job_errors(&at, job.unwrap_or(&null)));
    errors.extend(count("successfulJobsHistoryLimit"));
    errors.extend(count("failedJobsHistoryLimit"));
    errors
}

fn schedule_errors(path: &Path, spec: &Value, old: Option<&Value>) -> FieldErrors {
    let schedule = meta::text(spec, &["schedule"]);
    if schedule.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    if let Err(why) = schedule::check(schedule) {
        errors.push(FieldError::invalid(path, schedule, &why));
    }
    if schedule.contains("TZ") {
        let had_zone = old.is_some_and(|old| meta::text(old, &["schedule"]).contains("TZ"));
        let detail = match (had_zone, check::given(spec, "timeZone")) {
            (true, None) => return errors,
            (true, Some(_)) => "cannot use both timeZone field and TZ or CRON_TZ in schedule",
            (false, _) => "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
        };
        errors.push(FieldError::invalid(path, schedule, detail));
    }
    errors
}

/// Whether there is a time zone of this name, spelled like this.
pub fn is_zone(name: &str) -> bool {
    name == "UTC" || TimeZone::get(name).is_ok_and(|zone| zone.iana_name() == Some(name))
}

fn zone_error(path: &Path, spec: &Value) -> Option<FieldError> {
    let zone = spec.get("timeZone").and_then(Value::as_str)?;
    if zone.is_empty() {
        return Some(FieldError::invalid(path, zone, "timeZone must be nil or non-empty string"));
    }
    if zone.eq_ignore_ascii_case("local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        return Some(FieldError::invalid(path, zone, detail));
    }
    (!is_zone(zone)).then(|| FieldError::invalid(path, zone, &format!("unknown time zone {zone}")))
}

/// Checks the jobs' spec, which gets its selector when a job is made.
fn job_errors(path: &Path, job: &Value) -> FieldErrors {
    let mut errors = job_spec::template_spec_errors(path, job);
    if let Some(selector) = check::given(job, "selector") {
        let shown = go_struct::selector(selector);
        errors.push(FieldError::invalid(&path.child("selector"), shown, "`selector` will be auto-generated"));
    }
    if check::boolean(job, "manualSelector") {
        errors.push(FieldError::not_supported(&path.child("manualSelector"), true, &["nil", "false"]));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |member: &str| meta::at(object, &["spec", member]);
    let suspend = match spec("suspend").and_then(Value::as_bool) {
        None => "<unset>",
        Some(true) => "True",
        Some(false) => "False",
    };
    let last = meta::text(object, &["status", "lastScheduleTime"]);
    let last = if last.is_empty() { "<none>".to_owned() } else { since(last, now) };
    let job = spec("jobTemplate").cloned().unwrap_or_else(|| json!({}));
    let mut cells = vec![
        meta::name(object).into(),
        meta::text(object, &["spec", "schedule"]).into(),
        spec("timeZone").cloned().unwrap_or_else(|| "<none>".into()),
        suspend.into(),
        meta::items(object, &["status", "active"]).len().into(),
        last.into(),
        age(object, now).into(),
    ];
    cells.extend(workload::wide_cells(&job));
    cells
}
