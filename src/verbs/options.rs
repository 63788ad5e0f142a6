//! What a request asks for beside the object itself: who asks, and the options of each verb.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::audit_annotations::AuditAnnotations;
use crate::{
    kinds::Kind,
    object::{
        Key, Prefix, Revision, Status, User,
        access::{AUTHENTICATED, MASTERS},
    },
};

/// Which object, collection or subresource a request is about.
#[derive(Clone)]
pub struct Target {
    /// The kind.
    pub def: Kind,
    /// The namespace in the path; `None` for cluster-scoped kinds and lists over all namespaces.
    pub namespace: Option<String>,
    /// The name in the path; `None` for a collection.
    pub name: Option<String>,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: Arc<User>,
    /// The field manager when the request names none: the user agent up to its first `/`.
    pub manager: String,
    /// What admission adds to the audit log, if there is one.
    pub annotations: Option<Arc<AuditAnnotations>>,
}

impl Target {
    /// The object or collection of a kind.
    pub fn new(def: &Kind, namespace: &str, name: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self { def: def.clone(), namespace: some(namespace), name: some(name) }
    }

    /// Where its objects are stored.
    pub fn prefix(&self) -> Prefix {
        let prefix = self.def.prefix();
        self.namespace.as_ref().map_or(prefix.clone(), |namespace| prefix.namespace(namespace))
    }

    /// Where the object is stored.
    pub fn key(&self) -> Key {
        let (group, plural) = self.def.resource();
        Key::at(group, plural, self.namespace.as_deref(), self.name())
    }

    /// The name, empty for a collection.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The 404 of this object.
    pub fn not_found(&self) -> Box<Status> {
        Status::not_found(&self.def.gvk.group, &self.def.plural, self.name())
    }
}

impl WriteOptions {
    /// What a part of this server asks for when it writes.
    pub fn internal(manager: &str) -> Self {
        Self {
            caller: Caller::internal(manager),
            field_manager: None,
            validation: Validation::Ignore,
            field_validation: None,
            dry_run: false,
            force: None,
        }
    }
}

impl DeleteOptions {
    /// A delete without any wishes.
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            dry_run: false,
            grace_period_seconds: None,
            propagation_policy: None,
            orphan_dependents: None,
            preconditions: Preconditions::default(),
        }
    }
}

impl Caller {
    /// A part of this server.
    pub fn internal(manager: &str) -> Self {
        let user = User::new("system:apiserver", [AUTHENTICATED, MASTERS]);
        Self { user: Arc::new(user), manager: manager.to_owned(), annotations: None }
    }
}

/// How strictly a body's fields are checked; see `fieldValidation`.
pub use crate::wire::Validation;

/// Options of create, update and patch, and the caller.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// Who writes.
    pub caller: Caller,
    /// `fieldManager`.
    pub field_manager: Option<String>,
    /// `fieldValidation`.
    pub validation: Validation,
    /// `fieldValidation` as it was sent, if it was.
    pub field_validation: Option<String>,
    /// `dryRun=All`.
    pub dry_run: bool,
    /// `force`, for apply.
    pub force: Option<bool>,
}

/// The body of a PATCH.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Its media type.
    pub kind: PatchKind,
    /// Its bytes.
    pub body: Bytes,
}

/// The patch media types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    Json,
    Merge,
    Strategic,
    Apply,
}

/// `metav1.DeleteOptions`.
#[derive(Clone, Debug)]
pub struct DeleteOptions {
    /// Who deletes.
    pub caller: Caller,
    /// `dryRun=All`.
    pub dry_run: bool,
    /// `gracePeriodSeconds`.
    pub grace_period_seconds: Option<i64>,
    /// `propagationPolicy`, as sent.
    pub propagation_policy: Option<String>,
    /// `orphanDependents`.
    pub orphan_dependents: Option<bool>,
    /// `preconditions`.
    pub preconditions: Preconditions,
}

/// What must hold for a delete.
#[derive(Clone, Debug, Default)]
pub struct Preconditions {
    /// The object's uid.
    pub uid: Option<String>,
    /// The object's resourceVersion.
    pub resource_version: Option<String>,
}

/// `metav1.ListOptions`, as sent: selectors and versions are checked by the verbs.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// `labelSelector`.
    pub label_selector: String,
    /// `fieldSelector`.
    pub field_selector: String,
    /// `limit`; 0 is all.
    pub limit: usize,
    /// `continue`.
    pub continue_token: String,
    /// `resourceVersion`.
    pub resource_version: String,
    /// `resourceVersionMatch`.
    pub resource_version_match: String,
    /// `sendInitialEvents`.
    pub send_initial_events: Option<bool>,
    /// `allowWatchBookmarks`.
    pub allow_watch_bookmarks: bool,
    /// `timeoutSeconds`: when a watch ends; zero ends it at once.
    pub timeout: Option<Duration>,
}

/// A page of a list.
pub struct Page {
    /// The objects in their kind's form, in key order.
    pub items: Vec<std::sync::Arc<crate::store::Stored>>,
    /// The collection's resourceVersion.
    pub revision: Revision,
    /// `metadata.continue`, empty on the last page.
    pub continue_token: String,
    /// `metadata.remainingItemCount`.
    pub remaining: Option<u64>,
}
