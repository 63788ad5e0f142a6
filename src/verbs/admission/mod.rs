//! Admission: what may change or refuse a write between decoding and storing it, under kube-apiserver's names.
//!
//! Plugins that concern one kind only and need nothing but the object are named in the kind's definition; see
//! [`AdmissionPlugin`](crate::kinds::AdmissionPlugin). Here are those that look at every kind, or that have to wait.

mod authorizer;
pub(super) mod conditions;
mod options;
mod patched;
mod plugins;
mod policies;
pub(super) mod reinvocation;
mod request;
pub(super) mod rules;
pub(super) mod selectors;
pub(super) mod webhooks;

use std::{collections::BTreeSet, pin::Pin, sync::Arc};

use serde_json::Value;

pub use options::RequestOptions;
pub use reinvocation::Reinvocation;

use super::{Api, Caller, Target, read::stored};
use crate::{
    kinds::{Kind, Subresource, core::namespace},
    object::{Key, Revision, meta, status::Result},
    store::{Amendment, Store},
};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

/// What a request is.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    /// What it does.
    pub operation: Operation,
    /// The kind, the namespace, and the name, which a new object may not have yet.
    pub target: &'a Target,
    /// The subresource, if the request is for one.
    pub sub: Option<&'a Subresource>,
    /// Who sends it.
    pub caller: &'a Caller,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// The options of the request.
    pub options: RequestOptions<'a>,
    /// Whether it is one of many that a request for a collection stands for, and so names no object.
    pub is_collection: bool,
}

/// A request under review.
pub struct Review<'a> {
    /// What it is.
    pub attributes: Attributes<'a>,
    /// The object as it is to become, as clients of the kind see it; `None` for a delete.
    pub object: Option<&'a mut Value>,
    /// The object as it is stored; `None` for a new one.
    pub old: Option<&'a Value>,
    /// `Warning` headers to be added.
    pub warnings: Vec<String>,
    /// What the verdict relies on: if it does not hold any more when the write is stored, the write is reviewed anew.
    pub reliance: Reliance,
    /// What mutating plugins remember for their second round.
    pub reinvocation: Reinvocation,
}

/// What a verdict relies on, and what is to be written with the object.
#[derive(Debug, Default)]
pub struct Reliance {
    /// Objects that must still be as they were at these revisions.
    pub unchanged: Vec<(Key, Revision)>,
    /// Objects that change in the same transaction.
    pub amendments: Vec<(Key, Amendment)>,
}

/// The verdict of a plugin, which it may have to wait for.
pub type Verdict<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// An admission plugin. Add it to `plugins::built_in`, in the order of kube-apiserver, or with [`Api::add_admission`].
pub trait Admission: Send + Sync {
    /// The plugin's name.
    fn name(&self) -> &'static str;

    /// Whether it wants to change or refuse such requests. Those that no plugin wants cost nothing.
    fn handles(&self, _attributes: &Attributes<'_>) -> bool {
        false
    }

    /// Changes or refuses a request. Comes before the kind's strategy: a new object may have no name yet.
    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, _review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether it wants to see what such requests have come to.
    fn validates(&self, _attributes: &Attributes<'_>) -> bool {
        false
    }

    /// Refuses an object as it would be stored. Changes to it are lost.
    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, _review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The plugins, in the order in which they are called.
#[derive(Clone)]
pub struct Chain(Vec<Arc<dyn Admission>>);

impl Chain {
    /// The plugins that every server has; some follow what this store holds.
    pub fn built_in(store: &Store) -> Self {
        let [before, after] = plugins::built_in(store);
        let dynamic: [Arc<dyn Admission>; 4] = [
            Arc::new(policies::MutatingPolicies::new(store.clone())),
            Arc::new(webhooks::MutatingWebhooks::new(store.clone())),
            Arc::new(policies::ValidatingPolicies::new(store.clone())),
            Arc::new(webhooks::ValidatingWebhooks::new(store.clone())),
        ];
        Self(before.into_iter().chain(dynamic).chain(after).collect())
    }

