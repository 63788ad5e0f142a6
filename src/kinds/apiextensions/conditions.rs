//! The conditions of a definition.

use serde_json::{Value, json};

use crate::kinds::Moment;
use crate::{object::meta, text::time::rfc3339};

/// What a condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is about.
    pub kind: &'static str,
    /// `True` or `False`.
    pub status: &'static str,
    /// Why, in one word.
    pub reason: &'static str,
    /// Why.
    pub message: std::borrow::Cow<'static, str>,
}

/// Whether the kind is served.
pub const ESTABLISHED: &str = "Established";
/// Whether no other definition of the group has its names.
pub const NAMES_ACCEPTED: &str = "NamesAccepted";
/// Whether the definition and its instances are being deleted.
pub const TERMINATING: &str = "Terminating";

/// The names are accepted, and the kind is about to be served.
pub const INSTALLING: Condition =
    Condition::new(ESTABLISHED, "False", "Installing", "the initial names have been accepted");
/// The kind is served.
pub const SERVED: Condition =
    Condition::new(ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted");
/// The kind is not served.
pub const NOT_ACCEPTED: Condition = Condition::new(ESTABLISHED, "False", "NotAccepted", "not all names are accepted");
/// The kind is not served since its webhook cannot be reached.
pub const INVALID_BUNDLE: Condition =
    Condition::new(ESTABLISHED, "False", "InvalidCABundle", "The conversion webhook CABundle is invalid");
/// The deletion has been asked for.
pub const DELETION_PENDING: Condition = Condition::new(
    TERMINATING,
    "True",
    "InstanceDeletionPending",
    "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
);
/// The instances are being deleted.
pub const DELETION_IN_PROGRESS: Condition =
    Condition::new(TERMINATING, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress");
/// There are no instances any more.
pub const DELETION_COMPLETED: Condition =
    Condition::new(TERMINATING, "False", "InstanceDeletionCompleted", "removed all instances");
/// There never were instances.
pub const NEVER_ESTABLISHED: Condition =
    Condition::new(TERMINATING, "False", "NeverEstablished", "resource was never established");

impl Condition {
    /// A condition with a text that is known when the program is built.
    pub const fn new(kind: &'static str, status: &'static str, reason: &'static str, message: &'static str) -> Self {
        Self { kind, status, reason, message: std::borrow::Cow::Borrowed(message) }
    }
}

/// The condition of this type.
pub fn find<'a>(definition: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = meta::items(definition, &["status", "conditions"]).iter();
    conditions.into_iter().find(|condition| meta::text(condition, &["type"]) == kind)
}

/// Whether the condition of this type is true.
pub fn is_true(definition: &Value, kind: &str) -> bool {
    find(definition, kind).is_some_and(|condition| meta::text(condition, &["status"]) == "True")
}

/// Whether the definition says so already.
pub fn says(definition: &Value, condition: &Condition) -> bool {
    find(definition, condition.kind).is_some_and(|found| {
        let text = |name| meta::text(found, &[name]);
        (text("status"), text("reason"), text("message")) == (condition.status, condition.reason, &*condition.message)
    })
}

/// Sets a condition. Its time of transition stays if its status does.
pub fn set(definition: &mut Value, condition: &Condition, now: Moment) {
    let mut conditions = meta::items(definition, &["status", "conditions"]).to_vec();
    let place = conditions.iter().position(|known| meta::text(known, &["type"]) == condition.kind);
    let since =
        place.map(|place| &conditions[place]).filter(|known| meta::text(known, &["status"]) == condition.status);
    let since = since.map(|known| meta::text(known, &["lastTransitionTime"]).to_owned());
    let new = json!({
        "type": condition.kind,
        "status": condition.status,
        "lastTransitionTime": since.filter(|time| !time.is_empty()).unwrap_or_else(|| rfc3339(now)),
        "reason": condition.reason,
        "message": condition.message,
    });
    match place {
        Some(place) => conditions[place] = new,
        None => conditions.push(new),
    }
    meta::map_mut(definition, "status").insert("conditions".into(), conditions.into());
}
