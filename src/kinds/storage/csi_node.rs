//! CSINode: which drivers of storage a node has.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::driver_name;
use crate::kinds::{
    Check, Column, DeletionResult, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    rules::{
        check,
        go_struct::{
            Layout,
            Shape::{Any, Maybe, Text},
            lay_out,
        },
        same::same,
    },
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("storage.k8s.io", "v1", "CSINode"),
        plural: "csinodes".into(),
        singular: "csinode".into(),
        scope: Scope::Cluster,
        schema: "api.storage.v1.CSINode".into(),
        columns: vec![
            Column::NAME,
            Column::new("Drivers", Doc::Field("api.storage.v1.CSINodeSpec", "drivers")).integer(),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        unconditional_update: false,
        deletion_result: DeletionResult::Object,
        strategy: Arc::new(CsiNode),
        ..KindDef::default()
    })
});

/// The most bytes of a node's name for a driver.
const NODE_ID_MAX: usize = 192;

const DRIVER: Layout =
    &[("Name", Text), ("NodeID", Text), ("TopologyKeys", Any), ("Allocatable", Maybe(&[("Count", Any)]))];

struct CsiNode;

impl Strategy for CsiNode {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("spec").child("drivers");
        let mut seen = HashSet::new();
        let drivers = meta::items(object, &["spec", "drivers"]).iter().enumerate();
        drivers.flat_map(|(i, driver)| driver_errors(&path.index(i), driver, &mut seen)).collect()
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        let path = Path::new("spec").child("drivers");
        let name = |driver| meta::text(driver, &["name"]);
        let now: HashMap<_, _> = meta::items(object, &["spec", "drivers"]).iter().map(|new| (name(new), new)).collect();
        for before in meta::items(old, &["spec", "drivers"]) {
            let Some(new) = now.get(name(before)) else { continue };
            // How many volumes a node can take may change.
            let changes = |member: &&str| !same(new.get(member), before.get(member));
            if ["nodeID", "topologyKeys"].iter().any(changes) {
                let mut shown = lay_out(new, DRIVER);
                shown["Allocatable"] = Value::Null;
                errors.push(FieldError::invalid(&path, shown, "field is immutable"));
            }
        }
        errors
    }
}

fn driver_errors<'a>(path: &Path, driver: &'a Value, seen: &mut HashSet<&'a str>) -> FieldErrors {
    let name = meta::text(driver, &["name"]);
    let mut errors = driver_name::errors(&path.child("name"), name);
    let (at, id) = (path.child("nodeID"), meta::text(driver, &["nodeID"]));
    if id.is_empty() {
        errors.push(FieldError::required(&at, ""));
    }
    if id.len() > NODE_ID_MAX {
        errors.push(FieldError::invalid(&at, id, &format!("must be {NODE_ID_MAX} characters or less")));
    }
    let count = meta::at(driver, &["allocatable", "count"]).and_then(Value::as_i64);
    let at = path.child("allocatable").child("count");
    errors.extend(count.and_then(|count| check::not_negative(&at, count)));
    if !seen.insert(name) {
        errors.push(FieldError::duplicate(&path.child("name"), name));
    }
    let mut keys = HashSet::new();
    for key in meta::items(driver, &["topologyKeys"]).iter().filter_map(Value::as_str) {
        if key.is_empty() {
            errors.push(FieldError::required(path, ""));
        }
        if !keys.insert(key) {
            errors.push(FieldError::duplicate(path, key));
        }
        errors.extend(check::rule(path, key, names::qualified_name));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let drivers = meta::items(object, &["spec", "drivers"]).len();
    vec![meta::name(object).into(), drivers.into(), age(object, now).into()]
}
