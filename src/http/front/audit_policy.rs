//! The audit policy: which requests are recorded. The first rule that is about a request decides.

use serde_json::Value;

use crate::object::{
    User,
    access::{Attributes, Resource, Subject},
    meta,
};
use crate::wire;

/// The only stage that is recorded: the response is complete.
const STAGE: &str = "ResponseComplete";
/// What policies are.
const KIND: &str = "Policy";
const GROUP: &str = "audit.k8s.io/";
const LEVELS: [&str; 4] = ["None", "Metadata", "Request", "RequestResponse"];

/// Which requests are recorded.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    is_recorded: bool,
    users: Vec<String>,
    groups: Vec<String>,
    verbs: Vec<String>,
    /// API group, resources and names.
    resources: Vec<(String, Vec<String>, Vec<String>)>,
    namespaces: Vec<String>,
    paths: Vec<String>,
}

impl Policy {
    /// Reads a policy, and whether it wants bodies recorded, too.
    pub fn parse(text: &str) -> Result<(Self, bool), String> {
        let document = wire::yaml::parse(text.as_bytes())?.node.into_value();
        let is_policy = meta::text(&document, &["apiVersion"]).starts_with(GROUP);
        if !is_policy || meta::text(&document, &["kind"]) != KIND {
            return Err("it is no Policy of audit.k8s.io".to_owned());
        }
        let omitted = texts(&document, "omitStages");
        let mut wants_bodies = false;
        let rules = meta::items(&document, &["rules"]).iter().map(|rule| {
            let level = meta::text(rule, &["level"]);
            if !LEVELS.contains(&level) {
                return Err(format!("unknown level {level:?}"));
            }
            wants_bodies |= level.starts_with("Request");
            let omits = |stages: &[String]| stages.iter().any(|stage| stage == STAGE);
            let is_recorded = level != LEVELS[0] && !omits(&omitted) && !omits(&texts(rule, "omitStages"));
            let resources = meta::items(rule, &["resources"]).iter().map(|one| {
                (meta::text(one, &["group"]).to_owned(), texts(one, "resources"), texts(one, "resourceNames"))
            });
            Ok(Rule {
                is_recorded,
                users: texts(rule, "users"),
                groups: texts(rule, "userGroups"),
                verbs: texts(rule, "verbs"),
                resources: resources.collect(),
                namespaces: texts(rule, "namespaces"),
                paths: texts(rule, "nonResourceURLs"),
            })
        });
        let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err("a policy has at least one rule".to_owned());
        }
        Ok((Self { rules }, wants_bodies))
    }

    /// Whether a request is recorded. What no rule is about is not.
    pub fn records(&self, user: &User, attributes: &Attributes) -> bool {
        let rule = self.rules.iter().find(|rule| rule.is_about(user, attributes));
        rule.is_some_and(|rule| rule.is_recorded)
    }
}

impl Rule {
    fn is_about(&self, user: &User, attributes: &Attributes) -> bool {
        let any = |list: &[String], text: &str| list.is_empty() || list.iter().any(|item| item == text);
        any(&self.users, &user.name)
            && (self.groups.is_empty() || self.groups.iter().any(|group| user.is_in(group)))
            && any(&self.verbs, attributes.verb)
            && self.is_about_subject(&attributes.subject)
    }

    fn is_about_subject(&self, subject: &Subject) -> bool {
        if self.resources.is_empty() && self.namespaces.is_empty() && self.paths.is_empty() {
            return true;
        }
        match subject {
            Subject::Path(path) => self.paths.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => pattern == path,
            }),
            Subject::Resource(at) => {
                let here = self.namespaces.is_empty() || self.namespaces.iter().any(|own| own == at.namespace);
                let is_for_paths = self.resources.is_empty() && self.namespaces.is_empty();
                let named = self.resources.is_empty() || self.resources.iter().any(|rule| names(rule, at));
                here && named && !is_for_paths
            }
        }
    }
}

fn names((group, resources, names): &(String, Vec<String>, Vec<String>), at: &Resource) -> bool {
    let whole = at.to_string();
    let is_named = |pattern: &String| {
        *pattern == whole
            || pattern == "*"
            || pattern.strip_prefix("*/").is_some_and(|sub| sub == at.subresource)
            || pattern.strip_suffix("/*").is_some_and(|resource| resource == at.resource)
    };
    group == at.group
        && (resources.is_empty() || resources.iter().any(is_named))
        && (names.is_empty() || names.iter().any(|name| name == at.name))
}

fn texts(value: &Value, member: &str) -> Vec<String> {
    meta::items(value, &[member]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
