//! PriorityClass: a name for how important pods are.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::{
    Column, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    rules::{check, fill},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, Status, meta, status::Result};

const MESSAGE: &str = "api.scheduling.v1.PriorityClass";
const PLURAL: &str = "priorityclasses";
const GROUP: &str = "scheduling.k8s.io";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new(GROUP, "v1", "PriorityClass"),
        plural: PLURAL.into(),
        singular: "priorityclass".into(),
        short_names: texts(["pc"]),
        schema: MESSAGE.into(),
        scope: Scope::Cluster,
        columns: vec![
            Column::NAME,
            Column::new("Value", Doc::Field(MESSAGE, "value")).integer(),
            Column { kind: "boolean".into(), ..Column::new("Global-Default", Doc::Field(MESSAGE, "globalDefault")) },
            Column::AGE,
            Column::new("PreemptionPolicy", Doc::Field(MESSAGE, "preemptionPolicy")),
        ],
        cells: Arc::new(cells),
        has_generation: true,
        strategy: Arc::new(PriorityClass),
        ..KindDef::default()
    })
});

/// What pods do to others of a lower priority when there is no room, unless told otherwise.
pub const PREEMPT: &str = "PreemptLowerPriority";
/// What the names of the classes begin with that come with every cluster.
const SYSTEM_PREFIX: &str = "system-";
/// The highest priority of other classes.
const USER_MAX: i64 = 1_000_000_000;

/// A class that every cluster has.
pub struct SystemClass {
    pub name: &'static str,
    pub value: i64,
    pub description: &'static str,
}

/// The classes that every cluster has.
pub const SYSTEM: [SystemClass; 2] = [
    SystemClass {
        name: "system-node-critical",
        value: 2 * USER_MAX + 1000,
        description: "Used for system critical pods that must not be moved from their current node.",
    },
    SystemClass {
        name: "system-cluster-critical",
        value: 2 * USER_MAX,
        description: "Used for system critical pods that must run in the cluster, but can be moved to another node if \
                      necessary.",
    },
];

struct PriorityClass;

impl Strategy for PriorityClass {
    fn default(&self, object: &mut Value) {
        if let Some(members) = object.as_object_mut() {
            fill::null(members, "preemptionPolicy", PREEMPT);
        }
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let value = check::integer(object, "value");
        if meta::name(object).starts_with(SYSTEM_PREFIX) {
            errors.extend(system_error(object));
        } else if value > USER_MAX {
            let detail = format!("maximum allowed value of a user defined priority is {USER_MAX}");
            errors.push(FieldError::forbidden(&Path::new("value"), &detail));
        }
        let policy = meta::text(object, &["preemptionPolicy"]);
        let supported = [PREEMPT, "Never"];
        if !policy.is_empty() || object.get("preemptionPolicy").is_some_and(Value::is_string) {
            errors.extend(check::one_of(&Path::new("preemptionPolicy"), policy, &supported));
        }
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if check::integer(object, "value") != check::integer(old, "value") {
            errors.push(FieldError::forbidden(&Path::new("value"), "may not be changed in an update."));
        }
        let policy = |object: &'_ Value| object.get("preemptionPolicy").cloned();
        errors.extend(check::immutable(&Path::new("preemptionPolicy"), policy(object).as_ref(), policy(old).as_ref()));
        errors
    }

    /// The generation says nothing of later changes.
    fn raises_generation(&self, _object: &Value, _old: &Value) -> bool {
        false
    }

    fn check_deletion(&self, name: &str) -> Result<()> {
        if !SYSTEM.iter().any(|class| class.name == name) {
            return Ok(());
        }
        Err(Status::forbidden(GROUP, PLURAL, name, "this is a system priority class and cannot be deleted"))
    }
}

/// What is wrong with a class that has the name of one that comes with the cluster.
fn system_error(object: &Value) -> Option<FieldError> {
    let name = meta::name(object);
    let why = match SYSTEM.iter().find(|class| class.name == name) {
        Some(class) if class.value != check::integer(object, "value") => {
            format!("value of {name} PriorityClass must be {}", class.value)
        }
        Some(_) if check::boolean(object, "globalDefault") => {
            format!("globalDefault of {name} PriorityClass must be false")
        }
        Some(_) => return None,
        None => format!("{name} is not a known system priority class"),
    };
    let detail =
        format!("priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}");
    Some(FieldError::forbidden(&Path::new("metadata").child("name"), &detail))
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![
        meta::name(object).into(),
        check::integer(object, "value").into(),
        check::boolean(object, "globalDefault").into(),
        age(object, now).into(),
        meta::text(object, &["preemptionPolicy"]).into(),
    ]
}
