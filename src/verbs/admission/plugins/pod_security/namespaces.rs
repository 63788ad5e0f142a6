//! Namespaces whose labels change: the labels have to be right, and users are told which pods miss the new standard.

use std::collections::BTreeMap;

use serde_json::Value;

use super::PodSecurity;
use crate::{
    kinds::{
        core::namespace,
        pod::{
            self,
            standards::{self, Level, LevelVersion, Policy},
        },
    },
    object::{FieldErrors, Status, meta, status::Result},
    verbs::{
        Api,
        admission::{Operation, Review},
        read::stored,
    },
};

/// The most pods that are looked at.
const PODS_MAX: usize = 3000;

impl PodSecurity {
    /// Checks the labels of a namespace. Labels that were wrong before may stay as they are.
    pub(super) fn check_namespace(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let Some(object) = review.object.as_deref() else { return Ok(()) };
        let (policy, errors) = self.policy_of_labels(object);
        let before = review.old.map(|old| self.policy_of_labels(old));
        let was_wrong = before.as_ref().is_some_and(|(_, before)| *before == errors);
        if !errors.is_empty() && !was_wrong {
            return Err(Status::invalid(&namespace::DEF.gvk, review.name(), &errors));
        }
        let is_create = review.attributes.operation == Operation::Create;
        if !is_create && !before.is_some_and(|(before, _)| is_tightened(policy.enforce, before.enforce)) {
            return Ok(());
        }
        let name = review.name().to_owned();
        if self.exemptions.namespaces.contains(&name) {
            review.warnings.extend(self.exempt_warning(&name, object, policy));
        } else if !is_create {
            let warnings = self.pod_warnings(api, &name, policy.enforce);
            review.warnings.extend(warnings);
        }
        Ok(())
    }

    fn policy_of_labels(&self, object: &Value) -> (Policy, FieldErrors) {
        let labels = meta::map(object, &["metadata", "labels"]);
        Policy::of(|label| labels?.get(label)?.as_str(), self.defaults)
    }

    /// Which pods of a namespace miss a standard.
    fn pod_warnings(&self, api: &Api, name: &str, standard: LevelVersion) -> Vec<String> {
        let snapshot = api.0.store.snapshot();
        let stored = snapshot.range(&pod::DEF.prefix().namespace(name), None).map(|(_, pod)| pod);
        let pods: Vec<Value> = stored.map(|pod| stored::parse(pod.bytes())).collect();
        let pods = self.in_order_of_interest(pods);
        // The first pod by name, and how many there are, by what is wrong with them.
        let mut found: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for pod in pods.iter().take(PODS_MAX) {
            let violations = standards::violations(standard, pod);
            if !violations.is_empty() {
                let pod = meta::name(pod);
                let (first, count) = found.entry(standards::reasons(&violations)).or_insert((pod, 0));
                *first = pod.min(first);
                *count += 1;
            }
        }
        let mut warnings = Vec::new();
        if pods.len() > PODS_MAX {
            let total = pods.len();
            warnings.push(format!(
                "new PodSecurity enforce level only checked against the first {PODS_MAX} of {total} existing pods"
            ));
        }
        if !found.is_empty() {
            warnings.push(format!(
                "existing pods in namespace \"{name}\" violate the new PodSecurity enforce level \"{standard}\""
            ));
        }
        let mut of_pods: Vec<_> = found
            .into_iter()
            .map(|(reasons, (first, count))| match count {
                1 => format!("{first}: {reasons}"),
                2 => format!("{first} (and 1 other pod): {reasons}"),
                count => format!("{first} (and {} other pods): {reasons}", count - 1),
            })
            .collect();
        of_pods.sort();
        warnings.append(&mut of_pods);
        warnings
    }

    /// The pods that count: first one of each controller, then their siblings.
    fn in_order_of_interest(&self, pods: Vec<Value>) -> Vec<Value> {
        let mut known = std::collections::HashSet::new();
        let counted = pods.into_iter().filter(|pod| !self.is_exempt_by_class(pod));
        let (mut first, siblings): (Vec<_>, Vec<_>) = counted.partition(|pod| {
            let owners = meta::items(pod, &["metadata", "ownerReferences"]);
            let controller = owners.iter().find(|owner| owner["controller"] == true);
            controller.is_none_or(|owner| known.insert(meta::text(owner, &["uid"]).to_owned()))
        });
        first.extend(siblings);
        first
    }

    /// Tells users that labels mean nothing where the namespace is exempt.
    fn exempt_warning(&self, name: &str, object: &Value, policy: Policy) -> Option<String> {
        if policy.is_privileged() || policy == self.defaults {
            return None;
        }
        let has = |label: &str| {
            let labels = meta::map(object, &["metadata", "labels"]);
            labels.is_some_and(|labels| labels.contains_key(&format!("pod-security.kubernetes.io/{label}")))
        };
        let modes = [("enforce", policy.enforce), ("audit", policy.audit), ("warn", policy.warn)];
        let told = modes.into_iter().filter(|(mode, standard)| {
            standard.level != Level::Privileged && (has(mode) || has(&format!("{mode}-version")))
        });
        let told: Vec<_> = told.map(|(mode, standard)| format!("{mode}={standard}")).collect();
        Some(format!(
            "namespace \"{name}\" is exempt from Pod Security, and the policy ({}) will be ignored",
            told.join(", ")
        ))
    }
}

/// Whether pods that met a standard may miss the new one.
fn is_tightened(new: LevelVersion, old: LevelVersion) -> bool {
    new != old && new.level != Level::Privileged && (new.version != old.version || new.level > old.level)
}
