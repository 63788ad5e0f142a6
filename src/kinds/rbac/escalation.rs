//! Nobody may grant what they may not do themselves: which rules a set of rules does not cover.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use serde_json::Value;

use super::policy::{GROUP, PolicyRule, RoleRef, path_matches};
use crate::kinds::Authority;
use crate::object::{
    Status, User,
    access::{Attributes, Resource, Subject},
    meta,
    status::Result,
};
use crate::text::go_quote;

/// Refuses a role whose rules its writer does not have, unless the writer may escalate.
pub fn check_role(object: &Value, old: Option<&Value>, plural: &str, authority: &dyn Authority) -> Result<()> {
    let same = |old: &Value, member: &str| old.get(member) == object.get(member);
    let unchanged = old.is_some_and(|old| same(old, "rules") && same(old, "aggregationRule"));
    let (namespace, name) = (meta::namespace(object), meta::name(object));
    if unchanged || may(authority, "escalate", plural, namespace, name) {
        return Ok(());
    }
    // What a role made of others will hold is not known, so it counts as everything.
    let aggregated = object.get("aggregationRule").is_some_and(|rule| !rule.is_null());
    let wanted = if aggregated { PolicyRule::everything() } else { rules_of(object) };
    confirm(&wanted, plural, object, authority)
}

/// Refuses a binding of a role whose rules its writer does not have, unless the writer may bind the role.
pub fn check_binding(object: &Value, plural: &str, authority: &dyn Authority) -> Result<()> {
    let text = |member| meta::text(object, &["roleRef", member]).to_owned();
    let role = RoleRef { kind: text("kind"), name: text("name") };
    let namespace = meta::namespace(object);
    let roles = if role.kind == "ClusterRole" { "clusterroles" } else { "roles" };
    if may(authority, "bind", roles, namespace, &role.name) {
        return Ok(());
    }
    confirm(&authority.granted(&role, namespace)?, plural, object, authority)
}

/// How many single permissions are looked into. Rules beyond that are each covered by one owned rule, or missing.
const PARTS_MAX: usize = 100_000;

/// The parts of the wanted rules that none of the owned ones covers.
pub fn missing(owned: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    let is_covered = |part: &PolicyRule| owned.iter().any(|rule| covers(rule, part));
    let wanted = wanted.iter().filter(|rule| !is_covered(rule));
    let mut left = PARTS_MAX;
    let parts = wanted.flat_map(|rule| match left.checked_sub(parts_of(rule)) {
        Some(rest) => {
            left = rest;
            parts(rule)
        }
        None => vec![rule.clone()],
    });
    parts.filter(|part| !is_covered(part)).collect()
}

/// How many single permissions a rule stands for.
fn parts_of(rule: &PolicyRule) -> usize {
    let things =
        rule.api_groups.len().saturating_mul(rule.resources.len()).saturating_mul(rule.resource_names.len().max(1));
    rule.verbs.len().saturating_mul(things.saturating_add(rule.non_resource_urls.len()))
}

fn may(authority: &dyn Authority, verb: &str, resource: &str, namespace: &str, name: &str) -> bool {
    let resource = Resource { group: GROUP, version: "v1", resource, namespace, name, ..Resource::default() };
    let attributes = Attributes { verb, subject: Subject::Resource(resource) };
    authority.decide(authority.user(), &attributes).allowed
}

fn rules_of(role: &Value) -> Vec<PolicyRule> {
    // Validation, which comes later, refuses what cannot be read here.
    role.get("rules").and_then(|rules| serde_json::from_value(rules.clone()).ok()).unwrap_or_default()
}

fn confirm(wanted: &[PolicyRule], plural: &str, object: &Value, authority: &dyn Authority) -> Result<()> {
    let (owned, errors) = authority.rules(meta::namespace(object));
    let missing = missing(&owned, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: BTreeSet<String> = together(missing).iter().map(describe).collect();
    let lines = lines.into_iter().collect::<Vec<_>>().join("\n");
    let User { name, groups, .. } = authority.user();
    let mut text = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{lines}",
        go_quote(name),
        quoted(groups)
    );
    if !errors.is_empty() {
        text.push_str(&format!("; resolution errors: [{}]", errors.join(", ")));
    }
    Err(Status::forbidden(GROUP, plural, meta::name(object), &text))
}

/// A rule as rules that each allow one verb on one thing.
fn parts(rule: &PolicyRule) -> Vec<PolicyRule> {
    let one = |text: &String| vec![text.clone()];
    let mut parts = Vec::new();
    for verb in &rule.verbs {
        let of_verb = PolicyRule { verbs: one(verb), ..PolicyRule::default() };
        for url in &rule.non_resource_urls {
            parts.push(PolicyRule { non_resource_urls: one(url), ..of_verb.clone() });
        }
        for group in &rule.api_groups {
            for resource in &rule.resources {
                let of_all = PolicyRule { api_groups: one(group), resources: one(resource), ..of_verb.clone() };
                let named = rule.resource_names.iter();
                parts.extend(named.map(|name| PolicyRule { resource_names: one(name), ..of_all.clone() }));
                if rule.resource_names.is_empty() {
                    parts.push(of_all);
                }
            }
        }
    }
    parts
}

fn covers(rule: &PolicyRule, part: &PolicyRule) -> bool {
    let all = |owned: &[String], wanted: &[String]| {
        owned.iter().any(|text| text == "*") || wanted.iter().all(|text| owned.contains(text))
    };
    let resource = |wanted: &String| {
        let any = wanted.split_once('/').map(|(_, sub)| format!("*/{sub}"));
        rule.resources.iter().any(|owned| owned == "*" || owned == wanted || Some(owned) == any.as_ref())
    };
    let url = |wanted: &String| rule.non_resource_urls.iter().any(|owned| path_matches(owned, wanted));
    let names = match (rule.resource_names.as_slice(), part.resource_names.as_slice()) {
        ([], _) => true,
        (_, []) => false,
        (owned, wanted) => wanted.iter().all(|name| owned.contains(name)),
    };
    all(&rule.verbs, &part.verbs)
        && all(&rule.api_groups, &part.api_groups)
        && part.resources.iter().all(resource)
        && part.non_resource_urls.iter().all(url)
        && names
}

/// Puts the verbs on the same resource into one rule.
fn together(parts: Vec<PolicyRule>) -> Vec<PolicyRule> {
    let mut rules: Vec<PolicyRule> = Vec::new();
    let mut by_resource: HashMap<_, usize> = HashMap::new();
    for part in parts {
        if part.resources.is_empty() {
            rules.push(part);
            continue;
        }
        let on = (part.api_groups.clone(), part.resources.clone(), part.resource_names.clone());
        match by_resource.entry(on) {
            Entry::Occupied(known) => rules[*known.get()].verbs.extend(part.verbs),
            Entry::Vacant(new) => {
                new.insert(rules.len());
                rules.push(part);
            }
        }
    }
    rules
}

fn describe(rule: &PolicyRule) -> String {
    let members = [
        ("APIGroups", &rule.api_groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.non_resource_urls),
        ("ResourceNames", &rule.resource_names),
        ("Verbs", &rule.verbs),
    ];
    let given = members.into_iter().filter(|(_, texts)| !texts.is_empty());
    let shown: Vec<_> = given.map(|(name, texts)| format!("{name}:{}", quoted(texts))).collect();
    format!("{{{}}}", shown.join(", "))
}

/// A list of texts as Go's `%q` prints it.
fn quoted(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| go_quote(text)).collect();
    format!("[{}]", texts.join(" "))
}
