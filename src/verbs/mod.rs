//! What can be done to any kind, written once: the API's semantics above the store and below HTTP.
//!
//! HTTP and the controllers both use [`Api`], so defaulting, validation, conflicts and watch are the same for everybody.

mod access;
pub mod admission;
mod apply;
mod audit_annotations;
mod connect;
mod context;
mod create;
mod delete;
mod delete_collection;
mod get;
mod list;
mod options;
mod patch;
mod read;
mod registry;
mod subresources;
mod update;
mod watch;
mod write;

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    sync::{Arc, PoisonError, RwLock},
};

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;

pub use crate::store::{Clock, Event, Health, Stats, Stored};
pub use crate::text::time::rfc3339;
pub use crate::wire::DecodedObject;
pub use access::Authorization;
pub use audit_annotations::AuditAnnotations;
pub use context::Context;
pub use options::{
    Caller, DeleteOptions, ListOptions, Page, Patch, PatchKind, Preconditions, Target, Validation, WriteOptions,
};
pub use read::feed::{Feed, FeedItem, StoredObjects};
pub use read::stored::{facts, parse, view, with_type};
pub use registry::{Kinds, Registry};
pub use watch::{EventType, Watch, WatchEvent};

use crate::{
    kinds::{Kind, KindDef},
    object::{
        GroupVersionKind, Revision, Status,
        status::Result,
        token::{Objects, Tokens},
    },
    store::Store,
    webhook,
};

/// The API: every verb for every kind. A cheap handle.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    store: Store,
    registry: Registry,
    context: Arc<Context>,
    settings: Settings,
    admission: RwLock<Arc<admission::Chain>>,
    ranges: write::allocate::KnownRanges,
    policies: access::Policies,
    webhooks: Arc<webhook::Client>,
}

/// What the cluster looks like.
#[derive(Clone)]
pub struct Settings {
    /// Service address ranges, primary family first.
    pub cluster_ip_ranges: Vec<IpNet>,
    /// Node ports.
    pub node_ports: RangeInclusive<u16>,
    /// Who decides what a request may do, in this order.
    pub authorization: Vec<Authorization>,
    /// Issues tokens, and knows whose they are.
    pub tokens: Arc<dyn Tokens>,
    /// The admission plugins that do not run.
    pub disabled_plugins: BTreeSet<String>,
    /// The CA that signed the server's certificate, in PEM; empty without TLS.
    pub root_ca: String,
}

/// What a write returns.
pub struct Written {
    /// The object as it is now.
    pub answer: Answer,
    /// Whether it is new.
    pub created: bool,
    /// `Warning` headers.
    pub warnings: Vec<String>,
}

/// What a delete returns.
pub struct Deleted {
    /// The object, or a `Status`.
    pub answer: Answer,
    /// The object is still there and the caller asked not to orphan: 202.
    pub accepted: bool,
    /// `Warning` headers.
    pub warnings: Vec<String>,
}

/// An object to send.
pub enum Answer {
    /// An object in its kind's form, whose bytes can be sent after `kind` and `apiVersion` are put in front.
    Stored(Arc<Stored>),
    /// A complete object.
    Value(Value),
}

impl Api {
    /// The API on a store.
    pub fn new(store: Store, registry: Registry, context: Context, settings: Settings) -> Self {
        let (ranges, policies) = Default::default();
        let chain = admission::Chain::built_in(&store).without(&settings.disabled_plugins);
        let admission = RwLock::new(Arc::new(chain));
        let services = Arc::new(admission::webhooks::StoreServices(store.clone()));
        let webhooks = Arc::new(webhook::Client::new(services, context.clock()));
        let context = Arc::new(context);
        Self(Arc::new(Inner { store, registry, context, settings, admission, ranges, policies, webhooks }))
    }

    /// Has writes reviewed by this plugin too, after all others.
    pub fn add_admission(&self, plugin: Arc<dyn admission::Admission>) {
        let mut chain = self.0.admission.write().unwrap_or_else(PoisonError::into_inner);
        *chain = Arc::new(admission::Chain::clone(&chain).with(plugin));
    }

    /// The admission plugins.
    fn admission(&self) -> Arc<admission::Chain> {
        self.0.admission.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes what converts custom objects by the webhook that the `spec.conversion` of a definition names; `None` if that
    /// cannot be called. It does not hold on to the API.
    pub fn converters(&self) -> impl Fn(&Value) -> Option<webhook::WebhookConverter> + Send + Sync + 'static {
        let (client, context) = (Arc::clone(&self.0.webhooks), Arc::clone(&self.0.context));
        let ids: webhook::Ids = Arc::new(move || context.uid("conversion review"));
        move |conversion| webhook::WebhookConverter::new(&client, &ids, conversion)
    }

    /// The kinds served.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// A kind that the server itself relies on.
    fn known_kind(&self, gvk: &GroupVersionKind) -> Result<Kind> {
        let found = self.registry().kind(&gvk.group, &gvk.version, &gvk.kind);
        found.ok_or_else(|| Status::internal(format!("the kind {gvk} is not served")))
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.0.context.now()
    }

    /// A fresh random id for a request.
    pub fn new_request_id(&self) -> String {
        self.0.context.uid("request")
    }

    /// The newest revision.
    pub fn revision(&self) -> Revision {
        self.0.store.revision()
    }

    /// Whether the store can do its work.
    pub fn health(&self) -> Health {
        self.0.store.health()
    }

    /// Figures about the store.
    pub fn stats(&self) -> Stats {
        self.0.store.stats()
    }

    /// The cluster's ranges.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// An object of a kind that is stored as clients see it.
    fn view_of(&self, target: &Target) -> Result<Value> {
        let found = self.0.store.get(&target.key()).ok_or_else(|| target.not_found())?;
        Ok(view(&target.def, &found))
    }

    /// How many numbers of a pool are held.
    pub fn held(&self, pool: &str) -> usize {
        self.0.store.held(pool)
    }
}

impl Objects for Api {
    fn now(&self) -> Timestamp {
        self.now()
    }

    fn find(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = self.registry().stored("", plural)?;
        self.view_of(&Target::new(&kind, namespace, name)).ok()
    }
}

impl Answer {
    /// The complete object, with `kind` and `apiVersion`.
    pub fn into_value(self, def: &KindDef) -> Value {
        match self {
            Self::Stored(stored) => view(def, &stored),
            Self::Value(value) => value,
        }
    }
}
