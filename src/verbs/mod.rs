//! What can be done to any kind, written once: the API's semantics above the store and below HTTP.
//!
//! [`Api`] is the one door. HTTP and the controllers both come in through it, so defaulting, validation,
//! conflicts and watch are the same for everybody.

mod admission;
mod authorize;
mod change;
mod context;
mod continuation;
mod create;
mod delete;
mod delete_collection;
mod feed;
mod get;
mod ledger;
mod list;
mod managed;
mod metadata;
mod options;
mod patch;
mod pods;
mod policy;
mod registry;
mod scale;
mod selection;
mod stored;
mod tokens;
mod update;
mod watch;

use std::{ops::RangeInclusive, sync::Arc};

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;

pub use crate::store::{Event, Stats, Stored};
pub use crate::text::time::rfc3339;
pub use crate::wire::DecodedObject;
pub use authorize::Authorization;
pub use context::{Clock, Context};
pub use feed::{Feed, FeedItem, Objects};
pub use options::{
    Caller, DeleteOptions, ListOptions, Page, Patch, PatchKind, Preconditions, Target, Validation, WriteOptions,
};
pub use registry::{Kinds, Registry};
pub use stored::{splices, view, view_bytes, with_type};
pub use watch::{EventType, Watch, WatchEvent};

use crate::{
    kinds::KindDef,
    object::{Revision, token::Tokens},
    store::Store,
};

/// The API: every verb for every kind. A cheap handle.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    store: Store,
    registry: Registry,
    context: Context,
    settings: Settings,
    ranges: ledger::KnownRanges,
    policies: policy::Policies,
}

/// What the cluster looks like.
#[derive(Clone)]
pub struct Settings {
    /// Service address ranges, primary family first.
    pub cluster_ip_ranges: Vec<IpNet>,
    /// Node ports.
    pub node_ports: RangeInclusive<u16>,
    /// Who decides what a request may do.
    pub authorization: Authorization,
    /// Issues tokens, and knows whose they are.
    pub tokens: Arc<dyn Tokens>,
    /// The CA that signed the server's certificate, in PEM; empty without TLS.
    pub root_ca: String,
}

/// What a write answers.
pub struct Written {
    /// The object as it is now.
    pub answer: Answer,
    /// Whether it is new.
    pub created: bool,
    /// `Warning` headers.
    pub warnings: Vec<String>,
}

/// What a delete answers.
pub struct Deleted {
    /// The object, or a `Status`.
    pub answer: Answer,
    /// The object is still there and the caller asked not to orphan: 202.
    pub accepted: bool,
}

/// An object to send.
pub enum Answer {
    /// A stored object, whose bytes can be sent after `kind` and `apiVersion` are put in front.
    Stored(Arc<Stored>),
    /// A complete object.
    Value(Value),
}

impl Api {
    /// Opens the door to a store.
    pub fn new(store: Store, registry: Registry, context: Context, settings: Settings) -> Self {
        let (ranges, policies) = Default::default();
        Self(Arc::new(Inner { store, registry, context, settings, ranges, policies }))
    }

    /// The kinds served.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
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

    /// Figures about the store.
    pub fn stats(&self) -> Stats {
        self.0.store.stats()
    }

    /// The cluster's ranges.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How many numbers of a pool are held.
    pub fn held(&self, pool: &str) -> usize {
        self.0.store.held(pool)
    }
}

impl Answer {
    fn of(def: &KindDef, stored: Arc<Stored>) -> Self {
        if splices(def) { Self::Stored(stored) } else { Self::Value(view(def, &stored)) }
    }

    /// The complete object, with `kind` and `apiVersion`.
    pub fn into_value(self, def: &KindDef) -> Value {
        match self {
            Self::Stored(stored) => view(def, &stored),
            Self::Value(value) => value,
        }
    }
}
