//! What every kind says of itself, and helpers to take an object through its kind's steps.

use std::collections::HashSet;

use jiff::Timestamp;
use kubedouble::{
    kinds::{self, Behaviour, Check, Kind, KindDef, Storage, Verb},
    object::{FieldErrors, Prefix, meta, status::Result},
};
use serde_json::Value;

/// The moment at which all these tests happen.
pub fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().expect("a valid time")
}

/// The kind with this plural name.
pub fn def(group: &str, plural: &str) -> Kind {
    kinds::built_in().into_iter().find(|def| def.gvk.group == group && def.plural == plural).expect("a built-in kind")
}

/// A new object as it would be stored.
pub fn created(def: &KindDef, mut object: Value) -> Value {
    def.strategy.default(&mut object);
    admit(def, &mut object, None);
    def.strategy.prepare_for_create(&mut object, now());
    def.strategy.canonicalize(&mut object);
    object
}

/// Takes an object through the kind's admission.
pub fn admit(def: &KindDef, object: &mut Value, old: Option<&Value>) {
    for plugin in &def.admission {
        plugin.mutate(object, old).unwrap_or_else(|status| panic!("{}: {status}", plugin.name()));
    }
}

/// Prepares a write through a subresource that is a part of the object.
pub fn prepare_part(def: &KindDef, part: &str, object: &mut Value, old: &Value) {
    let sub = def.subresource(part).expect("a subresource");
    sub.strategy().expect("a part of the object").prepare(&*def.strategy, object, old);
}

/// Why a write through a subresource is refused.
pub fn part_errors(def: &KindDef, part: &str, object: &Value, old: &Value) -> Vec<String> {
    let sub = def.subresource(part).expect("a subresource");
    shown(&sub.strategy().expect("a part of the object").validate(&*def.strategy, object, old))
}

/// Does to an object what a request to a subresource asks for.
pub fn request(def: &KindDef, sub: &str, object: &mut Value, request: &Value) -> Result<()> {
    let Behaviour::Edit(handler) = &def.subresource(sub).expect("a subresource").behaviour else {
        panic!("{sub} takes no requests");
    };
    handler.edit(object, request, now())
}

/// Why a new object is refused.
pub fn create_errors(def: &KindDef, object: Value) -> Vec<String> {
    shown(&def.strategy.validate(&created(def, object)))
}

/// Why a change of a stored object is refused.
pub fn update_errors(def: &KindDef, old: &Value, mut object: Value) -> Vec<String> {
    def.strategy.default(&mut object);
    admit(def, &mut object, Some(old));
    def.strategy.prepare_for_update(&mut object, old);
    let own = |check: &Check| match check {
        Check::Object => def.strategy.validate(&object),
        Check::Change => def.strategy.validate_update(&object, old),
        Check::Type | Check::Metadata | Check::MetadataChange => FieldErrors::new(),
    };
    shown(&def.strategy.update_checks().iter().flat_map(own).collect())
}

/// Errors as `path: message`.
pub fn shown(errors: &FieldErrors) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn every_kind_has_its_own_names() {
    let (kinds, mut resources) = (kinds::built_in(), HashSet::new());
    for def in &kinds {
        assert!(resources.insert((&def.gvk.group, &def.gvk.version, &def.plural)), "{} twice", def.plural);
        assert!(!def.singular.is_empty() && !def.schema().name.is_empty(), "{} lacks a name", def.plural);
        let mut names = HashSet::new();
        assert!(def.subresources.iter().all(|sub| names.insert(&sub.name)), "{} has a subresource twice", def.plural);
    }
}

#[test]
fn kinds_are_listed_as_discovery_lists_them() {
    let kinds = kinds::built_in();
    for group in kinds.iter().map(|def| &def.gvk.group) {
        let listed = kinds.iter().filter(|def| def.gvk.group == *group);
        let names: Vec<_> = listed.map(|def| &def.plural).collect();
        assert!(names.is_sorted(), "{group}: {names:?}");
    }
}

#[test]
fn a_row_has_a_cell_for_every_column() {
    for def in kinds::built_in().iter().filter(|def| def.plural != "ipaddresses") {
        let cells = (def.cells)(&Value::Object(meta::Object::new()), now());
        assert_eq!(cells.len(), def.columns.len(), "{}", def.plural);
    }
}

#[test]
fn a_kind_with_a_status_can_be_asked_for_it() {
    for def in &kinds::built_in() {
        assert_eq!(def.has_status, def.subresource("status").is_some(), "{}", def.plural);
    }
}

#[test]
fn discovery_facts() {
    let cases: &[(&str, &str, &[&str], &[&str])] = &[
        ("", "bindings", &[], &[]),
        ("", "configmaps", &["cm"], &[]),
        ("", "endpoints", &["ep"], &[]),
        ("", "events", &["ev"], &[]),
        ("", "namespaces", &["ns"], &["finalize", "status"]),
        ("", "nodes", &["no"], &["proxy", "status"]),
        ("", "secrets", &[], &[]),
        ("", "serviceaccounts", &["sa"], &["token"]),
        ("events.k8s.io", "events", &["ev"], &[]),
        ("discovery.k8s.io", "endpointslices", &[], &[]),
        ("coordination.k8s.io", "leases", &[], &[]),
        ("networking.k8s.io", "ingresses", &["ing"], &["status"]),
        ("networking.k8s.io", "ingressclasses", &[], &[]),
    ];
    for (group, plural, short, subresources) in cases {
        let def = def(group, plural);
        let short_names: Vec<_> = def.short_names.iter().map(|name| &**name).collect();
        let names: Vec<_> = def.subresources.iter().map(|sub| &*sub.name).collect();
        assert_eq!((short_names.as_slice(), names.as_slice()), (*short, *subresources), "{plural}");
    }
}

#[test]
fn what_needs_a_node_is_listed_as_such() {
    let needing = |plural| -> Vec<_> {
        let def = def("", plural);
        let needing = def.subresources.iter().filter(|sub| sub.connects());
        needing.map(|sub| sub.name.to_string()).collect()
    };
    assert_eq!(needing("pods"), ["attach", "exec", "log", "portforward", "proxy"]);
    assert_eq!(needing("nodes"), ["proxy"]);
}

#[test]
fn namespaces_are_not_deleted_as_a_collection() {
    let namespaces = def("", "namespaces");
    assert!(namespaces.allows(Verb::Delete) && !namespaces.allows(Verb::DeleteCollection));
}

#[test]
fn both_forms_of_an_event_are_stored_in_one_place() {
    let view = def("events.k8s.io", "events");
    assert_eq!(view.prefix(), Prefix::resource("", "events"));
    assert!(matches!(view.storage, Storage::VersionOf(_)));
}

#[test]
fn reviews_are_not_stored() {
    for def in kinds::built_in().iter().filter(|def| def.plural.ends_with("reviews") || def.plural == "bindings") {
        assert!(!def.has_objects(), "{}", def.plural);
        assert_eq!(def.verbs, [Verb::Create], "{}", def.plural);
    }
}
