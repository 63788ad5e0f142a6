//! What is done to policies and bindings when they are written, and how they look in tables.

use std::sync::Arc;

use serde_json::Value;

use super::{
    super::match_condition, annotations, expressions::Uses, match_resources, mutations, param, validations, variables,
};
use crate::{
    kinds::{
        Check, Column, Doc, Kind, KindDef, Moment, Scope, Strategy, Subresource,
        model::strategy::age,
        rules::{
            check, conditions,
            fill::{self, inside},
        },
        texts,
    },
    object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names},
};

const GROUP: &str = "admissionregistration.k8s.io";
const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];

/// Whether a policy refuses or changes objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    Validating,
    Mutating,
}

/// The kind of policies of this flavor.
pub fn policies(flavor: Flavor, kind: &'static str, schema: &'static str) -> Kind {
    let gvk = || GroupVersionKind::new(GROUP, "v1", kind);
    let singular = kind.to_lowercase();
    let (counted, of) = flavor.counted();
    let counts = Column::new(counted, Doc::text(of)).integer();
    let param = Doc::text("ParamKind specifies the kind of resources used to parameterize this policy");
    Kind::new(KindDef {
        gvk: gvk(),
        plural: format!("{}ies", singular.trim_end_matches('y')).into(),
        singular: singular.into(),
        categories: texts(["api-extensions"]),
        schema: schema.into(),
        columns: vec![Column::NAME, counts, Column::new("ParamKind", param), Column::AGE],
        subresources: if flavor == Flavor::Validating { vec![Subresource::status(gvk())] } else { Vec::new() },
        scope: Scope::Cluster,
        any_finalizer: true,
        has_generation: true,
        has_status: flavor == Flavor::Validating,
        unconditional_update: false,
        kept_version: flavor.kept_version(),
        cells: Arc::new(move |object, now| policy_cells(flavor, object, now)),
        strategy: Arc::new(Policies(flavor)),
        ..KindDef::default()
    })
}

/// The kind of bindings of policies of this flavor.
pub fn bindings(flavor: Flavor, kind: &'static str, schema: &'static str) -> Kind {
    let singular = kind.to_lowercase();
    let policy = Doc::text("PolicyName indicates the policy definition which the policy binding binded to");
    let param = Doc::text("ParamRef indicates the param resource which sets the configuration param");
    Kind::new(KindDef {
        gvk: GroupVersionKind::new(GROUP, "v1", kind),
        plural: format!("{singular}s").into(),
        singular: singular.into(),
        categories: texts(["api-extensions"]),
        schema: schema.into(),
        columns: vec![Column::NAME, Column::new("PolicyName", policy), Column::new("ParamRef", param), Column::AGE],
        scope: Scope::Cluster,
        any_finalizer: true,
        has_generation: true,
        unconditional_update: false,
        kept_version: flavor.kept_version(),
        cells: Arc::new(binding_cells),
        strategy: Arc::new(Bindings(flavor)),
        ..KindDef::default()
    })
}

impl Flavor {
    /// The column that counts what a policy does.
    fn counted(self) -> (&'static str, &'static str) {
        match self {
            Self::Validating => {
                ("Validations", "Validations indicates the number of validation rules defined in this configuration")
            }
            Self::Mutating => {
                ("Mutations", "Mutations indicates the number of mutations rules defined in this configuration")
            }
        }
    }

    /// The version in which a real server keeps them.
    fn kept_version(self) -> Option<&'static str> {
        self.mutates().then_some("v1beta1")
    }

    fn mutates(self) -> bool {
        self == Self::Mutating
    }
}

struct Policies(Flavor);

