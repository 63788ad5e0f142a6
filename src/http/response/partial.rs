//! `PartialObjectMetadata`: an object without everything but its metadata. Pure.

use serde_json::{Value, json};

use super::list_meta::list_meta;
use crate::{
    kinds::KindDef,
    object::{Reason, Status},
    verbs::{Page, view},
};

/// The metadata of one object.
pub fn of_object(version: &str, object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object["metadata"],
    })
}

/// The metadata of each object of a list.
pub fn of_list(def: &KindDef, version: &str, page: &Page) -> Value {
    let items: Vec<_> = page.items.iter().map(|stored| of_object(version, &view(def, stored))).collect();
    json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": list_meta(page, false),
        "items": items,
    })
}

/// 406: the client asked for one object's metadata and would get a list's.
pub fn is_a_list(def: &KindDef) -> Box<Status> {
    refusal("PartialObjectMetadata, but the requested object is a list", &format!("{}List", go_type(def)))
}

/// 406: the client asked for a list's metadata and would get one object's.
pub fn not_a_list(def: &KindDef) -> Box<Status> {
    refusal("PartialObjectMetadataList, but the requested object is not a list", &go_type(def))
}

fn refusal(text: &str, go_type: &str) -> Box<Status> {
    Status::new(Reason::NotAcceptable, format!("you requested {text} ({go_type})"))
}

/// The Go type that kube-apiserver keeps such objects in, as its messages print it.
fn go_type(def: &KindDef) -> String {
    let package = match &*def.gvk.group {
        "" | "events.k8s.io" => "core",
        "rbac.authorization.k8s.io" => "rbac",
        group => group.split('.').next().unwrap_or(group),
    };
    format!("*{package}.{}", def.gvk.kind)
}