    /// The plugins but for those of these names.
    pub fn without(mut self, disabled: &BTreeSet<String>) -> Self {
        self.0.retain(|plugin| !disabled.contains(plugin.name()));
        self
    }

    /// Adds a plugin, which is called after the others.
    pub fn with(mut self, plugin: Arc<dyn Admission>) -> Self {
        self.0.push(plugin);
        self
    }

    /// Whether any plugin wants to change or refuse such requests.
    pub(super) fn handles(&self, attributes: &Attributes<'_>) -> bool {
        self.0.iter().any(|plugin| plugin.handles(attributes))
    }

    /// Whether any plugin wants to see what such requests have come to.
    pub(super) fn validates(&self, attributes: &Attributes<'_>) -> bool {
        self.0.iter().any(|plugin| plugin.validates(attributes))
    }

    /// Mutating admission: a second round follows if a plugin requests it.
    pub(super) async fn mutate(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        self.mutate_once(api, review).await?;
        if review.reinvocation.begin() { self.mutate_once(api, review).await } else { Ok(()) }
    }

    async fn mutate_once(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        for plugin in &self.0 {
            if plugin.handles(&review.attributes) {
                plugin.mutate(api, review).await?;
            }
        }
        Ok(())
    }

    /// Validating admission.
    pub(super) async fn validate(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        for plugin in &self.0 {
            if plugin.validates(&review.attributes) {
                plugin.validate(api, review).await?;
            }
        }
        Ok(())
    }
}

impl Reliance {
    /// Adds what another verdict relies on.
    pub fn extend(&mut self, other: Self) {
        self.unchanged.extend(other.unchanged);
        self.amendments.extend(other.amendments);
    }
}

impl<'a> Review<'a> {
    /// A request of which nothing has been said yet.
    pub fn new(attributes: Attributes<'a>, object: Option<&'a mut Value>, old: Option<&'a Value>) -> Self {
        let (warnings, reliance, reinvocation) = Default::default();
        Self { attributes, object, old, warnings, reliance, reinvocation }
    }

    /// Adds an annotation to the request's record in the audit log. One that is there stays as it is.
    pub fn annotate(&self, key: &str, value: &str) {
        if let Some(annotations) = &self.attributes.caller.annotations {
            annotations.add(key, value);
        }
    }

    /// An object that the verdict relies on.
    pub fn rely_on(&mut self, api: &Api, kind: &Kind, namespace: &str, name: &str) -> Option<Value> {
        let key = Target::new(kind, namespace, name).key();
        let found = api.0.store.get(&key)?;
        self.reliance.unchanged.push((key, found.revision()));
        Some(stored::parse(found.bytes()))
    }

    /// The name of the object; empty for a new one whose name is still to be generated, and in a collection.
    pub fn name(&self) -> &str {
        let Attributes { target, is_collection, .. } = self.attributes;
        match target.name() {
            _ if is_collection => "",
            "" => self.object.as_deref().map_or("", meta::name),
            name => name,
        }
    }

    /// The options of the request. A namespace is only deleted if it is still the one that was found.
    pub fn options(&self) -> Value {
        let Attributes { operation, target, options, .. } = self.attributes;
        let mut options = options.to_value(operation);
        let is_namespace = operation == Operation::Delete && target.def.gvk == namespace::DEF.gvk;
        if let (true, Some(old)) = (is_namespace, self.old) {
            let preconditions = meta::map_mut(&mut options, "preconditions");
            preconditions.entry("uid").or_insert_with(|| meta::uid(old).into());
        }
        options
    }

    /// The namespace of the object. A namespace is in itself.
    pub fn namespace(&self) -> &str {
        let target = self.attributes.target;
        if target.def.gvk == namespace::DEF.gvk { self.name() } else { target.namespace.as_deref().unwrap_or_default() }
    }
}
