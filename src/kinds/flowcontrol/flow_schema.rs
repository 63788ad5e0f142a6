//! FlowSchema: which requests have which priority.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{conditions, rule};
use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Scope, Strategy, Subresource,
    model::strategy::{age, keep_all_but_status},
    rules::{
        check,
        go_struct::{Layout, Shape::Text, lay_out},
        metadata,
    },
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const GVK: GroupVersionKind = GroupVersionKind::new("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema");
const SPEC: &str = "api.flowcontrol.v1.FlowSchemaSpec";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "flowschemas".into(),
        singular: "flowschema".into(),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "api.flowcontrol.v1.FlowSchema".into(),
        columns: vec![
            Column::NAME,
            Column::new("PriorityLevel", Doc::Field("api.flowcontrol.v1.PriorityLevelConfigurationReference", "name")),
            Column::new("MatchingPrecedence", Doc::Field(SPEC, "matchingPrecedence")),
            Column::new("DistinguisherMethod", Doc::Field(SPEC, "distinguisherMethod")),
            Column::AGE,
            Column::new("MissingPL", Doc::text("references a broken or non-existent PriorityLevelConfiguration")),
        ],
        cells: Arc::new(cells),
        has_generation: true,
        has_status: true,
        strategy: Arc::new(FlowSchema),
        ..KindDef::default()
    })
});

/// The precedence of a schema that does not say.
const PRECEDENCE_DEFAULT: i64 = 1000;
/// The greatest precedence.
const PRECEDENCE_MAX: i64 = 10_000;

const METHOD: Layout = &[("Type", Text)];

struct FlowSchema;

impl Strategy for FlowSchema {
    fn default(&self, object: &mut Value) {
        let spec = meta::map_mut(object, "spec");
        if spec.get("matchingPrecedence").and_then(Value::as_i64).unwrap_or_default() == 0 {
            spec.insert("matchingPrecedence".to_owned(), PRECEDENCE_DEFAULT.into());
        }
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let null = Value::Null;
        let mut errors = spec_errors(&Path::new("spec"), object.get("spec").unwrap_or(&null), meta::name(object));
        errors.extend(conditions::errors(object));
        errors
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        metadata::keep_for_part(object, old);
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        conditions::errors(object)
    }
}

fn spec_errors(path: &Path, spec: &Value, name: &str) -> FieldErrors {
    let (at, precedence) = (path.child("matchingPrecedence"), check::integer(spec, "matchingPrecedence"));
    let mut errors = FieldErrors::new();
    if precedence <= 0 {
        errors.push(FieldError::invalid(&at, precedence, "must be a positive value"));
    }
    if precedence > PRECEDENCE_MAX {
        errors.push(FieldError::invalid(&at, precedence, &format!("must not be greater than {PRECEDENCE_MAX}")));
    }
    if precedence == 1 && name != "exempt" {
        let detail = "only the schema named 'exempt' may have matchingPrecedence 1";
        errors.push(FieldError::invalid(&at, precedence, detail));
    }
    let methods = &["ByNamespace", "ByUser"];
    let method = check::given(spec, "distinguisherMethod");
    if let Some(method) = method.filter(|method| !methods.contains(&meta::text(method, &["type"]))) {
        let path = path.child("distinguisherMethod").child("type");
        errors.push(FieldError::not_supported(&path, lay_out(method, METHOD), methods));
    }
    let at = path.child("priorityLevelConfiguration").child("name");
    match meta::text(spec, &["priorityLevelConfiguration", "name"]) {
        "" => errors.push(FieldError::required(&at, "must reference a priority level")),
        level => errors.extend(check::rule(&at, level, names::dns1123_subdomain)),
    }
    for (i, rule) in meta::items(spec, &["rules"]).iter().enumerate() {
        errors.extend(rule::errors(&path.child("rules").index(i), rule));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let spec = |path: &[&str]| object.get("spec").map_or("", |spec| meta::text(spec, path));
    let conditions = meta::items(object, &["status", "conditions"]);
    let dangling = conditions.iter().find(|condition| meta::text(condition, &["type"]) == "Dangling");
    let method = Some(spec(&["distinguisherMethod", "type"])).filter(|method| !method.is_empty());
    let precedence = meta::at(object, &["spec", "matchingPrecedence"]).and_then(Value::as_i64);
    vec![
        meta::name(object).into(),
        spec(&["priorityLevelConfiguration", "name"]).into(),
        precedence.unwrap_or_default().into(),
        method.unwrap_or("<none>").into(),
        age(object, now).into(),
        dangling.map_or("?", |condition| meta::text(condition, &["status"])).into(),
    ]
}
