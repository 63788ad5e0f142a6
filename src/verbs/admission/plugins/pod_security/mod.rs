//! `PodSecurity`: the labels of a namespace say which standard its pods must meet.

mod namespaces;
mod updates;

use std::{collections::BTreeSet, future::ready};

use serde_json::Value;

use super::is_pod_write;
use crate::{
    kinds::{
        core::namespace,
        pod::standards::{self, Level, LevelVersion, Policy},
    },
    object::{FieldErrors, Status, meta, status::Result},
    verbs::{
        Api, Target,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};

/// Requests about a pod that do not change what it may do.
const IGNORED: &[&str] = &["attach", "binding", "eviction", "exec", "log", "portforward", "proxy", "status"];

/// The kinds that make pods: group, plural name, and where their template is.
const TEMPLATES: &[(&str, &str, &[&str])] = &[
    ("", "podtemplates", &["template"]),
    ("", "replicationcontrollers", &["spec", "template"]),
    ("apps", "daemonsets", &["spec", "template"]),
    ("apps", "deployments", &["spec", "template"]),
    ("apps", "replicasets", &["spec", "template"]),
    ("apps", "statefulsets", &["spec", "template"]),
    ("batch", "cronjobs", &["spec", "jobTemplate", "spec", "template"]),
    ("batch", "jobs", &["spec", "template"]),
];

/// The plugin.
#[derive(Clone, Debug, Default)]
pub struct PodSecurity {
    /// What holds where the labels of a namespace say nothing.
    pub defaults: Policy,
    /// Who and what need not meet any standard.
    pub exemptions: Exemptions,
}

/// Who and what need not meet any standard.
#[derive(Clone, Debug, Default)]
pub struct Exemptions {
    /// Users, who may create any pods.
    pub users: BTreeSet<String>,
    /// Runtime classes, which isolate their pods well enough.
    pub runtime_classes: BTreeSet<String>,
    /// Namespaces.
    pub namespaces: BTreeSet<String>,
}

impl Admission for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        if is_pod_write(attributes) {
            return attributes.sub.is_none_or(|sub| !IGNORED.contains(&&*sub.name));
        }
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        let is_namespace = attributes.target.def.gvk == namespace::DEF.gvk;
        writes && attributes.sub.is_none() && (is_namespace || template_path(attributes.target).is_some())
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        let verdict = match review.attributes.target.namespace {
            Some(_) => self.check_pod(api, review),
            None => self.check_namespace(api, review),
        };
        Box::pin(ready(verdict))
    }
}

impl PodSecurity {
    /// Checks a pod, or warns of a template.
    fn check_pod(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let attributes = review.attributes;
        let name = review.namespace().to_owned();
        let user = &attributes.caller.user.name;
        if self.exemptions.namespaces.contains(&name) || self.exemptions.users.contains(user) {
            return Ok(());
        }
        let (policy, _) = self.policy_of(api, &name)?;
        let path = template_path(attributes.target);
        if policy.is_privileged() {
            return Ok(());
        }
        let Some(object) = review.object.as_deref() else { return Ok(()) };
        let is_update = path.is_none() && attributes.operation == Operation::Update;
        if is_update && review.old.is_some_and(|old| !updates::matter(object, old)) {
            return Ok(());
        }
        let Some(pod) = meta::at(object, path.unwrap_or_default()) else { return Ok(()) };
        if self.is_exempt_by_class(pod) {
            return Ok(());
        }
        if path.is_none()
            && let Some(violations) = violations(policy.enforce, pod)
        {
            let why = format!("violates PodSecurity \"{}\": {violations}", policy.enforce);
            let def = &attributes.target.def;
            return Err(Status::forbidden(&def.gvk.group, &def.plural, review.name(), &why));
        }
        if let Some(violations) = violations(policy.warn, pod) {
            review.warnings.push(format!("would violate PodSecurity \"{}\": {violations}", policy.warn));
        }
        Ok(())
    }

    /// What the pods of a namespace have to meet, and what is wrong with its labels.
    fn policy_of(&self, api: &Api, name: &str) -> Result<(Policy, FieldErrors)> {
        let key = Target::new(&namespace::DEF, "", name).key();
        let Some(found) = api.0.store.get(&key) else {
            return Err(Status::internal(format!("failed to lookup namespace \"{name}\"")));
        };
        let facts = stored::facts(&namespace::DEF, &found);
        Ok(Policy::of(|label| facts.label(label), self.defaults))
    }

    /// Whether the pod's runtime class isolates it well enough.
    fn is_exempt_by_class(&self, pod: &Value) -> bool {
        let class = meta::text(pod, &["spec", "runtimeClassName"]);
        !class.is_empty() && self.exemptions.runtime_classes.contains(class)
    }
}

/// Everything in which a pod misses a standard; `None` if it meets it.
fn violations(standard: LevelVersion, pod: &Value) -> Option<String> {
    if standard.level == Level::Privileged {
        return None;
    }
    let violations = standards::violations(standard, pod);
    (!violations.is_empty()).then(|| standards::details(&violations))
}

/// Where objects of a kind that makes pods have the template for them.
fn template_path(target: &Target) -> Option<&'static [&'static str]> {
    let def = &target.def;
    let known = TEMPLATES.iter().find(|(group, plural, _)| *plural == def.plural && *group == def.gvk.group);
    known.map(|(.., path)| *path)
}
