//! StatefulSet: pods that have names and storage of their own.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use serde_json::{Value, json};

use super::{scale, workload};
use crate::kinds::{
    Column, Doc, FieldLabels, Kind, KindDef, Moment, NameRule, Strategy, Subresource,
    model::strategy::age,
    pod::{self, typed, warnings::fraction_warnings},
    rules::{
        check, fill,
        go_struct::{
            self, Layout,
            Shape::{Any, Maybe, Text},
            lay_out,
        },
        same::same,
        share,
    },
    storage::claim_spec,
    texts,
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
    names,
    selector::LabelSelector,
};

const GVK: GroupVersionKind = GroupVersionKind::new("apps", "v1", "StatefulSet");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "statefulsets".into(),
        singular: "statefulset".into(),
        short_names: texts(["sts"]),
        categories: texts(["all"]),
        subresources: vec![scale::subresource(), Subresource::status(GVK)],
        schema: "api.apps.v1.StatefulSet".into(),
        columns: vec![
            Column::NAME,
            Column::new("Ready", Doc::text("Number of the pod with ready state")),
            Column::AGE,
            Column::new("Containers", Doc::text("Names of each container in the template.")).wide(),
            Column::new("Images", Doc::text("Images referenced by each container in the template.")).wide(),
        ],
        cells: Arc::new(cells),
        field_labels: FieldLabels::Typed("appsv1.StatefulSet"),
        name_rule: NameRule::Label,
        has_generation: true,
        has_status: true,
        strategy: Arc::new(StatefulSet),
        ..KindDef::default()
    })
});

const STRATEGY: Layout = &[("Type", Text), ("RollingUpdate", Maybe(ROLLING))];
const ROLLING: Layout = &[("Partition", Any), ("MaxUnavailable", Any)];

/// The members of the spec that an update may change.
const CHANGEABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

struct StatefulSet;

impl Strategy for StatefulSet {
    fn default(&self, object: &mut Value) {
        default_spec(meta::map_mut(object, "spec"));
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        workload::prepare_template(object);
        drop_max_unavailable(object);
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        workload::prepare_template(object);
        if old.pointer(MAX_UNAVAILABLE).is_none() {
            drop_max_unavailable(object);
        }
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let null = Value::Null;
        spec_errors(&Path::new("spec"), object.get("spec").unwrap_or(&null))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        let fixed = |object: &Value| {
            let mut spec = meta::map(object, &["spec"]).cloned().unwrap_or_default();
            spec.retain(|name, _| !CHANGEABLE.contains(&name.as_str()));
            Value::Object(spec)
        };
        if !same(Some(&fixed(object)), Some(&fixed(old))) {
            let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                          'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                          'minReadySeconds' are forbidden";
            errors.push(FieldError::forbidden(&Path::new("spec"), detail));
        }
        errors
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        if old.is_some_and(|old| workload::is_same_generation(object, old)) {
            return Vec::new();
        }
        let mut warnings = workload::warnings(object, old);
        warnings.extend(claim_warnings(&Path::new("spec").child("volumeClaimTemplates"), object));
        if meta::at(object, &["spec", "revisionHistoryLimit"]).and_then(Value::as_i64).is_some_and(|limit| limit < 0) {
            warnings.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
                    .to_owned(),
            );
        }
        warnings
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        let members = [
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ];
        let parts = [
            ("readyReplicas", "replicas"),
            ("currentReplicas", "replicas"),
            ("updatedReplicas", "replicas"),
            ("availableReplicas", "replicas"),
        ];
        let mut errors = workload::status_errors(object, &members, &parts);
        let available = workload::counted(object, "availableReplicas");
        if available > workload::counted(object, "readyReplicas") {
            let path = Path::new("status").child("availableReplicas");
            errors.push(FieldError::invalid(&path, available, "cannot be greater than status.readyReplicas"));
        }
        errors.extend(workload::collision_error(object, old));
        errors
    }
}

/// How many pods may be missing during an update, which a server offers only if it is asked to when it starts.
const MAX_UNAVAILABLE: &str = "/spec/updateStrategy/rollingUpdate/maxUnavailable";

