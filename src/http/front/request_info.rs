//! What a request is, from its path alone and before anything is looked up: what authorization and audit go by. Pure.

use std::borrow::Cow;

use axum::http::Method;

use crate::http::request::query::Query;
use crate::object::{
    access::{Attributes, Resource, Subject},
    names,
    selector::FieldSelector,
};

/// Path segments after a namespace that are parts of the namespace itself.
const OF_NAMESPACES: [&str; 2] = ["status", "finalize"];

/// A request as authorization sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestInfo<'a> {
    verb: Cow<'a, str>,
    path: &'a str,
    /// `None` for a path outside all resources. Its name may be missing: see `selected`.
    resource: Option<Resource<'a>>,
    /// The only name that the field selector of a list lets through.
    selected: String,
}

impl<'a> RequestInfo<'a> {
    /// Reads a decoded path.
    pub fn read(method: &Method, path: &'a str, query: &Query) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return Self { verb: lower(method), path, resource: None, selected: String::new() },
        };
        let (mut verb, rest) = match rest {
            [special @ ("watch" | "proxy"), rest @ ..] if !rest.is_empty() => (*special, rest),
            _ => (verb_of(method), rest),
        };
        let mut resource = below(rest, verb != "proxy");
        (resource.group, resource.version) = (group, version);
        let mut selected = String::new();
        match (resource.name, verb) {
            ("", "get") => {
                verb = if query.flag("watch") == Some(true) { "watch" } else { "list" };
                selected = selected_name(query);
            }
            ("", "delete") => verb = "deletecollection",
            _ => {}
        }
        Self { verb: Cow::Borrowed(verb), path, resource: Some(resource), selected }
    }

    /// What it wants to do.
    pub fn attributes(&self) -> Attributes<'_> {
        let subject = match self.resource {
            None => Subject::Path(self.path),
            Some(resource) if resource.name.is_empty() => {
                Subject::Resource(Resource { name: &self.selected, ..resource })
            }
            Some(resource) => Subject::Resource(resource),
        };
        Attributes { verb: &self.verb, subject }
    }
}

/// Reads what follows the version.
fn below<'a>(parts: &[&'a str], with_subresource: bool) -> Resource<'a> {
    let (namespace, parts) = match parts {
        ["namespaces", namespace, of, ..] if !OF_NAMESPACES.contains(of) => (*namespace, &parts[2..]),
        ["namespaces", namespace, ..] => (*namespace, parts),
        _ => ("", parts),
    };
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let subresource = if with_subresource { part(2) } else { "" };
    Resource { namespace, resource: part(0), name: part(1), subresource, ..Resource::default() }
}

fn selected_name(query: &Query) -> String {
    let selector = query.first("fieldSelector").and_then(|text| FieldSelector::parse(text).ok());
    let name = selector.and_then(|selector| selector.exact("metadata.name").map(str::to_owned)).unwrap_or_default();
    if names::path_segment(&name).is_empty() { name } else { String::new() }
}

fn verb_of(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::GET | Method::HEAD => "get",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    }
}

fn lower(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => Cow::Borrowed("get"),
        Method::POST => Cow::Borrowed("post"),
        _ => Cow::Owned(method.as_str().to_ascii_lowercase()),
    }
}
