//! ControllerRevision: what a controller's template was at some time.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::kinds::{Column, Doc, Kind, KindDef, Moment, Strategy, model::strategy::age, rules::check};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, gvk::split_api_version, meta};

const TYPE: &str = "api.apps.v1.ControllerRevision";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("apps", "v1", "ControllerRevision"),
        plural: "controllerrevisions".into(),
        singular: "controllerrevision".into(),
        schema: TYPE.into(),
        columns: vec![
            Column::NAME,
            Column::new("Controller", Doc::text("Controller of the object")),
            Column::new("Revision", Doc::Field(TYPE, "revision")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        strategy: Arc::new(ControllerRevision),
        ..KindDef::default()
    })
});

struct ControllerRevision;

impl Strategy for ControllerRevision {
    fn validate(&self, object: &Value) -> FieldErrors {
        let path = Path::new("data");
        let mut errors = FieldErrors::new();
        match check::given(object, "data") {
            None => errors.push(FieldError::required(&path, "data is mandatory")),
            Some(data) if !data.is_object() => {
                errors.push(FieldError::required(&path, "data must be a valid JSON object"));
            }
            Some(_) => {}
        }
        errors.extend(check::not_negative(&Path::new("revision"), check::integer(object, "revision")));
        errors
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate(object);
        errors.extend(check::immutable(&Path::new("data"), object.get("data"), old.get("data")));
        errors
    }
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let owners = meta::items(object, &["metadata", "ownerReferences"]);
    let controller = owners.iter().find(|owner| check::boolean(owner, "controller"));
    let controller = controller.map_or_else(|| "<none>".to_owned(), shown);
    vec![
        meta::name(object).into(),
        controller.into(),
        check::integer(object, "revision").into(),
        age(object, now).into(),
    ]
}

/// An owner as `statefulset.apps/name`.
fn shown(owner: &Value) -> String {
    let text = |member: &str| meta::text(owner, &[member]);
    let (kind, name) = (text("kind").to_lowercase(), text("name"));
    match split_api_version(text("apiVersion")) {
        ("", _) => format!("{kind}/{name}"),
        (group, _) => format!("{kind}.{group}/{name}"),
    }
}
