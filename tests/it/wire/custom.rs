//! A custom type that is made at run time goes through everything that a built-in type goes through.

use kubedouble::{
    merge::{
        apply,
        fields::{Typed, fields_of},
        managers::{self, Context},
        strategic,
    },
    object::GroupVersionKind,
    schema::{
        CustomKind, Form, ListKind, Nested, ObjectRef, custom_kind, fill_object, from_open_api,
        openapi::{KindSummary, v2_document, v3_document},
    },
    wire,
};
use serde_json::{Value, json};

fn gvk(kind: &str) -> GroupVersionKind {
    GroupVersionKind::owned("example.com", "v1", kind)
}

fn schema() -> Value {
    let port = json!({
        "type": "object",
        "required": ["port"],
        "properties": {
            "port": {"type": "integer", "format": "int32"},
            "protocol": {"type": "string", "default": "TCP"},
            "name": {"type": "string"},
        },
    });
    let cell = json!({"type": "object", "properties": {"n": {"type": "integer", "default": 1}}});
    json!({
        "type": "object",
        "properties": {
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}}},
            "spec": {
                "type": "object",
                "required": ["size"],
                "x-kubernetes-validations": [{"rule": "self.size < 9", "message": "too large"}],
                "properties": {
                    "size": {"type": "integer", "minimum": 1, "maximum": 10, "exclusiveMaximum": true, "default": 3},
                    "port": {"x-kubernetes-int-or-string": true},
                    "note": {"type": "string", "nullable": true},
                    "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
                    "rows": {"type": "array", "items": {"type": "array", "items": {
                        "type": "object", "additionalProperties": cell,
                    }}},
                    "ports": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": port,
                    },
                    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "plain": {"type": "array", "items": {"type": "string"}},
                    "once": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "additionalProperties": {"type": "string"},
                    },
                    "template": {
                        "type": "object",
                        "x-kubernetes-embedded-resource": true,
                        "x-kubernetes-preserve-unknown-fields": true,
                    },
                    "free": {"x-kubernetes-preserve-unknown-fields": true},
                },
            },
        },
    })
}

fn widget() -> CustomKind {
    custom_kind(&gvk("Widget"), &gvk("WidgetList"), Some(&schema())).expect("a structural schema")
}

