//! The webhooks of all configurations of a kind, read anew when one has changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::{
    kinds::Kind,
    object::{Prefix, Revision, meta, selector::LabelSelector},
    store::Store,
    verbs::{
        admission::{
            Attributes,
            conditions::{self, Condition},
            rules::Rule,
            selectors,
        },
        read::stored,
    },
    webhook::{Destination, VERSIONS},
};

/// A webhook of a configuration.
pub(super) struct Webhook {
    pub(super) name: String,
    /// The name of its configuration.
    pub(super) configuration: String,
    /// Tells it from all others of the kind.
    pub(super) id: String,
    pub(super) rules: Vec<Rule>,
    /// Whether rules name requests through equivalent kinds too.
    pub(super) equivalent: bool,
    pub(super) namespaces: LabelSelector,
    pub(super) objects: LabelSelector,
    pub(super) conditions: Vec<Condition>,
    pub(super) ignores_failure: bool,
    pub(super) reinvocable: bool,
    pub(super) timeout: Duration,
    /// The version of the reviews that it gets.
    pub(super) version: &'static str,
    /// `None` if its client configuration cannot be read.
    pub(super) destination: Option<Destination>,
}

/// The webhooks of the configurations in a store.
pub(super) struct Configurations {
    store: Store,
    prefix: Prefix,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// When a configuration had last changed; `None` before they are read for the first time.
    at: Option<Revision>,
    hooks: Arc<[Webhook]>,
}

impl Configurations {
    pub(super) fn new(store: Store, kind: &Kind) -> Self {
        Self { store, prefix: kind.prefix(), known: Mutex::default() }
    }

    /// The webhooks as they are now, in the order in which they are called: by their configuration's name.
    pub(super) fn current(&self) -> Arc<[Webhook]> {
        Arc::clone(&self.known().hooks)
    }

    /// Whether such requests may be for one of them. Configurations themselves are for none.
    pub(super) fn concern(&self, attributes: &Attributes<'_>) -> bool {
        let own_group = || attributes.target.def.gvk.group == "admissionregistration.k8s.io";
        !self.known().hooks.is_empty() && !own_group()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        let at = Some(self.store.changed_at(&self.prefix));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.at != at {
            let snapshot = self.store.snapshot();
            let objects = snapshot.range(&self.prefix, None).map(|(_, found)| stored::parse(found.bytes()));
            *known = Known { at, hooks: objects.flat_map(|object| webhooks(&object)).collect() };
        }
        known
    }
}

fn webhooks(configuration: &Value) -> Vec<Webhook> {
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut hooks = Vec::new();
    for webhook in meta::items(configuration, &["webhooks"]) {
        let text = |member: &str| meta::text(webhook, &[member]);
        let count = named.entry(text("name")).or_default();
        let id = format!("{}/{}/{count}", meta::name(configuration), text("name"));
        *count += 1;
        let accepted = meta::items(webhook, &["admissionReviewVersions"]).iter().filter_map(Value::as_str);
        let known = accepted.filter_map(|version| VERSIONS.into_iter().find(|known| *known == version)).next();
        let selector = |member: &str| selectors::parse(webhook.get(member)).unwrap_or_default();
        hooks.push(Webhook {
            name: text("name").to_owned(),
            configuration: meta::name(configuration).to_owned(),
            id,
            rules: meta::items(webhook, &["rules"]).iter().map(Rule::of).collect(),
            equivalent: text("matchPolicy") == "Equivalent",
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
            conditions: conditions::compile(webhook),
            ignores_failure: text("failurePolicy") == "Ignore",
            reinvocable: text("reinvocationPolicy") == "IfNeeded",
            timeout: Duration::from_secs(webhook.get("timeoutSeconds").and_then(Value::as_u64).unwrap_or(10)),
            version: known.unwrap_or(VERSIONS[0]),
            destination: webhook.get("clientConfig").and_then(Destination::of),
        });
    }
    hooks
}
