//! DaemonSet: a pod on each node.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::workload;
use crate::kinds::{
    Column, Doc, Kind, KindDef, Moment, Strategy, Subresource,
    model::strategy::{age, keep_all_but_status},
    pod,
    rules::{
        check, fill,
        go_struct::{
            self, Layout,
            Shape::{Any, Maybe, Text},
            lay_out,
        },
        share,
    },
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
    selector::LabelSelector,
};

const GVK: GroupVersionKind = GroupVersionKind::new("apps", "v1", "DaemonSet");
const SPEC: &str = "api.apps.v1.DaemonSetSpec";
const STATUS: &str = "api.apps.v1.DaemonSetStatus";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "daemonsets".into(),
        singular: "daemonset".into(),
        short_names: texts(["ds"]),
        categories: texts(["all"]),
        subresources: vec![Subresource::status(GVK)],
        schema: "api.apps.v1.DaemonSet".into(),
        columns: vec![
            Column::NAME,
            Column::new("Desired", Doc::Field(STATUS, "desiredNumberScheduled")).integer(),
            Column::new("Current", Doc::Field(STATUS, "currentNumberScheduled")).integer(),
            Column::new("Ready", Doc::Field(STATUS, "numberReady")).integer(),
            Column::new("Up-to-date", Doc::Field(STATUS, "updatedNumberScheduled")).integer(),
            Column::new("Available", Doc::Field(STATUS, "numberAvailable")).integer(),
            Column::new("Node Selector", Doc::Field("api.core.v1.PodSpec", "nodeSelector")),
            Column::AGE,
            Column::new("Containers", Doc::text("Names of each container in the template.")).wide(),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")).wide(),
            Column::new("Selector", Doc::Field(SPEC, "selector")).wide(),
        ],
        cells: Arc::new(cells),
        has_generation: true,
        has_status: true,
        strategy: Arc::new(DaemonSet),
        ..KindDef::default()
    })
});

/// The annotation that counts how often the template has changed.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

const STRATEGY: Layout = &[("Type", Text), ("RollingUpdate", Maybe(&[("MaxUnavailable", Any), ("MaxSurge", Any)]))];

struct DaemonSet;

