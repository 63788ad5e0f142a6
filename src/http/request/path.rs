//! URL paths: which collection, object or subresource a path names, and what may be done there. Pure.

use axum::http::Method;
use smallvec::SmallVec;

use crate::{
    kinds::{Behaviour, Form, Kind, Subresource, Verb},
    verbs::{Kinds, Target},
};

/// A path with up to so many parts is read without taking memory for them.
const USUAL_PARTS: usize = 8;

/// Where a path leads.
pub enum Route<'p> {
    /// `/api`: the versions of the core group.
    CoreVersions,
    /// `/apis`: the groups.
    Groups,
    /// `/apis/<group>`: the versions of a group.
    Group(&'p str),
    /// `/api/v1` or `/apis/<group>/<version>`: the resources of a version.
    Resources(&'p str, &'p str),
    /// A collection, an object or a subresource.
    Resource(ResourcePath),
    /// A known API without such a resource: 404 with a `Status`.
    NoSuchResource,
    /// An object without such a subresource: it is said not to be there itself.
    NoSuchObject(Target),
    /// Outside every API: 404 in plain text.
    NoSuchPage,
}

/// A collection, an object or a subresource.
pub struct ResourcePath {
    /// The kind, and the namespace and name in the path.
    pub target: Target,
    /// What stands there.
    pub kind: PathKind,
}

/// What a path leads to.
#[derive(Clone)]
pub enum PathKind {
    /// The objects of one namespace, or of a cluster-scoped kind.
    Collection,
    /// The objects of a namespaced kind in all namespaces.
    AllNamespaces,
    /// The deprecated `/watch/…` spelling of a collection or an object.
    Watched,
    /// One object.
    Item,
    /// A path below an object.
    Subresource(Subresource),
}

/// What a method does with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Lists a collection.
    List,
    /// Watches a collection or an object.
    Watch,
    /// Creates an object.
    Create,
    /// Deletes a collection's objects.
    DeleteCollection,
    /// Reads an object.
    Get,
    /// Replaces an object.
    Update,
    /// Patches an object.
    Patch,
    /// Deletes an object.
    Delete,
    /// Talks to a node or a pod.
    Connect,
}

/// Reads a path; it is decoded already.
pub fn parse<'p>(kinds: &Kinds, path: &'p str) -> Route<'p> {
    let Some(below_root) = path.strip_prefix('/') else { return Route::NoSuchPage };
    let parts: SmallVec<[&str; USUAL_PARTS]> = below_root.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api"] => Route::CoreVersions,
        ["apis"] => Route::Groups,
        ["api", version, rest @ ..] => in_version(kinds, "", version, rest),
        ["apis", group, rest @ ..] if !group.is_empty() && kinds.has_group(group) => match rest {
            [] => Route::Group(group),
            [version, rest @ ..] => in_version(kinds, group, version, rest),
        },
        ["version", _, ..] => Route::NoSuchResource,
        _ => Route::NoSuchPage,
    }
}

impl ResourcePath {
    /// What this method does here; `None` if there is no such route.
    pub fn operation(&self, method: &Method) -> Option<Operation> {
        self.operations().find(|(name, _)| method == name).map(|(_, operation)| operation)
    }

    /// The methods that are routed here, as the `Allow` header lists them.
    pub fn allowed(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.operations().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// The subresource, if the path names one.
    pub fn subresource(&self) -> Option<&Subresource> {
        match &self.kind {
            PathKind::Subresource(sub) => Some(sub),
            _ => None,
        }
    }

    /// The form of the object, if the path leads to one.
    pub fn form(&self) -> Option<&dyn Form> {
        match &self.subresource()?.behaviour {
            Behaviour::Form(form) => Some(&**form),
            _ => None,
        }
    }

    /// Whether a client may ask for a table here.
    pub fn has_table(&self) -> bool {
        let plain = match &self.kind {
            PathKind::Subresource(sub) => sub.strategy().is_some() || self.form().is_some(),
            _ => true,
        };
        plain && self.target.def.has_objects()
    }

    fn operations(&self) -> impl Iterator<Item = (&'static str, Operation)> + '_ {
        let is_custom = self.target.def.is_custom;
        let (table, verbs): (&[_], &[Verb]) = match &self.kind {
            PathKind::Collection if is_custom => (&CUSTOM_COLLECTION, Verb::ALL),
            PathKind::Item if is_custom => (&CUSTOM_ITEM, Verb::ALL),
            PathKind::Collection => (&COLLECTION, &self.target.def.verbs),
            PathKind::AllNamespaces => (&ALL_NAMESPACES, &self.target.def.verbs),
            PathKind::Watched => (&WATCHED, &self.target.def.verbs),
            PathKind::Item => (&ITEM, &self.target.def.verbs),
            PathKind::Subresource(sub) => (&SUBRESOURCE, &sub.verbs),
        };
        let connects = self.subresource().is_some_and(|sub| sub.connects());
        let served = table.iter().filter(move |(verb, ..)| verbs.contains(verb));
        served.map(move |&(_, method, operation)| (method, if connects { Operation::Connect } else { operation }))
    }
}

/// What a client does with a verb: the verb, the method, what is done.
type Routes<const N: usize> = [(Verb, &'static str, Operation); N];

const COLLECTION: Routes<3> = [
    (Verb::List, "GET", Operation::List),
    (Verb::Create, "POST", Operation::Create),
    (Verb::DeleteCollection, "DELETE", Operation::DeleteCollection),
];
/// The handler of custom kinds goes by the method, and finds out later that a name is missing or not needed.
const CUSTOM_COLLECTION: Routes<5> = [
    (Verb::List, "GET", Operation::List),
    (Verb::Create, "POST", Operation::Create),
    (Verb::Update, "PUT", Operation::Update),
    (Verb::Patch, "PATCH", Operation::Patch),
    (Verb::DeleteCollection, "DELETE", Operation::DeleteCollection),
];
const CUSTOM_ITEM: Routes<5> = [
    (Verb::Get, "GET", Operation::Get),
    (Verb::Create, "POST", Operation::Create),
    (Verb::Update, "PUT", Operation::Update),
    (Verb::Patch, "PATCH", Operation::Patch),
    (Verb::Delete, "DELETE", Operation::Delete),
];
const ALL_NAMESPACES: Routes<1> = [(Verb::List, "GET", Operation::List)];
const WATCHED: Routes<1> = [(Verb::Watch, "GET", Operation::Watch)];
const ITEM: Routes<4> = [
    (Verb::Get, "GET", Operation::Get),
    (Verb::Update, "PUT", Operation::Update),
    (Verb::Patch, "PATCH", Operation::Patch),
    (Verb::Delete, "DELETE", Operation::Delete),
];
const SUBRESOURCE: Routes<5> = [
    (Verb::Get, "GET", Operation::Get),
    (Verb::Create, "POST", Operation::Create),
    (Verb::Update, "PUT", Operation::Update),
    (Verb::Patch, "PATCH", Operation::Patch),
    (Verb::Delete, "DELETE", Operation::Delete),
];

impl Operation {
    /// The verb as metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::List => "LIST",
            Operation::Watch => "WATCH",
            Operation::Create => "POST",
            Operation::DeleteCollection => "DELETECOLLECTION",
            Operation::Get => "GET",
            Operation::Update => "PUT",
            Operation::Patch => "PATCH",
            Operation::Delete => "DELETE",
            Operation::Connect => "CONNECT",
        }
    }
}

/// Reads what follows the version.
fn in_version<'p>(kinds: &Kinds, group: &'p str, version: &'p str, rest: &[&'p str]) -> Route<'p> {
    let find = |plural: &str| kinds.resource(group, version, plural);
    if kinds.is_custom(group) {
        return in_custom_version(kinds, group, version, rest);
    }
    let path = match rest {
        [] if kinds.has_version(group, version) => {
            return Route::Resources(group, version);
        }
        [] => None,
        ["watch", rest @ ..] => below(&find, rest).and_then(watched),
        _ => below(&find, rest),
    };
    match path {
        Some(path) if path.operations().next().is_some() => Route::Resource(path),
        _ => Route::NoSuchResource,
    }
}