impl Strategy for Policies {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        inside(members, "spec", |spec| {
            fill::null(spec, "failurePolicy", "Fail");
            inside(spec, "matchConstraints", match_resources::default);
        });
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = FieldErrors::new();
        let text = |member: &str| meta::text(object, &["spec", member]);
        let failure = text("failurePolicy");
        if !["Fail", "Ignore"].contains(&failure) && meta::at(object, &["spec"]).is_some() {
            errors.push(FieldError::not_supported(&path.child("failurePolicy"), failure, &["Fail", "Ignore"]));
        }
        errors.extend(param::kind_errors(&path.child("paramKind"), object));
        let constraints = path.child("matchConstraints");
        match object.get("spec").and_then(|spec| check::given(spec, "matchConstraints")) {
            None => errors.push(FieldError::required(&constraints, "")),
            Some(given) => {
                errors.extend(match_resources::errors(&constraints, given, true));
                if self.0.mutates() {
                    errors.extend(operation_errors(&constraints, given));
                }
            }
        }
        let uses = Uses {
            params: object.get("spec").and_then(|spec| check::given(spec, "paramKind")).is_some(),
            authorizer: true,
            ..Uses::default()
        };
        let spec = object.get("spec").unwrap_or(&Value::Null);
        errors.extend(match_condition::errors(&path.child("matchConditions"), spec, uses));
        let uses = Uses { mutates: self.0.mutates(), ..uses };
        let (variables, wrong) = variables::read(&path.child("variables"), object, uses);
        errors.extend(wrong);
        let uses = Uses { variables: Some(&variables), ..uses };
        match self.0 {
            Flavor::Validating => errors.extend(validating_errors(&path, object, uses)),
            Flavor::Mutating => errors.extend(mutating_errors(&path, object, uses)),
        }
        errors
    }

    fn status_reset_fields(&self) -> &'static [&'static [&'static str]] {
        &[&["metadata"], &["spec"]]
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let path = Path::new("status").child("typeChecking").child("expressionWarnings");
        for (index, warning) in
            meta::items(object, &["status", "typeChecking", "expressionWarnings"]).iter().enumerate()
        {
            for member in ["warning", "fieldRef"] {
                if meta::text(warning, &[member]).is_empty() {
                    errors.push(FieldError::required(&path.index(index).child(member), ""));
                }
            }
        }
        let at = Path::new("status").child("conditions");
        errors.extend(conditions::errors(&at, meta::items(object, &["status", "conditions"])));
        errors
    }
}

fn validating_errors(path: &Path, object: &Value, uses: Uses<'_>) -> FieldErrors {
    let validations = meta::items(object, &["spec", "validations"]);
    if validations.is_empty() && meta::items(object, &["spec", "auditAnnotations"]).is_empty() {
        let why = "validations or auditAnnotations must contain at least one item";
        return ["validations", "auditAnnotations"].map(|at| FieldError::required(&path.child(at), why)).into();
    }
    let at = path.child("validations");
    let each = validations.iter().enumerate();
    let mut errors: FieldErrors =
        each.flat_map(|(index, validation)| validations::errors(&at.index(index), validation, uses)).collect();
    errors.extend(annotations::errors(&path.child("auditAnnotations"), object, uses));
    errors
}

fn mutating_errors(path: &Path, object: &Value, uses: Uses<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mutations = meta::items(object, &["spec", "mutations"]);
    let at = path.child("mutations");
    if mutations.is_empty() {
        errors.push(FieldError::required(&at, "mutations must contain at least one item"));
    }
    for (index, mutation) in mutations.iter().enumerate() {
        errors.extend(mutations::errors(&at.index(index), mutation, uses));
    }
    let at = path.child("reinvocationPolicy");
    match meta::text(object, &["spec", "reinvocationPolicy"]) {
        "" => errors.push(FieldError::required(&at, "")),
        "Never" | "IfNeeded" => {}
        other => errors.push(FieldError::not_supported(&at, other, &["IfNeeded", "Never"])),
    }
    errors
}

/// What is deleted is not changed.
fn operation_errors(path: &Path, constraints: &Value) -> FieldErrors {
    let supported = ["*", "CONNECT", "CREATE", "UPDATE"];
    let rules = meta::items(constraints, &["resourceRules"]).iter();
    let operations = rules.flat_map(|rule| meta::items(rule, &["operations"])).filter_map(Value::as_str);
    let path = path.child("resourceRules").child("operations");
    let wrong = operations.filter(|name| !supported.contains(name));
    wrong.map(|name| FieldError::not_supported(&path, name, &supported)).collect()
}