fn decode(text: &str) -> wire::Decoded {
    wire::decode(text.as_bytes(), &widget().object).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_schema_becomes_a_tree_of_types() {
    let kind = widget();
    assert_eq!((&*kind.object.name, &*kind.list.name), ("com.example.v1.Widget", "com.example.v1.WidgetList"));
    assert!(kind.list.is_list() && kind.list.field("items").expect("items").object().is_some());
    let fields: Vec<_> = kind.object.fields().iter().map(|field| &*field.name).collect();
    assert_eq!(fields, ["apiVersion", "kind", "metadata", "spec"]);
    let spec = kind.object.field("spec").and_then(|field| field.ty.object()).expect("an object");
    let field = |name: &str| &spec.field(name).expect(name).ty;
    assert_eq!(spec.required, ["size"]);
    assert_eq!(spec.rules.as_ref().expect("rules").validations[0].message, "too large");
    let size = field("size").rules().expect("rules");
    assert_eq!(size.maximum.as_ref().map(|bound| bound.exclusive), Some(true));
    assert!(matches!(field("port").form, Form::IntOrString) && matches!(field("free").form, Form::Any));
    assert!(field("note").nullable && field("once").is_atomic());
    let ports = field("ports").list().expect("a list");
    assert_eq!((ports.kind, &ports.keys[..]), (Some(ListKind::Map), &["port".into(), "protocol".into()][..]));
    let rows = field("rows").list().and_then(|rows| rows.items.list()).expect("a list of lists");
    assert!(rows.items.values().is_some_and(|cell| cell.object().is_some()), "of maps of objects");
    let template = field("template").object().expect("an object");
    assert!(template.embedded_resource && template.field("metadata").is_some());
    let restricted = kind.object.field("metadata").and_then(|field| field.ty.rules.as_ref()).expect("rules");
    let Nested { properties, .. } = &restricted.all_of[0];
    assert_eq!(properties[0].1.rules.length.max, Some(20));
}

#[test]
fn a_schema_that_describes_no_type_is_refused_with_its_place() {
    let refused = |schema: Value| from_open_api(&schema).expect_err("refused").to_string();
    let below =
        |schema: Value| refused(json!({"type": "object", "properties": {"a": {"type": "array", "items": schema}}}));
    assert_eq!(below(json!({"type": "text"})), "properties[a].items: type text is unknown");
    assert_eq!(below(json!({})), "properties[a].items: type is missing");
    assert_eq!(below(json!({"$ref": "#/x"})), "properties[a].items: $ref is not supported");
    assert_eq!(below(json!({"type": "array"})), "properties[a].items: items are missing");
    assert_eq!(refused(json!(5)), ": a schema is an object");
}

#[test]
fn unknown_fields_are_pruned_and_values_kept_as_they_came() {
    let decoded = decode(
        r#"{"kind": "Widget", "apiVersion": "example.com/v1", "extra": 1,
            "metadata": {"name": "w", "labels": {"b": "2", "a": "1"}, "nope": true},
            "spec": {"size": "wrong", "port": "50%", "note": null, "zz": 1, "size": 2.0,
                     "rows": [[{"x": {"n": 1, "m": 2}}], []], "tags": [], "plain": null,
                     "template": {"kind": "ConfigMap", "data": {"k": 1}, "metadata": {"name": "c", "bad": 1}},
                     "free": {"b": [{"c": null}], "a": 9007199254740993}}}"#,
    );
    assert_eq!(
        decoded.value,
        json!({
            "kind": "Widget", "apiVersion": "example.com/v1",
            "metadata": {"name": "w", "labels": {"a": "1", "b": "2"}},
            "spec": {
                "size": 2.0, "port": "50%", "note": null, "rows": [[{"x": {"n": 1}}], []], "tags": [], "plain": null,
                "template": {
                    "kind": "ConfigMap", "data": {"k": 1}, "metadata": {"name": "c"},
                },
                "free": {"a": 9_007_199_254_740_993_i64, "b": [{"c": null}]},
            },
        })
    );
    let complaints = [
        "duplicate field \"spec.size\"",
        "unknown field \"metadata.nope\"",
        "unknown field \"extra\"",
        "unknown field \"spec.rows[0][0].x.m\"",
        "unknown field \"spec.zz\"",
        "unknown field \"spec.template.metadata.bad\"",
    ];
    assert_eq!(decoded.strict, complaints);
    let refused = wire::decode(br#"{"metadata": {"name": 5}}"#, &widget().object).expect_err("metadata is built in");
    assert_eq!(refused.0, "json: cannot unmarshal number into Go struct field ObjectMeta.name of type string");
}

#[test]
fn a_value_of_another_type_has_no_declared_fields() {
    let decoded = decode(r#"{"spec": {"size": {"a": 1}, "tags": {"x": 1}, "note": [{"b": 1}], "free": {"c": 1}}}"#);
    assert_eq!(decoded.value, json!({"spec": {"size": {}, "tags": {}, "note": [{}], "free": {"c": 1}}}));
    let unknown = ["spec.note[0].b", "spec.size.a", "spec.tags.x"];
    assert_eq!(decoded.strict, unknown.map(|path| format!("unknown field \"{path}\"")));
}

#[test]
fn defaults_go_into_what_is_there() {
    let object = widget().object;
    let filled = |mut value: Value| {
        fill_object(&mut value, &object);
        value
    };
    assert_eq!(filled(json!({})), json!({}), "an object without a default is not made");
    assert_eq!(
        filled(json!({"spec": {"rows": [[{"x": {}}, {"y": {"n": 5}}]], "ports": [{"port": 80}], "note": null,
                               "mode": null, "plain": null, "free": {"mode": null}}})),
        json!({"spec": {"rows": [[{"x": {"n": 1}}, {"y": {"n": 5}}]], "ports": [{"port": 80, "protocol": "TCP"}],
                        "note": null, "mode": "a", "size": 3, "free": {"mode": null}}}),
    );
}

#[test]
fn a_strategic_merge_patch_needs_a_built_in_type() {
    let mut target = json!({"spec": {}});
    let refused = strategic(&mut target, &mut json!({"spec": {"size": 1}}), &widget().object).expect_err("refused");
    assert_eq!((refused.code, target), (415, json!({"spec": {}})));
}

fn writer<'a>(manager: &'a str, object: &'a ObjectRef) -> Context<'a> {
    Context {
        manager,
        api_version: "example.com/v1",
        kind: "Widget",
        subresource: "",
        now: Some("2024-01-01T00:00:00Z"),
        object,
        reset: &[],
        hands_over: false,
        versions: None,
    }
}

fn config(spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec})
}