/// As [`in_version`], for a group of custom kinds.
fn in_custom_version<'p>(kinds: &Kinds, group: &'p str, version: &'p str, rest: &[&'p str]) -> Route<'p> {
    let find = |plural: &str| kinds.resource(group, version, plural);
    let path = match rest {
        [] if kinds.has_version(group, version) => return Route::Resources(group, version),
        [] => None,
        ["watch", rest @ ..] => below(&find, rest).and_then(watched),
        ["namespaces", _, plural, name, _, ..] | [plural, name, _, ..] => {
            let namespace = if rest[0] == "namespaces" { rest.get(1).copied() } else { None };
            match (below(&find, rest), find(plural)) {
                (None, Some(def)) if def.is_namespaced() == namespace.is_some() => {
                    return Route::NoSuchObject(target(def, namespace, Some(name)));
                }
                (path, _) => path,
            }
        }
        _ => below(&find, rest),
    };
    path.map_or(Route::NoSuchPage, Route::Resource)
}

/// Reads `namespaces/<namespace>/<plural>/…` or `<plural>/…`.
fn below<'k>(find: &dyn Fn(&str) -> Option<&'k Kind>, rest: &[&str]) -> Option<ResourcePath> {
    // An empty namespace stands for all, as in the paths that client-go builds for a list without one.
    if let ["namespaces", "", plural] = rest {
        return below(find, &[*plural]).filter(|path| matches!(path.kind, PathKind::AllNamespaces));
    }
    if rest.iter().any(|part| part.is_empty()) {
        return None;
    }
    if let ["namespaces", namespace, plural, tail @ ..] = rest
        && let Some(def) = find(plural).filter(|def| def.is_namespaced())
    {
        return at(def, Some(namespace), tail);
    }
    let [plural, tail @ ..] = rest else { return None };
    let def = find(plural)?;
    match (def.is_namespaced(), tail) {
        (true, []) => Some(ResourcePath { target: target(def, None, None), kind: PathKind::AllNamespaces }),
        (true, _) => None,
        (false, _) => at(def, None, tail),
    }
}

/// Reads what follows the plural name: nothing, a name, or a name and a subresource.
fn at(def: &Kind, namespace: Option<&str>, tail: &[&str]) -> Option<ResourcePath> {
    let (name, kind) = match tail {
        [] => (None, PathKind::Collection),
        [name] => (Some(*name), PathKind::Item),
        [name, sub, more @ ..] => {
            let sub = def.subresource(sub)?;
            if !more.is_empty() && !sub.takes_path() {
                return None;
            }
            (Some(*name), PathKind::Subresource(sub.clone()))
        }
    };
    Some(ResourcePath { target: target(def, namespace, name), kind })
}

/// Turns a path into its `/watch/…` spelling.
fn watched(path: ResourcePath) -> Option<ResourcePath> {
    match path.kind {
        PathKind::Collection | PathKind::AllNamespaces | PathKind::Item => {
            Some(ResourcePath { kind: PathKind::Watched, ..path })
        }
        PathKind::Watched | PathKind::Subresource(_) => None,
    }
}

fn target(def: &Kind, namespace: Option<&str>, name: Option<&str>) -> Target {
    Target { def: def.clone(), namespace: namespace.map(str::to_owned), name: name.map(str::to_owned) }
}
