//! URL paths: which collection, object or subresource a path names, and what may be done there. Pure.

use axum::http::Method;
use smallvec::SmallVec;

use crate::{
    kinds::{Action, Kind, Storage, Subresource, Verb},
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
    Place(Place),
    /// A known API without such a resource: 404 with a `Status`.
    NoSuchResource,
    /// Outside every API: 404 in plain text.
    NoSuchPage,
}

/// A collection, an object or a subresource.
pub struct Place {
    /// The kind, and the namespace and name in the path.
    pub target: Target,
    /// What stands there.
    pub shape: Shape,
}

/// What stands at a place.
#[derive(Clone)]
pub enum Shape {
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

/// What a method does at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
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

impl Place {
    /// What this method does here; `None` if there is no such route.
    pub fn act(&self, method: &Method) -> Option<Act> {
        self.acts().find(|(name, _)| method == name).map(|(_, act)| act)
    }

    /// The methods that are routed here, as the `Allow` header lists them.
    pub fn allowed(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.acts().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// The subresource, if the path names one.
    pub fn subresource(&self) -> Option<&Subresource> {
        match &self.shape {
            Shape::Subresource(sub) => Some(sub),
            _ => None,
        }
    }

    /// Whether a client may ask for a table here.
    pub fn has_table(&self) -> bool {
        let plain = match &self.shape {
            Shape::Subresource(sub) => matches!(sub.action, Action::Status | Action::Spec | Action::Finalize),
            _ => true,
        };
        plain && !matches!(self.target.def.storage, Storage::Nothing)
    }

    fn acts(&self) -> impl Iterator<Item = (&'static str, Act)> + '_ {
        let (table, verbs): (&[_], &[Verb]) = match &self.shape {
            Shape::Collection => (&COLLECTION, &self.target.def.verbs),
            Shape::AllNamespaces => (&ALL_NAMESPACES, &self.target.def.verbs),
            Shape::Watched => (&WATCHED, &self.target.def.verbs),
            Shape::Item => (&ITEM, &self.target.def.verbs),
            Shape::Subresource(sub) => (&SUBRESOURCE, &sub.verbs),
        };
        let connects = self.subresource().is_some_and(|sub| sub.action == Action::NeedsNode);
        let served = table.iter().filter(move |(verb, ..)| verbs.contains(verb));
        served.map(move |&(_, method, act)| (method, if connects { Act::Connect } else { act }))
    }
}

/// What a client does with a verb: the verb, the method, what is done.
type Routes<const N: usize> = [(Verb, &'static str, Act); N];

const COLLECTION: Routes<3> = [
    (Verb::List, "GET", Act::List),
    (Verb::Create, "POST", Act::Create),
    (Verb::DeleteCollection, "DELETE", Act::DeleteCollection),
];
const ALL_NAMESPACES: Routes<1> = [(Verb::List, "GET", Act::List)];
const WATCHED: Routes<1> = [(Verb::Watch, "GET", Act::Watch)];
const ITEM: Routes<4> = [
    (Verb::Get, "GET", Act::Get),
    (Verb::Update, "PUT", Act::Update),
    (Verb::Patch, "PATCH", Act::Patch),
    (Verb::Delete, "DELETE", Act::Delete),
];
const SUBRESOURCE: Routes<5> = [
    (Verb::Get, "GET", Act::Get),
    (Verb::Create, "POST", Act::Create),
    (Verb::Update, "PUT", Act::Update),
    (Verb::Patch, "PATCH", Act::Patch),
    (Verb::Delete, "DELETE", Act::Delete),
];

impl Act {
    /// The verb as metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Act::List => "LIST",
            Act::Watch => "WATCH",
            Act::Create => "POST",
            Act::DeleteCollection => "DELETECOLLECTION",
            Act::Get => "GET",
            Act::Update => "PUT",
            Act::Patch => "PATCH",
            Act::Delete => "DELETE",
            Act::Connect => "CONNECT",
        }
    }
}

/// Reads what follows the version.
fn in_version<'p>(kinds: &Kinds, group: &'p str, version: &'p str, rest: &[&'p str]) -> Route<'p> {
    let find = |plural: &str| kinds.resource(group, version, plural);
    let place = match rest {
        [] if kinds.has_version(group, version) => {
            return Route::Resources(group, version);
        }
        [] => None,
        ["watch", rest @ ..] => below(&find, rest).and_then(watched),
        _ => below(&find, rest),
    };
    match place {
        Some(place) if place.acts().next().is_some() => Route::Place(place),
        _ => Route::NoSuchResource,
    }
}

/// Reads `namespaces/<namespace>/<plural>/…` or `<plural>/…`.
fn below<'k>(find: &dyn Fn(&str) -> Option<&'k Kind>, rest: &[&str]) -> Option<Place> {
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
        (true, []) => Some(Place { target: target(def, None, None), shape: Shape::AllNamespaces }),
        (true, _) => None,
        (false, _) => at(def, None, tail),
    }
}

/// Reads what follows the plural name: nothing, a name, or a name and a subresource.
fn at(def: &Kind, namespace: Option<&str>, tail: &[&str]) -> Option<Place> {
    let (name, shape) = match tail {
        [] => (None, Shape::Collection),
        [name] => (Some(*name), Shape::Item),
        [name, sub, more @ ..] => {
            let sub = def.subresource(sub)?;
            if !more.is_empty() && sub.name != "proxy" {
                return None;
            }
            (Some(*name), Shape::Subresource(sub.clone()))
        }
    };
    Some(Place { target: target(def, namespace, name), shape })
}

/// Turns a place into its `/watch/…` spelling.
fn watched(place: Place) -> Option<Place> {
    match place.shape {
        Shape::Collection | Shape::AllNamespaces | Shape::Item => Some(Place { shape: Shape::Watched, ..place }),
        Shape::Watched | Shape::Subresource(_) => None,
    }
}

fn target(def: &Kind, namespace: Option<&str>, name: Option<&str>) -> Target {
    Target { def: def.clone(), namespace: namespace.map(str::to_owned), name: name.map(str::to_owned) }
}
