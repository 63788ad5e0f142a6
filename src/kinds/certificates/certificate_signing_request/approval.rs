//! `approval`: whether a request is approved or denied.

use serde_json::Value;

use super::{conditions, validate};
use crate::{
    kinds::{Moment, Strategy, SubresourceStrategy, model::strategy::keep_all_but_status},
    object::{FieldErrors, meta},
};

/// The subresource: a write of the conditions.
pub struct Approval;

impl SubresourceStrategy for Approval {
    fn prepare(&self, _kind: &dyn Strategy, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        let conditions = meta::at(object, &["status", "conditions"]).cloned().unwrap_or(Value::Null);
        let stored = old.get("status").cloned().unwrap_or_else(|| Value::Object(meta::Object::new()));
        meta::members_mut(object).insert("status".to_owned(), stored);
        meta::set(meta::map_mut(object, "status"), "conditions", conditions);
    }

    fn stamp(&self, _kind: &dyn Strategy, object: &mut Value, old: &Value, now: Moment) {
        conditions::stamp(object, old, now);
    }

    fn validate(&self, _kind: &dyn Strategy, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = validate::errors(object);
        errors.extend(conditions::change_errors(object, old, true));
        errors
    }

    fn reset_fields(&self, _kind: &dyn Strategy) -> &'static [&'static [&'static str]] {
        &[&["spec"], &["status", "certificate"]]
    }
}
