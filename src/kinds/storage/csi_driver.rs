//! CSIDriver: what a driver of storage can do.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    rules::{check, fill, same::same},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

const SPEC: &str = "api.storage.v1.CSIDriverSpec";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let boolean = |name, field| Column { kind: "boolean".into(), ..Column::new(name, Doc::Field(SPEC, field)) };
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("storage.k8s.io", "v1", "CSIDriver"),
        plural: "csidrivers".into(),
        singular: "csidriver".into(),
        scope: Scope::Cluster,
        schema: "api.storage.v1.CSIDriver".into(),
        columns: vec![
            Column::NAME,
            boolean("AttachRequired", "attachRequired"),
            boolean("PodInfoOnMount", "podInfoOnMount"),
            boolean("StorageCapacity", "storageCapacity"),
            Column::new("TokenRequests", Doc::Field(SPEC, "tokenRequests")),
            boolean("RequiresRepublish", "requiresRepublish"),
            Column::new("Modes", Doc::Field(SPEC, "volumeLifecycleModes")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        unconditional_update: false,
        deletion_result: DeletionResult::Object,
        strategy: Arc::new(CsiDriver),
        ..KindDef::default()
    })
});

/// The fewest and the most seconds that a token lives.
const TOKEN_SECONDS: std::ops::RangeInclusive<i64> = 600..=1 << 32;
/// The fewest seconds between two looks at what a node can take.
const UPDATE_SECONDS_MIN: i64 = 10;

/// The members of the spec that may change, which counts as a new generation.
const CHANGEABLE: [&str; 8] = [
    "tokenRequests",
    "requiresRepublish",
    "seLinuxMount",
    "podInfoOnMount",
    "storageCapacity",
    "fsGroupPolicy",
    "nodeAllocatableUpdatePeriodSeconds",
    "serviceAccountTokenInSecrets",
];

struct CsiDriver;

impl Strategy for CsiDriver {
    fn default(&self, object: &mut Value) {
        let spec = meta::map_mut(object, "spec");
        fill::null(spec, "attachRequired", true);
        for member in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
            fill::null(spec, member, false);
        }
        fill::null(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        if spec.get("volumeLifecycleModes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            spec.insert("volumeLifecycleModes".to_owned(), json!(["Persistent"]));
        }
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        let member = |object: &Value, name: &str| meta::at(object, &["spec", name]).cloned();
        let changes = CHANGEABLE.iter().any(|name| !same(member(object, name).as_ref(), member(old, name).as_ref()));
        if changes {
            let generation = meta::at(old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
            meta::metadata_mut(object).insert("generation".to_owned(), json!(generation + 1));
        }
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let requests = |object| meta::items(object, &["spec", "tokenRequests"]);
        let asks = !requests(object).is_empty() && old.is_none_or(|old| requests(old) != requests(object));
        if !asks || meta::at(object, &["spec", "serviceAccountTokenInSecrets"]).is_some() {
            return Vec::new();
        }
        vec![
            "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible \
             logging of tokens in volume attributes"
                .to_owned(),
        ]
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let null = Value::Null;
        spec_errors(&Path::new("spec"), object.get("spec").unwrap_or(&null))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        let path = Path::new("spec");
        for (shown, member) in
            [("attachedRequired", "attachRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")]
        {
            let value = |object| meta::at(object, &["spec", member]);
            errors.extend(check::immutable(&path.child(shown), value(object), value(old)));
        }
        errors
    }
}

fn spec_errors(path: &Path, spec: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let policies = &["File", "None", "ReadWriteOnceWithFSType"];
    let policy = meta::text(spec, &["fsGroupPolicy"]);
    if !policies.contains(&policy) {
        errors.push(FieldError::not_supported(&path.child("fsGroupPolicy"), policy, policies));
    }
    errors.extend(token_errors(&path.child("tokenRequests"), meta::items(spec, &["tokenRequests"])));
    let modes = &["Persistent", "Ephemeral"];
    let given = meta::items(spec, &["volumeLifecycleModes"]).iter().filter_map(Value::as_str);
    let unknown = given.filter(|mode| !modes.contains(mode));
    errors.extend(unknown.map(|mode| FieldError::not_supported(&path.child("volumeLifecycleModes"), mode, modes)));
    let seconds = spec.get("nodeAllocatableUpdatePeriodSeconds").and_then(Value::as_i64);
    if let Some(seconds) = seconds.filter(|seconds| *seconds < UPDATE_SECONDS_MIN) {
        let path = path.child("nodeAllocatableUpdatePeriodSeconds");
        let detail = format!("must be greater than or equal to {UPDATE_SECONDS_MIN} seconds");
        errors.push(FieldError::invalid(&path, seconds, &detail));
    }
    errors
}

fn token_errors(path: &Path, requests: &[Value]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, request) in requests.iter().enumerate() {
        let path = path.index(i);
        if let Some(seconds) = request.get("expirationSeconds").and_then(Value::as_i64) {
            let at = path.child("expirationSeconds");
            if seconds < *TOKEN_SECONDS.start() {
                let detail = "may not specify a duration less than 10 minutes";
                errors.push(FieldError::invalid(&at, seconds, detail));
            }
            if seconds > *TOKEN_SECONDS.end() {
                let detail = "may not specify a duration larger than 2^32 seconds";
                errors.push(FieldError::invalid(&at, seconds, detail));
            }
        }
        let audience = meta::text(request, &["audience"]);
        if !seen.insert(audience) {
            errors.push(FieldError::duplicate(&path.child("audience"), audience));
        }
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let flag = |member: &str, default: bool| {
        Value::from(meta::at(object, &["spec", member]).and_then(Value::as_bool).unwrap_or(default))
    };
    let joined =
        |values: Vec<&str>, none: &str| Value::from(if values.is_empty() { none.to_owned() } else { values.join(",") });
    let requests = meta::items(object, &["spec", "tokenRequests"]).iter();
    let modes = meta::items(object, &["spec", "volumeLifecycleModes"]).iter();
    vec![
        meta::name(object).into(),
        flag("attachRequired", true),
        flag("podInfoOnMount", false),
        flag("storageCapacity", false),
        joined(requests.map(|request| meta::text(request, &["audience"])).collect(), "<unset>"),
        flag("requiresRepublish", false),
        joined(modes.filter_map(Value::as_str).collect(), "<none>"),
        age(object, now).into(),
    ]
}
