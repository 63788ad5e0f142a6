//! StorageClass: a kind of storage that claims may ask for, and who provides it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    pod::warnings::renamed,
    rules::{check, fill},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

const TYPE: &str = "api.storage.v1.StorageClass";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("storage.k8s.io", "v1", "StorageClass"),
        plural: "storageclasses".into(),
        singular: "storageclass".into(),
        short_names: texts(["sc"]),
        scope: Scope::Cluster,
        schema: TYPE.into(),
        columns: vec![
            Column::NAME,
            Column::new("Provisioner", Doc::Field(TYPE, "provisioner")),
            Column::new("ReclaimPolicy", Doc::Field(TYPE, "reclaimPolicy")),
            Column::new("VolumeBindingMode", Doc::Field(TYPE, "volumeBindingMode")),
            Column::new("AllowVolumeExpansion", Doc::Field(TYPE, "allowVolumeExpansion")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        deletion_result: DeletionResult::Object,
        strategy: Arc::new(StorageClass),
        ..KindDef::default()
    })
});

/// The most parameters, and the most bytes that their names and values have together.
const PARAMETERS_MAX: usize = 512;
const PARAMETERS_BYTES_MAX: usize = 256 * 1024;

/// How many errors about equal topologies are told: each could be equal to all others.
const DUPLICATES_MAX: usize = 1000;

/// Checks parameters of a class, which only its provider understands.
pub fn parameter_errors(path: &Path, parameters: Option<&meta::Object>, may_be_empty: bool) -> FieldErrors {
    let entries = || parameters.into_iter().flatten();
    let count = entries().count();
    if count > PARAMETERS_MAX {
        return vec![FieldError::too_long(path, PARAMETERS_MAX)];
    }
    let mut errors = FieldErrors::new();
    if count == 0 && !may_be_empty {
        errors.push(FieldError::required(path, "must contain at least one key/value pair"));
    }
    let unnamed = entries().filter(|(key, _)| key.is_empty());
    errors.extend(unnamed.map(|(key, _)| FieldError::invalid(path, key.as_str(), "field can not be empty.")));
    let bytes: usize = entries().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > PARAMETERS_BYTES_MAX {
        errors.push(FieldError::too_long(path, PARAMETERS_BYTES_MAX));
    }
    errors
}

struct StorageClass;

impl Strategy for StorageClass {
    fn default(&self, object: &mut Value) {
        let members = meta::members_mut(object);
        fill::null(members, "reclaimPolicy", "Delete");
        fill::null(members, "volumeBindingMode", "Immediate");
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object, Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let at = Path::new;
        let provisioner = meta::text(object, &["provisioner"]);
        let provisioner = provisioner.to_lowercase();
        let mut errors = check::required_rule(&at("provisioner"), &provisioner, names::qualified_name);
        errors.extend(parameter_errors(&at("parameters"), meta::map(object, &["parameters"]), true));
        let policy = meta::text(object, &["reclaimPolicy"]);
        let policies = &["Delete", "Retain"];
        if !policy.is_empty() && !policies.contains(&policy) {
            errors.push(FieldError::not_supported(&at("reclaimPolicy"), policy, policies));
        }
        let mode = meta::text(object, &["volumeBindingMode"]);
        let modes = &["Immediate", "WaitForFirstConsumer"];
        if !modes.contains(&mode) {
            errors.push(FieldError::not_supported(&at("volumeBindingMode"), mode, modes));
        }
        errors.extend(topology_errors(&at("allowedTopologies"), meta::items(object, &["allowedTopologies"])));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let members = ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"].into_iter();
        members.filter_map(|name| check::immutable(&Path::new(name), object.get(name), old.get(name))).collect()
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (i, term) in meta::items(object, &["allowedTopologies"]).iter().enumerate() {
            let path = Path::new("allowedTopologies").index(i).child("matchLabelExpressions");
            for (j, expression) in meta::items(term, &["matchLabelExpressions"]).iter().enumerate() {
                let text = renamed(meta::text(expression, &["key"]));
                warnings.extend(text.map(|text| format!("{}: {text}", path.index(j).child("key"))));
            }
        }
        warnings
    }
}

type Values<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn topology_errors(path: &Path, terms: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    // A server compares each term also with as many empty ones as there are terms.
    let mut known = HashMap::from([(Values::new(), terms.len())]);
    let mut left = DUPLICATES_MAX;
    for (i, term) in terms.iter().enumerate() {
        let at = path.index(i).child("matchLabelExpressions");
        let (values, wrong) = term_values(&at, meta::items(term, &["matchLabelExpressions"]));
        errors.extend(wrong);
        let equal = known.get(&values).copied().unwrap_or_default().min(left);
        left -= equal;
        errors.extend(std::iter::repeat_n(FieldError::duplicate(&at, ""), equal));
        *known.entry(values).or_default() += 1;
    }
    errors
}

/// What a term says of each key, and what is wrong with it.
fn term_values<'a>(path: &Path, expressions: &'a [Value]) -> (Values<'a>, FieldErrors) {
    let (mut found, mut errors) = (Values::new(), FieldErrors::new());
    for (i, expression) in expressions.iter().enumerate() {
        let path = path.index(i);
        let (at, mut seen) = (path.child("values"), HashSet::new());
        let values: Vec<_> = meta::items(expression, &["values"]).iter().filter_map(Value::as_str).collect();
        if values.is_empty() {
            errors.push(FieldError::required(&at, ""));
        }
        for (j, value) in values.iter().enumerate().filter(|(_, value)| !seen.insert(**value)) {
            errors.push(FieldError::duplicate(&at.index(j), *value));
        }
        let key = meta::text(expression, &["key"]);
        errors.extend(check::rule(&path.child("key"), key, names::qualified_name));
        if found.insert(key, values.into_iter().collect()).is_some() {
            errors.push(FieldError::duplicate(&path.child("key"), key));
        }
    }
    (found, errors)
}

/// Whether claims that name no class get this one.
pub fn is_default(class: &Value) -> bool {
    let annotations =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    annotations.iter().any(|name| meta::text(class, &["metadata", "annotations", name]) == "true")
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let text = |member: &str, default: &str| {
        let text = object.get(member).and_then(Value::as_str).unwrap_or(default);
        json!(text)
    };
    let name = meta::name(object);
    vec![
        if is_default(object) { format!("{name} (default)").into() } else { name.into() },
        text("provisioner", ""),
        text("reclaimPolicy", "Delete"),
        text("volumeBindingMode", "Immediate"),
        check::boolean(object, "allowVolumeExpansion").into(),
        age(object, now).into(),
    ]
}
