//! One operation: its parameters, body and responses.

use serde_json::{Map, Value, json};

use super::{Dialect, parts::reference};
use crate::schema::ObjectType;

/// What an operation does, as `x-kubernetes-action` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads one object.
    Get,
    /// Reads a collection.
    List,
    /// Creates.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Deletes one object.
    Delete,
    /// Deletes a collection.
    DeleteCollection,
}

impl Action {
    /// What can be done to one object, by discovery's verbs.
    pub const OF_ITEMS: [(&'static str, Action); 4] =
        [("get", Action::Get), ("update", Action::Put), ("patch", Action::Patch), ("delete", Action::Delete)];

    /// The HTTP method.
    pub fn method(self) -> &'static str {
        match self {
            Action::Get | Action::List => "get",
            Action::Post => "post",
            Action::Put => "put",
            Action::Patch => "patch",
            Action::Delete | Action::DeleteCollection => "delete",
        }
    }

    /// The start of an operation's id.
    pub fn prefix(self) -> &'static str {
        match self {
            Action::Get => "read",
            Action::List => "list",
            Action::Post => "create",
            Action::Put => "replace",
            Action::Patch => "patch",
            Action::Delete | Action::DeleteCollection => "delete",
        }
    }

    /// The start of an operation's description.
    pub fn describe(self) -> &'static str {
        match self {
            Action::Get => "read the specified",
            Action::List => "list or watch objects of kind",
            Action::Post => "create a",
            Action::Put => "replace the specified",
            Action::Patch => "partially update the specified",
            Action::Delete => "delete a",
            Action::DeleteCollection => "delete collection of",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Action::List => "list",
            Action::DeleteCollection => "deletecollection",
            other => other.method(),
        }
    }

    /// The query parameters: name and type.
    fn query(self) -> &'static [(&'static str, &'static str)] {
        const LIST: &[(&str, &str)] = &[
            ("allowWatchBookmarks", "boolean"),
            ("continue", "string"),
            ("fieldSelector", "string"),
            ("labelSelector", "string"),
            ("limit", "integer"),
            ("pretty", "string"),
            ("resourceVersion", "string"),
            ("resourceVersionMatch", "string"),
            ("sendInitialEvents", "boolean"),
            ("timeoutSeconds", "integer"),
            ("watch", "boolean"),
        ];
        const WRITE: &[(&str, &str)] =
            &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("pretty", "string")];
        const PATCH: &[(&str, &str)] = &[
            ("dryRun", "string"),
            ("fieldManager", "string"),
            ("fieldValidation", "string"),
            ("force", "boolean"),
            ("pretty", "string"),
        ];
        const DELETE: &[(&str, &str)] = &[
            ("dryRun", "string"),
            ("gracePeriodSeconds", "integer"),
            ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
            ("orphanDependents", "boolean"),
            ("pretty", "string"),
            ("propagationPolicy", "string"),
        ];
        const DELETE_COLLECTION: &[(&str, &str)] = &[
            ("continue", "string"),
            ("dryRun", "string"),
            ("fieldSelector", "string"),
            ("gracePeriodSeconds", "integer"),
            ("labelSelector", "string"),
            ("limit", "integer"),
            ("orphanDependents", "boolean"),
            ("pretty", "string"),
            ("propagationPolicy", "string"),
            ("resourceVersion", "string"),
            ("resourceVersionMatch", "string"),
            ("timeoutSeconds", "integer"),
        ];
        match self {
            Action::Get => &[("pretty", "string")],
            Action::List => LIST,
            Action::Post | Action::Put => WRITE,
            Action::Patch => PATCH,
            Action::Delete => DELETE,
            Action::DeleteCollection => DELETE_COLLECTION,
        }
    }

    /// Objects of custom kinds have no strategic patches.
    fn request_types(self, is_custom: bool) -> &'static [&'static str] {
        match self {
            Action::Patch if is_custom => {
                &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
            }
            _ if is_custom => &["application/json", "application/yaml"],
            Action::Patch => &[
                "application/apply-patch+yaml",
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/strategic-merge-patch+json",
            ],
            _ => &["*/*"],
        }
    }

    /// Objects of custom kinds have no form in protobuf.
    fn response_types(self, is_custom: bool) -> &'static [&'static str] {
        match self {
            _ if is_custom => &["application/json", "application/yaml"],
            Action::List => &[
                "application/json",
                "application/json;stream=watch",
                "application/vnd.kubernetes.protobuf",
                "application/vnd.kubernetes.protobuf;stream=watch",
                "application/yaml",
            ],
            _ => &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"],
        }
    }

    fn success(self, is_custom: bool) -> &'static [(&'static str, &'static str)] {
        match self {
            Action::Patch if is_custom => &[("200", "OK")],
            Action::Post => &[("200", "OK"), ("201", "Created"), ("202", "Accepted")],
            Action::Put | Action::Patch => &[("200", "OK"), ("201", "Created")],
            Action::Delete => &[("200", "OK"), ("202", "Accepted")],
            Action::Get | Action::List | Action::DeleteCollection => &[("200", "OK")],
        }
    }
}

