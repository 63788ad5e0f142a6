//! Managers of a kind of two versions, in which a field has two places: `spec.size`, and in v2 `spec.box.size`.

use kubedouble::{
    merge::{
        apply,
        managers::{self, Context},
        versions::Versions,
    },
    object::GroupVersionKind,
    schema::{ObjectRef, ObjectType, custom_kind},
};
use serde_json::{Value, json};

const V1: &str = "example.com/v1";
const V2: &str = "example.com/v2";

struct Widgets {
    v1: ObjectRef,
    v2: ObjectRef,
}

impl Widgets {
    fn new() -> Self {
        let object = |version: &'static str, spec: Value| {
            let gvk = |kind| GroupVersionKind::new("example.com", version, kind);
            let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": spec}}});
            custom_kind(&gvk("Widget"), &gvk("WidgetList"), Some(&schema)).expect("a schema").object
        };
        let (color, size) = (json!({"type": "string"}), json!({"type": "integer"}));
        Self {
            v1: object("v1", json!({"color": color, "size": size})),
            v2: object("v2", json!({"color": color, "box": {"type": "object", "properties": {"size": size}}})),
        }
    }

    fn writer<'a>(&'a self, manager: &'a str, api_version: &'a str) -> Context<'a> {
        Context {
            manager,
            api_version,
            kind: "Widget",
            subresource: "",
            now: Some("2024-01-01T00:00:00Z"),
            object: self.object_type(api_version).expect("a version"),
            reset: &[],
            hands_over: false,
            versions: Some(self),
        }
    }

    /// What a manager's configuration makes of an object, which is kept in v1.
    fn applied(&self, live: Option<&Value>, manager: &str, version: &str, spec: Value) -> Result<Value, String> {
        let live = live.map(|live| self.convert(live, version).expect("an object"));
        let config = json!({"apiVersion": version, "kind": "Widget", "metadata": {"name": "w"}, "spec": spec});
        let merged = apply(live.as_ref(), &config, &self.writer(manager, version), false);
        merged.map_err(|status| status.message).and_then(|merged| self.convert(&merged, V1))
    }
}

impl Versions for Widgets {
    fn object_type(&self, api_version: &str) -> Option<&ObjectType> {
        match api_version {
            V1 => Some(&self.v1),
            V2 => Some(&self.v2),
            _ => None,
        }
    }

    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, String> {
        if self.object_type(api_version).is_none() {
            return Err(format!("there is no {api_version}"));
        }
        let mut converted = object.clone();
        let from = converted["apiVersion"].take();
        converted["apiVersion"] = api_version.into();
        let Some(spec) = converted["spec"].as_object_mut() else { return Ok(converted) };
        match (from.as_str(), api_version) {
            (Some(V1), V2) => {
                if let Some(size) = spec.shift_remove("size") {
                    spec.insert("box".to_owned(), json!({"size": size}));
                }
            }
            (Some(V2), V1) => {
                let size = spec.shift_remove("box").and_then(|mut of| of.as_object_mut()?.shift_remove("size"));
                spec.extend(size.map(|size| ("size".to_owned(), size)));
            }
            _ => {}
        }
        Ok(converted)
    }
}

#[test]
fn a_manager_that_changes_the_version_keeps_what_it_applies() {
    let widgets = Widgets::new();
    let first = widgets.applied(None, "m", V1, json!({"color": "red", "size": 1})).expect("an object");
    let same = widgets.applied(Some(&first), "m", V2, json!({"color": "red", "box": {"size": 1}})).expect("an object");
    assert_eq!(same["spec"], json!({"color": "red", "size": 1}));
    let entries = same["metadata"]["managedFields"].as_array().expect("managers");
    assert_eq!((entries.len(), &entries[0]["apiVersion"]), (1, &json!(V2)));
    let less = widgets.applied(Some(&same), "m", V1, json!({"size": 2})).expect("an object");
    assert_eq!(less["spec"], json!({"size": 2}));
}

#[test]
fn what_another_manager_owns_in_another_version_stays() {
    let widgets = Widgets::new();
    let one = widgets.applied(None, "m", V1, json!({"color": "red", "size": 1})).expect("an object");
    let two = widgets.applied(Some(&one), "n", V2, json!({"box": {"size": 1}})).expect("an object");
    let left = widgets.applied(Some(&two), "m", V1, json!({"color": "red"})).expect("an object");
    assert_eq!(left["spec"], json!({"color": "red", "size": 1}));
    let taken = widgets.applied(Some(&left), "o", V1, json!({"size": 2})).expect_err("a conflict");
    assert_eq!(taken, "Apply failed with 1 conflict: conflict with \"n\": .spec.box.size");
}

#[test]
fn an_entry_of_a_version_that_is_gone_stops_an_apply_and_is_forgotten_by_an_update() {
    let widgets = Widgets::new();
    let mut live = widgets.applied(None, "m", V1, json!({"size": 1})).expect("an object");
    live["metadata"]["managedFields"][0]["apiVersion"] = "example.com/v0".into();
    let refused = widgets.applied(Some(&live), "n", V1, json!({"color": "red"})).expect_err("a refusal");
    assert_eq!(refused, "there is no example.com/v0");
    let mut new = live.clone();
    new["spec"]["color"] = "red".into();
    managers::update(Some(&live), &mut new, &widgets.writer("n", V1));
    assert_eq!(new["metadata"].get("managedFields"), None);
}

#[test]
fn a_form_that_leaves_a_field_out_hands_it_over_to_nobody() {
    let widgets = Widgets::new();
    let live = widgets.applied(None, "m", V1, json!({"size": 3})).expect("an object");
    let scaled = |size: i64| {
        let mut new = live.clone();
        new["spec"]["size"] = size.into();
        let form = Context { subresource: "scale", now: None, hands_over: true, ..widgets.writer("s", V1) };
        managers::update(Some(&live), &mut new, &form);
        new["metadata"]["managedFields"].clone()
    };
    assert_eq!(scaled(2)[0]["subresource"], "scale");
    assert_eq!(scaled(0), Value::Null);
}