fn drop_max_unavailable(object: &mut Value) {
    let rolling = object.pointer_mut("/spec/updateStrategy/rollingUpdate").and_then(Value::as_object_mut);
    if let Some(rolling) = rolling {
        rolling.shift_remove("maxUnavailable");
    }
}

fn default_spec(spec: &mut Object) {
    fill::absent(spec, "podManagementPolicy", "OrderedReady");
    fill::null(spec, "updateStrategy", json!({}));
    fill::inside(spec, "updateStrategy", |strategy| {
        if strategy.get("type").and_then(Value::as_str).unwrap_or_default().is_empty() {
            strategy.insert("type".to_owned(), "RollingUpdate".into());
            fill::null(strategy, "rollingUpdate", json!({}));
        }
        if strategy["type"] == "RollingUpdate" {
            fill::inside(strategy, "rollingUpdate", |rolling| fill::null(rolling, "partition", 0));
        }
    });
    fill::null(spec, "persistentVolumeClaimRetentionPolicy", json!({}));
    fill::inside(spec, "persistentVolumeClaimRetentionPolicy", |policy| {
        fill::absent(policy, "whenDeleted", "Retain");
        fill::absent(policy, "whenScaled", "Retain");
    });
    fill::null(spec, "replicas", 1);
    fill::null(spec, "revisionHistoryLimit", 10);
    fill::each(spec, "volumeClaimTemplates", |claim| {
        claim.insert("apiVersion".to_owned(), "v1".into());
        claim.insert("kind".to_owned(), "PersistentVolumeClaim".into());
        for part in ["spec", "status"] {
            fill::null(claim, part, json!({}));
        }
        fill::inside(claim, "spec", claim_spec::default);
        fill::inside(claim, "status", |status| fill::absent(status, "phase", "Pending"));
    });
    workload::default_template(spec);
}

fn spec_errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = policy_errors(path, spec);
    for member in ["replicas", "minReadySeconds"] {
        let count = spec.get(member).and_then(Value::as_i64);
        errors.extend(count.and_then(|count| check::not_negative(&path.child(member), count)));
    }
    let start = meta::at(spec, &["ordinals", "start"]).and_then(Value::as_i64);
    errors.extend(start.and_then(|start| check::not_negative(&path.child("ordinals").child("start"), start)));
    errors.extend(check::optional_rule(path, spec, "serviceName", names::dns1123_label));
    for (i, claim) in meta::items(spec, &["volumeClaimTemplates"]).iter().enumerate() {
        let path = path.child("volumeClaimTemplates").index(i).child("spec");
        match typed::decode::<PersistentVolumeClaimSpec>(&path, claim.get("spec")) {
            Ok(spec) => errors.extend(claim_spec::errors(&path, &spec)),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(pod_errors(path, spec));
    errors
}

fn policy_errors(path: &Path, spec: &Value) -> FieldErrors {
    let null = Value::Null;
    let mut errors = FieldErrors::new();
    let policy = meta::text(spec, &["podManagementPolicy"]);
    if !["OrderedReady", "Parallel"].contains(&policy) {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        errors.push(FieldError::invalid(&path.child("podManagementPolicy"), policy, detail));
    }
    let (at, strategy) = (path.child("updateStrategy"), spec.get("updateStrategy").unwrap_or(&null));
    let (rolling, at_rolling) = (check::given(strategy, "rollingUpdate"), at.child("rollingUpdate"));
    match (meta::text(strategy, &["type"]), rolling) {
        ("RollingUpdate", Some(rolling)) => errors.extend(rolling_errors(&at_rolling, rolling)),
        ("OnDelete", Some(rolling)) => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(FieldError::invalid(&at_rolling, lay_out(rolling, ROLLING), detail));
        }
        ("RollingUpdate" | "OnDelete", None) => {}
        _ => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(FieldError::invalid(&at, lay_out(strategy, STRATEGY), detail));
        }
    }
    for member in ["whenDeleted", "whenScaled"] {
        let policy = meta::text(spec, &["persistentVolumeClaimRetentionPolicy", member]);
        if !["Retain", "Delete"].contains(&policy) {
            let path = path.child("persistentVolumeClaimRetentionPolicy").child(member);
            errors.push(FieldError::not_supported(&path, policy, &["Retain", "Delete"]));
        }
    }
    errors
}

