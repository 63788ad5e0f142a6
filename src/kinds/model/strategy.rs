//! `Strategy`: the steps of a write that differ between kinds. The engine calls them in Kubernetes' order.

use jiff::Timestamp;
use serde_json::Value;

use super::allocator::Allocator;
use crate::kinds::{Authority, Claim, rules::same::same};
use crate::object::{FieldErrors, GroupVersionKind, User, meta, status::Result};

/// The time a pure function is told it is.
pub type Moment = Timestamp;

/// A kind's own steps. Objects come in decoded: unknown fields gone, types checked, absent instead of empty.
///
/// Create: `default` → admission → `authorize` → `allocate` → `prepare_for_create` → `validate` → `warnings` →
/// `canonicalize`. Update: the same with `prepare_for_update` and `validate_update`. Status: `default` →
/// `prepare_for_status` → `stamp_status` → `validate_status` → `status_warnings` → `canonicalize`.
///
/// Metadata is checked by rules of all kinds; strategies look at the rest, and say in which order.
pub trait Strategy: Send + Sync {
    /// Fills in what a decoder fills in, whenever an object of the kind is decoded.
    fn default(&self, _object: &mut Value) {}

    /// As [`Strategy::default`], of an object that a configuration has been merged into.
    fn default_applied(&self, object: &mut Value) {
        self.default(object);
    }

    /// Settles what needs the cluster's shared resources: addresses and ports. Its errors pre-empt validation's.
    ///
    /// A kind that decodes its spec for this checks it here too, so that it is decoded once; what is found takes the
    /// place of [`Strategy::validate`], [`Strategy::validate_update`] and [`Strategy::warnings`].
    fn allocate(
        &self,
        _object: &mut Value,
        _old: Option<&Value>,
        _allocator: &dyn Allocator,
    ) -> Result<Option<Findings>> {
        Ok(None)
    }

    /// Checks an object and collects warnings in one pass, for a kind where both cost much: in the place of
    /// [`Strategy::validate`], [`Strategy::validate_update`] and [`Strategy::warnings`].
    fn check(&self, _object: &Value, _old: Option<&Value>) -> Option<Findings> {
        None
    }

    /// Clears or sets fields of a new object. The engine has already emptied `status` if the kind has that subresource.
    fn prepare_for_create(&self, _object: &mut Value, _now: Moment) {}

    /// Writes into a new object who makes it.
    fn record_author(&self, _object: &mut Value, _user: &User) {}

    /// The kind's checks of a new object, in order.
    fn create_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object]
    }

    /// The kind's checks of an update, in order.
    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Change]
    }

    /// What is wrong with the name of a new object, beside what its kind's rule says of any name.
    fn name_problems(&self, _object: &Value) -> Vec<String> {
        Vec::new()
    }

    /// Checks an object ([`Check::Object`]); called also by the default `validate_update`.
    fn validate(&self, _object: &Value) -> FieldErrors {
        FieldErrors::new()
    }

    /// `Warning` headers for a write (`old` is `None` on create).
    fn warnings(&self, _object: &Value, _old: Option<&Value>) -> Vec<String> {
        Vec::new()
    }

    /// Rewrites valid values in canonical form.
    fn canonicalize(&self, _object: &mut Value) {}

    /// Restores or clears fields of an updated object. The engine has already restored `status` and metadata.
    fn prepare_for_update(&self, _object: &mut Value, _old: &Value) {}

    /// Checks an update ([`Check::Change`]).
    fn validate_update(&self, object: &Value, _old: &Value) -> FieldErrors {
        self.validate(object)
    }

    /// Limits what a status update may change. By default everything but `status` and metadata comes from the old object.
    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
    }

    /// Writes into an updated status when something in it changed.
    fn stamp_status(&self, _object: &mut Value, _old: &Value, _now: Moment) {}

    /// The fields that nobody comes to own by a status update, since it does not change them.
    fn status_reset_fields(&self) -> &'static [&'static [&'static str]] {
        &[&["spec"]]
    }

    /// Checks a status update.
    fn validate_status(&self, _object: &Value, _old: &Value) -> FieldErrors {
        FieldErrors::new()
    }

    /// `Warning` headers for a status update.
    fn status_warnings(&self, _object: &Value) -> Vec<String> {
        Vec::new()
    }

    /// Whether an update raises `metadata.generation`. By default any change outside metadata and status does.
    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        differs_outside_status(object, old)
    }

    /// The shared names that a stored object holds.
    fn claims(&self, _object: &Value) -> Result<Vec<Claim>> {
        Ok(Vec::new())
    }

    /// Objects of other kinds that are written and removed together with this one.
    fn companions(&self, _object: &Value) -> Result<Vec<Companion>> {
        Ok(Vec::new())
    }

    /// What else than `metadata.finalizers` keeps a deleted object from being removed.
    fn is_held(&self, _object: &Value) -> bool {
        false
    }

    /// Shows in the object that its deletion has begun.
    fn mark_deleting(&self, _object: &mut Value) {}

    /// Refuses to delete the object of this name, whether it is there or not. Deletes of a collection do not ask.
    fn check_deletion(&self, _name: &str) -> Result<()> {
        Ok(())
    }

    /// What the first DELETE makes of an object of a kind that has a way of its own to be deleted.
    fn begin_deletion(&self, _object: &Value, _now: Moment) -> Option<Value> {
        None
    }

    /// Seconds to wait before removal when DELETE asks for `requested`; `None` removes at once without a trace.
    fn grace_period(&self, _object: &Value, _requested: Option<i64>) -> Option<i64> {
        None
    }

    /// Refuses what the writer may not give to others (`old` is `None` on create).
    fn authorize(&self, _object: &Value, _old: Option<&Value>, _authority: &dyn Authority) -> Result<()> {
        Ok(())
    }

    /// Fills in the status of a review.
    fn review(&self, _object: &mut Value, _authority: &dyn Authority) -> Result<()> {
        Ok(())
    }
}

