//! What a namespace says about its end: five conditions, false when all is well.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{kinds::KindDef, object::meta};

/// What is left in a namespace after an attempt to empty it.
#[derive(Default)]
pub struct Remains {
    /// Objects by `resource.group`.
    objects: BTreeMap<String, usize>,
    /// Objects by finalizer.
    finalizers: BTreeMap<String, usize>,
}

impl Remains {
    /// Counts these objects.
    pub fn note(&mut self, def: &KindDef, objects: &[Value]) {
        if !objects.is_empty() {
            self.objects.insert(format!("{}.{}", def.plural, def.gvk.group), objects.len());
        }
        for finalizer in objects.iter().flat_map(meta::finalizers) {
            *self.finalizers.entry(finalizer.to_owned()).or_default() += 1;
        }
    }

    /// Whether the namespace is empty.
    pub fn is_nothing(&self) -> bool {
        self.objects.is_empty()
    }
}

/// The conditions after an attempt. A condition keeps the time of its last transition while its status stays.
pub fn update(known: &[Value], remains: &Remains, now: &str) -> Vec<Value> {
    let mut conditions = known.to_vec();
    for (kind, status, reason, message) in wanted(remains) {
        let mut condition = json!({
            "type": kind,
            "status": status,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        });
        match conditions.iter_mut().find(|known| meta::text(known, &["type"]) == kind) {
            Some(known) => {
                if meta::text(known, &["status"]) == status {
                    condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
                }
                *known = condition;
            }
            None => conditions.push(condition),
        }
    }
    conditions
}

type Condition = (&'static str, &'static str, &'static str, String);

fn wanted(remains: &Remains) -> [Condition; 5] {
    let fine = |kind, reason, message: &str| (kind, "False", reason, message.to_owned());
    let listed = |counts: &BTreeMap<String, usize>, word: &str| {
        counts.iter().map(|(what, n)| format!("{what} {word} {n} resource instances")).collect::<Vec<_>>().join(", ")
    };
    const CONTENT: &str = "NamespaceContentRemaining";
    const FINALIZERS: &str = "NamespaceFinalizersRemaining";
    [
        fine("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        fine(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        fine(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        if remains.objects.is_empty() {
            fine(CONTENT, "ContentRemoved", "All content successfully removed")
        } else {
            let message = format!("Some resources are remaining: {}", listed(&remains.objects, "has"));
            (CONTENT, "True", "SomeResourcesRemain", message)
        },
        if remains.finalizers.is_empty() {
            fine(FINALIZERS, "ContentHasNoFinalizers", "All content-preserving finalizers finished")
        } else {
            let named = listed(&remains.finalizers, "in");
            let message = format!("Some content in the namespace has finalizers remaining: {named}");
            (FINALIZERS, "True", "SomeFinalizersRemain", message)
        },
    ]
}
