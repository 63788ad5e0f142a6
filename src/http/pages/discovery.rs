//! Discovery: which groups, versions and resources there are. All documents follow from the registry.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::http::request::negotiate::parse_accept;
use crate::{
    kinds::{Kind, KindDef, Subresource, Verb},
    object::gvk::api_version,
    verbs::Kinds,
};

/// The content type of aggregated documents.
pub const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The order of groups; those that are not named come last, by name.
const GROUP_ORDER: [&str; 21] = [
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

/// Whether the first clause that can be met asks for the aggregated form.
pub fn wants_aggregated(accept: &str) -> bool {
    parse_accept(accept)
        .iter()
        .filter(|clause| matches!((clause.kind, clause.subtype), ("application", "json" | "*") | ("*", "*")))
        .find_map(|clause| {
            let param = |name: &str| clause.params.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            match (param("as"), param("g"), param("v")) {
                (None, None, None) => Some(false),
                (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io"), Some("v2")) => Some(true),
                _ => None,
            }
        })
        .unwrap_or_default()
}

/// `/api` in its legacy form.
pub fn core_versions(server_address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}],
    })
}

/// `/apis` in its legacy form.
pub fn groups(kinds: &Kinds) -> Value {
    let groups = group_versions(kinds).into_iter().filter(|(group, _)| !group.is_empty());
    let groups: Vec<_> = groups.map(|(group, versions)| Value::Object(group_members(group, &versions))).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`.
pub fn group(kinds: &Kinds, name: &str) -> Option<Value> {
    let (group, versions) = group_versions(kinds).into_iter().find(|(group, _)| *group == name)?;
    let mut members = Map::new();
    members.insert("kind".into(), "APIGroup".into());
    members.insert("apiVersion".into(), "v1".into());
    members.extend(group_members(group, &versions));
    Some(members.into())
}

/// `/api/v1` and `/apis/<group>/<version>`.
pub fn resources(kinds: &Kinds, group: &str, version: &str) -> Value {
    let mut resources = BTreeMap::new();
    for def in defs(kinds, group, version) {
        resources.insert(def.plural.to_string(), resource(kinds, def));
        for sub in &def.subresources {
            resources.insert(format!("{}/{}", def.plural, sub.name), subresource(def, sub));
        }
    }
    let resources: Vec<_> = resources.into_values().collect();
    let mut list = Map::new();
    list.insert("kind".into(), "APIResourceList".into());
    if !group.is_empty() {
        list.insert("apiVersion".into(), "v1".into());
    }
    list.insert("groupVersion".into(), api_version(group, version).into());
    list.insert("resources".into(), resources.into());
    list.into()
}

/// `/api` (the core group alone) and `/apis` (all others) in their aggregated form.
pub fn aggregated(kinds: &Kinds, core: bool) -> Value {
    let groups = group_versions(kinds).into_iter().filter(|(group, _)| group.is_empty() == core);
    let items: Vec<_> = groups
        .map(|(group, versions)| {
            let metadata = if core { json!({}) } else { json!({"name": group}) };
            let versions: Vec<_> = versions
                .iter()
                .map(|version| {
                    let mut defs: Vec<_> = defs(kinds, group, version).collect();
                    defs.sort_by(|a, b| a.plural.cmp(&b.plural));
                    let resources: Vec<_> = defs.into_iter().map(|def| aggregated_resource(def)).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

/// Every group with its versions, both in order of preference.
pub fn group_versions(kinds: &Kinds) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for def in kinds.iter() {
        let (group, version) = (&*def.gvk.group, &*def.gvk.version);
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, versions)) if versions.contains(&version) => {}
            Some((_, versions)) => versions.push(version),
            None => groups.push((group, vec![version])),
        }
    }
    let rank = |group: &str| GROUP_ORDER.iter().position(|known| *known == group).unwrap_or(GROUP_ORDER.len());
    groups.sort_by_key(|(group, _)| (rank(group), *group));
    for (_, versions) in &mut groups {
        versions.sort_by_key(|version| (std::cmp::Reverse(maturity(version)), *version));
    }
    groups
}

/// Base64 of the beginning of a hash over the name of the kind that the store keeps; a custom one has to be served.
pub fn storage_version_hash(kinds: &Kinds, def: &Kind) -> Option<String> {
    if !def.has_objects() || def.is_custom && !kinds.contains(def.stored()) {
        return None;
    }
    let stored = def.stored();
    let gvk = &stored.gvk;
    let version = stored.kept_version.unwrap_or(&gvk.version);
    let digest = Sha256::digest(format!("{}/{version}/{}", gvk.group, gvk.kind));
    Some(STANDARD.encode(&digest[..8]))
}

fn defs<'r>(kinds: &'r Kinds, group: &'r str, version: &'r str) -> impl Iterator<Item = &'r Kind> {
    kinds.iter().filter(move |def| def.gvk.group == group && def.gvk.version == version)
}

/// Stable before beta before alpha before what is none of these, and within each the greater number first.
fn maturity(version: &str) -> Option<(u8, u64, u64)> {
    let (major, rest) = leading_number(version.strip_prefix('v')?)?;
    if rest.is_empty() {
        return Some((2, major, 0));
    }
    let (stage, minor) = match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
        (Some(minor), _) => (1, minor),
        (_, Some(minor)) => (0, minor),
        _ => return None,
    };
    let (minor, rest) = leading_number(minor)?;
    rest.is_empty().then_some((stage, major, minor))
}

/// The number that a text begins with, and what follows it.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn group_members(group: &str, versions: &[&str]) -> Map<String, Value> {
    let version = |v: &&str| json!({"groupVersion": api_version(group, v), "version": v});
    let mut members = Map::new();
    members.insert("name".into(), group.into());
    members.insert("versions".into(), versions.iter().map(version).collect());
    members.insert("preferredVersion".into(), versions.first().map(version).unwrap_or_default());
    members
}

fn resource(kinds: &Kinds, def: &Kind) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), (*def.plural).into());
    out.insert("singularName".into(), (*def.singular).into());
    out.insert("namespaced".into(), def.is_namespaced().into());
    out.insert("kind".into(), (*def.gvk.kind).into());
    out.insert("verbs".into(), verbs(def));
    add_names(&mut out, def);
    if let Some(hash) = storage_version_hash(kinds, def) {
        out.insert("storageVersionHash".into(), hash.into());
    }
    out.into()
}

fn subresource(def: &KindDef, sub: &Subresource) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), format!("{}/{}", def.plural, sub.name).into());
    out.insert("singularName".into(), "".into());
    out.insert("namespaced".into(), def.is_namespaced().into());
    if is_foreign(def, sub) {
        out.insert("group".into(), (*sub.gvk.group).into());
        out.insert("version".into(), (*sub.gvk.version).into());
    }
    out.insert("kind".into(), (*sub.gvk.kind).into());
    out.insert("verbs".into(), sorted(&sub.verbs));
    out.into()
}

fn aggregated_resource(def: &KindDef) -> Value {
    let mut out = Map::new();
    out.insert("resource".into(), (*def.plural).into());
    let (group, version) = if def.is_custom { (&*def.gvk.group, &*def.gvk.version) } else { ("", "") };
    out.insert("responseKind".into(), json!({"group": group, "version": version, "kind": def.gvk.kind}));
    out.insert("scope".into(), if def.is_namespaced() { "Namespaced" } else { "Cluster" }.into());
    out.insert("singularResource".into(), (*def.singular).into());
    out.insert("verbs".into(), verbs(def));
    add_names(&mut out, def);
    let mut subs: Vec<_> = def.subresources.iter().collect();
    if !def.is_custom {
        subs.sort_by(|a, b| a.name.cmp(&b.name));
    }
    if !subs.is_empty() {
        out.insert("subresources".into(), subs.into_iter().map(|sub| aggregated_subresource(def, sub)).collect());
    }
    out.into()
}

/// Group and version of a built-in kind stay empty when they are those of the document.
fn aggregated_subresource(def: &KindDef, sub: &Subresource) -> Value {
    let (group, version) =
        if def.is_custom || is_foreign(def, sub) { (&*sub.gvk.group, &*sub.gvk.version) } else { ("", "") };
    json!({
        "subresource": sub.name,
        "responseKind": {"group": group, "version": version, "kind": sub.gvk.kind},
        "verbs": sorted(&sub.verbs),
    })
}

fn is_foreign(def: &KindDef, sub: &Subresource) -> bool {
    (&sub.gvk.group, &sub.gvk.version) != (&def.gvk.group, &def.gvk.version)
}

fn add_names(out: &mut Map<String, Value>, def: &KindDef) {
    for (member, names) in [("shortNames", &def.short_names), ("categories", &def.categories)] {
        if !names.is_empty() {
            out.insert(member.into(), names.iter().map(|name| Value::from(&**name)).collect());
        }
    }
}

fn verbs(def: &KindDef) -> Value {
    if def.is_custom { def.verbs.iter().map(|verb| verb.name()).collect() } else { sorted(&def.verbs) }
}

fn sorted(verbs: &[Verb]) -> Value {
    let mut names: Vec<_> = verbs.iter().map(|verb| verb.name()).collect();
    names.sort_unstable();
    names.into()
}