/// What a kind's checks of a write found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is wrong, in order.
    pub errors: FieldErrors,
    /// `Warning` headers.
    pub warnings: Vec<String>,
}

/// One of a kind's own checks. Its errors come after those about metadata that every kind has on an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The kind and version that the object states. If they are wrong, nothing else is told.
    Type,
    /// The rules of metadata, with the kind's rule for names.
    Metadata,
    /// What may not change in metadata.
    MetadataChange,
    /// [`Strategy::validate`].
    Object,
    /// [`Strategy::validate_update`].
    Change,
}

/// An object that comes and goes with another one, e.g. a Service's IPAddress.
#[derive(Clone, Debug, PartialEq)]
pub struct Companion {
    /// The companion's kind.
    pub gvk: GroupVersionKind,
    /// The object: metadata (name, labels) and spec. The engine adds uid and creation time.
    pub object: Value,
}

/// The strategy of a kind without steps of its own.
pub struct Plain;

impl Strategy for Plain {}

/// Takes every member but `metadata` and `status` from the old object.
pub fn keep_all_but_status(object: &mut Value, old: &Value) {
    let (Some(members), Some(stored)) = (object.as_object_mut(), old.as_object()) else {
        return;
    };
    let keep = |name: &String| name == "metadata" || name == "status";
    members.retain(|name, _| keep(name));
    for (name, value) in stored.iter().filter(|(name, _)| !keep(name)) {
        members.insert(name.clone(), value.clone());
    }
}

/// Whether two objects differ in any member but their type, metadata and status.
fn differs_outside_status(a: &Value, b: &Value) -> bool {
    const IGNORED: [&str; 4] = ["kind", "apiVersion", "metadata", "status"];
    let names = [a, b].into_iter().filter_map(Value::as_object).flat_map(|members| members.keys());
    let mut names = names.filter(|name| !IGNORED.contains(&name.as_str()));
    names.any(|name| !same(a.get(name), b.get(name)))
}

/// The cells of a kind that shows its name and age only.
pub fn name_and_age(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), age(object, now).into()]
}

/// An object's age as tables show it.
pub fn age(object: &Value, now: Moment) -> String {
    since(meta::text(object, &["metadata", "creationTimestamp"]), now)
}

/// How long ago an RFC 3339 time was, as `kubectl` shows it; `<unknown>` for an empty one.
pub fn since(time: &str, now: Moment) -> String {
    let Ok(then) = time.parse::<Timestamp>() else {
        return "<unknown>".to_owned();
    };
    human_duration(now.as_second() - then.as_second())
}

/// `k8s.io/apimachinery`'s `HumanDuration`.
pub fn human_duration(seconds: i64) -> String {
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |major: i64, unit: char, minor: i64, small: char| {
        if minor == 0 { format!("{major}{unit}") } else { format!("{major}{unit}{minor}{small}") }
    };
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, 'd', hours % 24, 'h'),
        () if days < 365 * 2 => format!("{days}d"),
        () if days < 365 * 8 => two(days / 365, 'y', days % 365, 'd'),
        () => format!("{}y", days / 365),
    }
}