#[test]
fn apply_merges_lists_by_their_types() {
    let object = widget().object;
    let applied = |live: Option<&Value>, manager: &str, spec: Value| {
        apply(live, &config(spec), &writer(manager, &object), false).map_err(|status| (status.code, status.message))
    };
    let live = applied(
        None,
        "a",
        json!({"ports": [{"port": 80, "name": "x"}], "tags": ["t"], "plain": ["p"], "free": {"k": {"a": 1}}}),
    )
    .expect("applied");
    let both = applied(
        Some(&live),
        "b",
        json!({"ports": [{"port": 80, "protocol": "UDP"}], "tags": ["u"], "free": {"k": {"b": [1]}}}),
    )
    .expect("no conflict");
    assert_eq!(both["spec"]["ports"], json!([{"port": 80, "name": "x"}, {"port": 80, "protocol": "UDP"}]));
    assert_eq!(both["spec"]["tags"], json!(["t", "u"]));
    assert_eq!(both["spec"]["free"], json!({"k": {"a": 1, "b": [1]}}));
    let conflict = applied(Some(&both), "b", json!({"plain": ["q"]})).expect_err("one value");
    assert_eq!(conflict, (409, "Apply failed with 1 conflict: conflict with \"a\": .spec.plain".to_owned()));
    let unknown = applied(None, "a", json!({"zz": 1})).expect_err("unknown");
    assert!(unknown.1.ends_with(".spec.zz: field not declared in schema"), "{}", unknown.1);
    let wrong = applied(None, "a", json!({"rows": [{"x": 1}]})).expect_err("a map in place of a list");
    assert!(wrong.1.contains(".spec.rows[0]: expected list, got &{map[x:1]}"), "{}", wrong.1);
    let twice = applied(None, "a", json!({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]})).expect_err("twice");
    assert!(twice.1.contains("duplicate entries for key [port=1,protocol=\"TCP\"]"), "{}", twice.1);
}

#[test]
fn managed_fields_follow_the_type() {
    let object = widget().object;
    let spec = json!({"ports": [{"port": 80}], "tags": ["t"], "once": {"a": "1"}, "free": {"k": [1]}, "rows": [[]]});
    let expected = json!({"f:spec": {
        "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
        "f:tags": {"v:\"t\"": {}}, "f:once": {}, "f:free": {"f:k": {}}, "f:rows": {},
    }});
    assert_eq!(fields_of(&json!({"spec": spec}), Typed::Object(&object)).to_value(), expected);
    let mut new = config(spec);
    managers::update(None, &mut new, &writer("m", &object));
    let fields = &new["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    assert_eq!(fields["f:free"], json!({".": {}, "f:k": {}}));
    assert_eq!(fields["f:ports"]["k:{\"port\":80,\"protocol\":\"TCP\"}"], json!({".": {}, "f:port": {}}));
}

#[test]
fn openapi_shows_the_schema_again() {
    let kind = widget();
    let kinds = [KindSummary {
        group: "example.com".to_owned(),
        version: "v1".to_owned(),
        kind: "Widget".to_owned(),
        plural: "widgets".to_owned(),
        namespaced: true,
        verbs: vec!["get".to_owned(), "list".to_owned()],
        subresources: Vec::new(),
        object: Some(kind.object.clone()),
        list: Some(kind.list.clone()),
    }];
    let v3 = v3_document(&kinds, "example.com", "v1", "v1.36.3").expect("a document");
    let schemas = &v3["components"]["schemas"];
    let shown = &schemas["com.example.v1.Widget"];
    assert_eq!(shown["properties"]["spec"], schema()["properties"]["spec"].clone().tap(resource));
    assert_eq!(
        shown["properties"]["metadata"]["allOf"][0],
        json!({"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"})
    );
    assert_eq!(
        shown["x-kubernetes-group-version-kind"],
        json!([{"group": "example.com", "kind": "Widget", "version": "v1"}])
    );
    let get = &v3["paths"]["/apis/example.com/v1/namespaces/{namespace}/widgets"]["get"]["responses"]["200"];
    assert!(get.to_string().contains("#/components/schemas/com.example.v1.WidgetList"));
    assert!(schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].is_object());
    let v2 = v2_document(&kinds, "v1.36.3");
    let spec = &v2["definitions"]["com.example.v1.Widget"]["properties"]["spec"]["properties"];
    assert_eq!(spec["note"], json!({}), "version 2 has no null");
    assert_eq!(spec["size"].get("default"), None);
}

/// Embedded resources are shown with the fields that all resources have.
fn resource(spec: &mut Value) {
    spec["properties"]["template"]["properties"] = json!({
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}]},
    });
}

trait Tap: Sized {
    fn tap(mut self, change: fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for Value {}