fn rolling_errors(path: &Path, rolling: &Value) -> FieldErrors {
    let partition = rolling.get("partition").and_then(Value::as_i64);
    let mut errors: FieldErrors =
        partition.and_then(|count| check::not_negative(&path.child("partition"), count)).into_iter().collect();
    if let Some(most) = check::given(rolling, "maxUnavailable") {
        let path = path.child("maxUnavailable");
        errors.extend(share::error(&path, most));
        if share::of(Some(most), 100, false) == 0 {
            errors.push(FieldError::invalid(&path, most.clone(), "cannot be 0"));
        }
        errors.extend(share::excess_error(&path, Some(most)));
    }
    errors
}

/// Checks the selector and the template, whose pods run forever and may mount what is claimed for them.
fn pod_errors(path: &Path, spec: &Value) -> FieldErrors {
    let null = Value::Null;
    let (at, template) = (path.child("selector"), spec.get("template").unwrap_or(&null));
    let selector = check::given(spec, "selector");
    let mut errors = FieldErrors::new();
    match selector {
        None => errors.push(FieldError::required(&at, "")),
        Some(selector) => {
            errors.extend(pod::selector_errors(&at, selector));
            if go_struct::selector(selector) == json!({}) {
                errors.push(FieldError::invalid(&at, json!({}), "empty selector is invalid for statefulset"));
            }
        }
    }
    let labels = meta::map(template, &["metadata", "labels"]);
    let (matches, is_valid) = match selector.map(LabelSelector::of_object) {
        None => (false, true),
        Some(Ok(selector)) => (selector.is_everything() || selector.matches_map(labels), true),
        Some(Err(_)) => {
            let shown = selector.map_or(Value::Null, go_struct::selector);
            errors.push(FieldError::invalid(&at, shown, ""));
            (true, false)
        }
    };
    let path = path.child("template");
    if !matches {
        errors.push(workload::label_error(&path, labels));
    }
    if is_valid {
        errors.extend(pod::template_errors(&path, &with_claims(template, spec)));
    }
    let (path, pod) = (path.child("spec"), template.get("spec").unwrap_or(&null));
    errors.extend(workload::end_errors(&path, pod, "StatefulSet"));
    errors
}

/// The template with a volume for each claim that pods get.
fn with_claims(template: &Value, spec: &Value) -> Value {
    let mut template = template.clone();
    let claims = meta::items(spec, &["volumeClaimTemplates"]);
    if claims.is_empty() {
        return template;
    }
    let names: HashSet<_> = claims.iter().map(meta::name).collect();
    let made = claims.iter().map(|claim| {
        let name = meta::name(claim);
        json!({"name": name, "persistentVolumeClaim": {"claimName": name}})
    });
    let volumes = meta::items(&template, &["spec", "volumes"]).iter();
    let others = volumes.filter(|volume| !names.contains(meta::text(volume, &["name"]))).cloned();
    let volumes: Vec<_> = made.chain(others).collect();
    meta::map_mut(&mut template, "spec").insert("volumes".to_owned(), volumes.into());
    template
}

fn claim_warnings(path: &Path, object: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    for (i, claim) in meta::items(object, &["spec", "volumeClaimTemplates"]).iter().enumerate() {
        let path = path.index(i).child("spec").child("resources");
        let spec = typed::decode::<PersistentVolumeClaimSpec>(&path, claim.get("spec")).unwrap_or_default();
        let resources = spec.resources.unwrap_or_default();
        warnings.extend(fraction_warnings(&path.child("requests"), resources.requests.as_ref()));
        warnings.extend(fraction_warnings(&path.child("limits"), resources.limits.as_ref()));
    }
    warnings
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let ready = format!("{}/{}", workload::counted(object, "readyReplicas"), workload::replicas(object));
    let [containers, images] = workload::container_cells(object, &["spec", "template"]);
    vec![meta::name(object).into(), ready.into(), age(object, now).into(), containers, images]
}