struct Bindings(Flavor);

impl Strategy for Bindings {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        inside(members, "spec", |spec| inside(spec, "matchResources", match_resources::default));
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec");
        let mut errors = FieldErrors::new();
        let (name, at) = (meta::text(object, &["spec", "policyName"]), path.child("policyName"));
        if name.is_empty() {
            errors.push(FieldError::required(&at, ""));
        } else {
            errors.extend(check::rule(&at, name, names::dns1123_subdomain));
        }
        errors.extend(param::reference_errors(&path.child("paramRef"), object));
        if let Some(resources) = object.get("spec").and_then(|spec| check::given(spec, "matchResources")) {
            let at = path.child("matchResources");
            errors.extend(match_resources::errors(&at, resources, false));
            if self.0.mutates() {
                errors.extend(operation_errors(&at, resources));
            }
        }
        if self.0 == Flavor::Validating {
            errors.extend(action_errors(&path.child("validationActions"), object));
        }
        errors
    }
}

fn action_errors(path: &Path, binding: &Value) -> FieldErrors {
    let actions: Vec<&str> =
        meta::items(binding, &["spec", "validationActions"]).iter().filter_map(Value::as_str).collect();
    let mut errors = FieldErrors::new();
    let mut known: Vec<&str> = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        if !ACTIONS.contains(action) {
            errors.push(FieldError::not_supported(&path.index(index), *action, &ACTIONS));
        }
        if known.contains(action) {
            errors.push(FieldError::duplicate(&path.index(index), *action));
        } else if ACTIONS.contains(action) {
            known.push(action);
        }
    }
    if known.contains(&"Deny") && known.contains(&"Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        errors.push(FieldError::invalid(path, actions.clone(), why));
    }
    if actions.is_empty() {
        errors.push(FieldError::required(path, "at least one validation action is required"));
    }
    errors
}

fn policy_cells(flavor: Flavor, object: &Value, now: Moment) -> Vec<Value> {
    let counted = if flavor.mutates() { "mutations" } else { "validations" };
    let kind = object.get("spec").and_then(|spec| check::given(spec, "paramKind"));
    let kind = kind
        .map_or_else(unset, |kind| format!("{}/{}", meta::text(kind, &["apiVersion"]), meta::text(kind, &["kind"])));
    let count = meta::items(object, &["spec", counted]).len();
    vec![meta::name(object).into(), count.into(), kind.into(), age(object, now).into()]
}

fn binding_cells(object: &Value, now: Moment) -> Vec<Value> {
    let param = object.get("spec").and_then(|spec| check::given(spec, "paramRef")).map_or_else(unset, reference);
    let policy = meta::text(object, &["spec", "policyName"]);
    vec![meta::name(object).into(), policy.into(), param.into(), age(object, now).into()]
}

fn unset() -> String {
    "<unset>".to_owned()
}

/// The parameters that a binding chooses, by name or by selector.
fn reference(param: &Value) -> String {
    let (namespace, name) = (meta::text(param, &["namespace"]), meta::text(param, &["name"]));
    match (namespace, name) {
        (_, "") => check::given(param, "selector").map_or_else(unset, go_selector),
        ("", name) => format!("*/{name}"),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

/// A selector as Go prints it.
fn go_selector(selector: &Value) -> String {
    let mut labels: Vec<_> = meta::map(selector, &["matchLabels"]).into_iter().flatten().collect();
    labels.sort_unstable_by_key(|(key, _)| *key);
    let labels: String =
        labels.into_iter().map(|(key, value)| format!("{key}: {},", value.as_str().unwrap_or_default())).collect();
    let requirements = meta::items(selector, &["matchExpressions"]).iter().map(|requirement| {
        let values: Vec<&str> = meta::items(requirement, &["values"]).iter().filter_map(Value::as_str).collect();
        let (key, operator) = (meta::text(requirement, &["key"]), meta::text(requirement, &["operator"]));
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},", values.join(" "))
    });
    let requirements: String = requirements.collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{\
         {requirements}}},}}"
    )
}