/// An operation in words that both versions of OpenAPI share.
pub struct Operation<'a> {
    /// What it does.
    pub action: Action,
    /// `operationId`.
    pub id: String,
    /// The group version it belongs to, as generators group by it.
    pub tag: String,
    /// Group, version and kind; none for operations that are not about a kind.
    pub gvk: Option<(String, String, String)>,
    /// What is sent.
    pub body: Option<&'a ObjectType>,
    /// What is returned.
    pub result: Option<&'a ObjectType>,
    /// A sentence.
    pub description: String,
    /// Whether a definition made the kind.
    pub is_custom: bool,
}

impl Operation<'_> {
    /// The operation as the dialect writes it.
    pub fn build(self, dialect: Dialect) -> Value {
        let query = if self.gvk.is_some() { self.action.query() } else { &[] };
        let mut parameters: Vec<Value> = query.iter().map(|(name, ty)| parameter(name, "query", ty, dialect)).collect();
        let mut out = Map::new();
        out.insert("tags".into(), json!([self.tag]));
        out.insert("description".into(), self.description.into());
        out.insert("operationId".into(), self.id.into());
        let required = !matches!(self.action, Action::Delete | Action::DeleteCollection);
        match (dialect, self.body) {
            (_, None) => {}
            (Dialect::V2, Some(body)) => {
                let mut shown = json!({"name": "body", "in": "body", "schema": reference(body, dialect)});
                if required {
                    shown["required"] = true.into();
                }
                parameters.insert(0, shown);
            }
            (Dialect::V3, Some(body)) => {
                let mut shown = json!({"content": content(self.action.request_types(self.is_custom), body)});
                if required {
                    shown["required"] = true.into();
                }
                out.insert("requestBody".into(), shown);
            }
        }
        if dialect == Dialect::V2 {
            out.insert("consumes".into(), json!(self.action.request_types(self.is_custom)));
            out.insert("produces".into(), json!(self.action.response_types(self.is_custom)));
            out.insert("schemes".into(), json!(["https"]));
        }
        if !parameters.is_empty() {
            out.insert("parameters".into(), parameters.into());
        }
        out.insert("responses".into(), responses(self.action, self.result, dialect, self.is_custom));
        if let Some((group, version, kind)) = self.gvk {
            out.insert("x-kubernetes-action".into(), self.action.name().into());
            let gvk = json!({"group": group, "kind": kind, "version": version});
            out.insert("x-kubernetes-group-version-kind".into(), gvk);
        }
        out.into()
    }
}

fn responses(action: Action, result: Option<&ObjectType>, dialect: Dialect, is_custom: bool) -> Value {
    let mut found = Map::new();
    for (code, text) in action.success(is_custom) {
        let mut response = json!({"description": text});
        match (dialect, result) {
            (_, None) => {}
            (Dialect::V2, Some(result)) => response["schema"] = reference(result, dialect),
            (Dialect::V3, Some(result)) => response["content"] = content(action.response_types(is_custom), result),
        }
        found.insert((*code).to_owned(), response);
    }
    found.insert("401".to_owned(), json!({"description": "Unauthorized"}));
    found.into()
}

/// A parameter; those of paths are required.
pub fn parameter(name: &str, place: &str, ty: &str, dialect: Dialect) -> Value {
    let mut out = json!({"name": name, "in": place});
    if place == "path" {
        out["required"] = true.into();
    }
    match dialect {
        Dialect::V2 => {
            out["type"] = ty.into();
            out["uniqueItems"] = true.into();
        }
        Dialect::V3 => out["schema"] = json!({"type": ty, "uniqueItems": true}),
    }
    out
}

fn content(types: &[&str], object: &ObjectType) -> Value {
    let schema = || json!({"schema": reference(object, Dialect::V3)});
    types.iter().map(|name| ((*name).to_owned(), schema())).collect::<Map<_, _>>().into()
}