impl Strategy for DaemonSet {
    fn default(&self, object: &mut Value) {
        let spec = meta::map_mut(object, "spec");
        fill::null(spec, "updateStrategy", json!({}));
        fill::inside(spec, "updateStrategy", default_strategy);
        fill::null(spec, "revisionHistoryLimit", 10);
        workload::default_template(spec);
        let generation = template_generation(object);
        set_template_generation(object, generation);
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        workload::prepare_template(object);
        set_template_generation(object, 1);
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        workload::prepare_template(object);
        let template = |object| meta::at(object, &["spec", "template"]);
        let changes = template(object) != template(old);
        set_template_generation(object, template_generation(old) + i64::from(changes));
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        spec_errors(&Path::new("spec"), object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors: FieldErrors = workload::changed_selector(object, old).into_iter().collect();
        errors.extend(self.validate(object));
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some_and(|old| template_generation(old) == template_generation(object)) {
            return Vec::new();
        }
        let path = Path::new("spec").child("template");
        let template = meta::at(object, &["spec", "template"]);
        template.into_iter().flat_map(|template| pod::template_warnings(&path, template)).collect()
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        set_template_generation(object, template_generation(old));
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        let members = [
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ];
        let mut errors = workload::status_errors(object, &members, &[]);
        errors.extend(workload::collision_error(object, old));
        errors
    }
}

fn default_strategy(strategy: &mut Object) {
    fill::absent(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        fill::null(strategy, "rollingUpdate", json!({}));
    }
    fill::inside(strategy, "rollingUpdate", |rolling| {
        fill::null(rolling, "maxUnavailable", 1);
        fill::null(rolling, "maxSurge", 0);
    });
}

fn template_generation(object: &Value) -> i64 {
    meta::text(object, &["metadata", "annotations", TEMPLATE_GENERATION]).parse().unwrap_or_default()
}

fn set_template_generation(object: &mut Value, generation: i64) {
    let metadata = meta::metadata_mut(object);
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    meta::members_mut(annotations).insert(TEMPLATE_GENERATION.to_owned(), generation.to_string().into());
}

fn spec_errors(path: &Path, object: &Value) -> FieldErrors {
    let null = Value::Null;
    let spec = object.get("spec").unwrap_or(&null);
    let (at, template) = (path.child("selector"), spec.get("template").unwrap_or(&null));
    let selector = check::given(spec, "selector");
    let mut errors = selector.map(|selector| pod::selector_errors(&at, selector)).unwrap_or_default();
    let labels = meta::map(template, &["metadata", "labels"]);
    let matches = match selector.map(LabelSelector::of_object) {
        None => false,
        Some(Ok(selector)) => selector.matches_map(labels),
        Some(Err(_)) => true,
    };
    let template_path = path.child("template");
    if !matches {
        errors.push(workload::label_error(&template_path, labels));
    }
    if selector.is_some_and(|selector| go_struct::selector(selector) == json!({})) {
        errors.push(FieldError::invalid(&at, json!({}), "empty selector is invalid for daemonset"));
    }
    errors.extend(pod::template_errors(&template_path, template));
    let (pod_path, pod) = (template_path.child("spec"), template.get("spec").unwrap_or(&null));
    errors.extend(workload::disk_errors(&pod_path.child("volumes"), pod));
    errors.extend(workload::end_errors(&pod_path, pod, "DaemonSet"));
    errors.extend(workload::count_error(path, object, "minReadySeconds"));
    errors.extend(strategy_errors(&path.child("updateStrategy"), spec.get("updateStrategy").unwrap_or(&null)));
    errors.extend(workload::count_error(path, object, "revisionHistoryLimit"));
    errors
}

fn strategy_errors(path: &Path, strategy: &Value) -> FieldErrors {
    let at = path.child("rollingUpdate");
    match (meta::text(strategy, &["type"]), check::given(strategy, "rollingUpdate")) {
        ("OnDelete", _) => FieldErrors::new(),
        ("RollingUpdate", None) => vec![FieldError::required(&at, "")],
        ("RollingUpdate", Some(rolling)) => rolling_errors(&at, rolling),
        _ => vec![FieldError::not_supported(path, lay_out(strategy, STRATEGY), &["RollingUpdate", "OnDelete"])],
    }
}

/// Pods are either taken away before others come, or after.
fn rolling_errors(path: &Path, rolling: &Value) -> FieldErrors {
    let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    let members = [("maxUnavailable", unavailable), ("maxSurge", surge)];
    let mut errors = FieldErrors::new();
    errors.extend(members.iter().filter_map(|(name, value)| share::error(&path.child(name), (*value)?)));
    errors.extend(members.iter().filter_map(|(name, value)| share::excess_error(&path.child(name), *value)));
    match members.map(|(_, value)| share::of(value, 100, false) != 0) {
        [true, true] => {
            let detail = "may not be set when maxUnavailable is non-zero";
            let shown = surge.cloned().unwrap_or(Value::Null);
            errors.push(FieldError::invalid(&path.child("maxSurge"), shown, detail));
        }
        [false, false] => {
            errors.push(FieldError::required(&path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"));
        }
        _ => {}
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let nodes = meta::map(object, &["spec", "template", "spec", "nodeSelector"]).into_iter().flatten();
    let mut nodes: Vec<_> = nodes.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    nodes.sort_unstable();
    let counts = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    ];
    let mut cells = vec![meta::name(object).into()];
    cells.extend(counts.map(|member| Value::from(workload::counted(object, member))));
    cells.push(if nodes.is_empty() { "<none>".into() } else { nodes.join(",").into() });
    cells.push(age(object, now).into());
    cells.extend(workload::wide_cells(object));
    cells
}
