//! Which paths there are, and what can be done at each.

use serde_json::{Map, Value, json};

use super::{
    Dialect, KindSummary, SubresourceSummary,
    components::{DELETE_OPTIONS, PATCH, RESOURCES, STATUS},
    operations::{Action, Operation, parameter},
    root,
};
use crate::schema::{ObjectType, built_in};

/// The paths of the kinds.
pub fn paths(kinds: &[&KindSummary], dialect: Dialect) -> Map<String, Value> {
    let mut found = Map::new();
    for kind in kinds {
        let root = root(&kind.group, &kind.version);
        found.entry(format!("/{root}/")).or_insert_with(|| json!({"get": resources(kind).build(dialect)}));
        add_kind(&mut found, &root, kind, dialect);
    }
    found.sort_keys();
    found
}

fn add_kind(found: &mut Map<String, Value>, root: &str, kind: &KindSummary, dialect: Dialect) {
    let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("/{root}{scope}/{}", kind.plural);
    let item = format!("{collection}/{{name}}");
    let place = Place { kind, sub: None, dialect };
    if kind.namespaced && place.allows("list") {
        let list = place.operation(Action::List, "ForAllNamespaces");
        found.insert(format!("/{root}/{}", kind.plural), json!({"get": list}));
    }
    let actions = [("list", Action::List), ("create", Action::Post), ("deletecollection", Action::DeleteCollection)];
    place.insert(found, collection, &actions, &[]);
    place.insert(found, item.clone(), &Action::OF_ITEMS, &["name"]);
    for sub in &kind.subresources {
        let place = Place { kind, sub: Some(sub), dialect };
        let mut actions = Action::OF_ITEMS.to_vec();
        actions.push(("create", Action::Post));
        place.insert(found, format!("{item}/{}", sub.name), &actions, &["name"]);
    }
}

fn resources(kind: &KindSummary) -> Operation<'_> {
    Operation {
        action: Action::Get,
        id: format!("get{}{}APIResources", group_title(&kind.group), title(&kind.version)),
        tag: tag(kind),
        gvk: None,
        body: None,
        result: built_in(RESOURCES),
        description: "get available resources".to_owned(),
        is_custom: kind.is_custom(),
    }
}

/// A kind, or a subresource of it.
struct Place<'a> {
    kind: &'a KindSummary,
    sub: Option<&'a SubresourceSummary>,
    dialect: Dialect,
}

impl<'a> Place<'a> {
    fn allows(&self, verb: &str) -> bool {
        self.sub.map_or(&self.kind.verbs, |sub| &sub.verbs).iter().any(|v| v == verb)
    }

    fn insert(&self, found: &mut Map<String, Value>, path: String, actions: &[(&str, Action)], names: &[&str]) {
        let mut entry = Map::new();
        for (_, action) in actions.iter().filter(|(verb, _)| self.allows(verb)) {
            entry.insert(action.method().to_owned(), self.operation(*action, ""));
        }
        if entry.is_empty() {
            return;
        }
        let namespace = if self.kind.namespaced { Some(&"namespace") } else { None };
        let names = names.iter().chain(namespace);
        let parameters: Vec<_> = names.map(|name| parameter(name, "path", "string", self.dialect)).collect();
        if !parameters.is_empty() {
            entry.insert("parameters".to_owned(), parameters.into());
        }
        found.insert(path, entry.into());
    }

    fn operation(&self, action: Action, suffix: &str) -> Value {
        let kind = self.kind;
        let own = self.sub.map_or(&kind.object, |sub| &sub.object).as_deref();
        let (group, version, name) = match self.sub {
            Some(sub) => (&sub.gvk.0, &sub.gvk.1, &sub.gvk.2),
            None => (&kind.group, &kind.version, &kind.kind),
        };
        let everywhere = suffix == "ForAllNamespaces";
        let scope = if kind.namespaced && !everywhere { "Namespaced" } else { "" };
        let below = self.sub.map(|sub| title(&sub.name)).unwrap_or_default();
        let (group_title, version_title) = (group_title(&kind.group), title(&kind.version));
        let id = match action {
            Action::DeleteCollection => format!("delete{group_title}{version_title}Collection{scope}{}", kind.kind),
            _ => format!("{}{group_title}{version_title}{scope}{}{below}{suffix}", action.prefix(), kind.kind),
        };
        Operation {
            action,
            id,
            tag: tag(kind),
            gvk: Some((group.clone(), version.clone(), name.clone())),
            body: self.body(action, own),
            result: match action {
                Action::List => kind.list.as_deref(),
                Action::Delete | Action::DeleteCollection => built_in(STATUS),
                _ => own,
            },
            description: match action {
                Action::List if kind.is_custom() => format!("list objects of kind {}", kind.kind),
                _ => format!("{} {}", action.describe(), kind.kind),
            },
            is_custom: kind.is_custom(),
        }
        .build(self.dialect)
    }

    fn body(&self, action: Action, own: Option<&'a ObjectType>) -> Option<&'a ObjectType> {
        match action {
            Action::Post | Action::Put => own,
            Action::Patch => built_in(PATCH),
            Action::Delete | Action::DeleteCollection => built_in(DELETE_OPTIONS),
            Action::Get | Action::List => None,
        }
    }
}

/// `core_v1`, `rbacAuthorization_v1`.
fn tag(kind: &KindSummary) -> String {
    let title = group_title(&kind.group);
    let mut chars = title.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).chain(['_']).chain(kind.version.chars()).collect()
}

/// `Core`, `Discovery`, `RbacAuthorization`.
fn group_title(group: &str) -> String {
    match group.strip_suffix(".k8s.io").unwrap_or(group) {
        "" => "Core".to_owned(),
        group => group.split(['.', '-']).map(title).collect(),
    }
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
