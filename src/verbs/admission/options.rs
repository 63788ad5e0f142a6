//! The options of a request as admission shows them: an object of `meta.k8s.io/v1`.

use serde_json::{Map, Value, json};

use super::Operation;
use crate::verbs::{DeleteOptions, WriteOptions};

/// The options of a request.
#[derive(Clone, Copy)]
pub enum RequestOptions<'a> {
    Write(&'a WriteOptions),
    Delete(&'a DeleteOptions),
    /// A connection has none.
    None,
}

impl RequestOptions<'_> {
    /// As clients send them; null if there are none.
    pub fn to_value(self, operation: Operation) -> Value {
        let kind = match (self, operation) {
            (Self::None, _) => return Value::Null,
            (Self::Delete(_), _) => "DeleteOptions",
            (Self::Write(_), Operation::Create) => "CreateOptions",
            (Self::Write(_), _) => "UpdateOptions",
        };
        let mut out = Map::new();
        out.insert("kind".into(), kind.into());
        out.insert("apiVersion".into(), "meta.k8s.io/v1".into());
        let mut set = |name: &str, value: Value| drop(out.insert(name.into(), value));
        match self {
            Self::Write(options) => {
                if options.dry_run {
                    set("dryRun", json!(["All"]));
                }
                for (name, text) in
                    [("fieldManager", &options.field_manager), ("fieldValidation", &options.field_validation)]
                {
                    if let Some(text) = text {
                        set(name, text.as_str().into());
                    }
                }
            }
            Self::Delete(options) => {
                if let Some(seconds) = options.grace_period_seconds {
                    set("gracePeriodSeconds", seconds.into());
                }
                if let Some(preconditions) = preconditions(options) {
                    set("preconditions", preconditions);
                }
                if let Some(orphan) = options.orphan_dependents {
                    set("orphanDependents", orphan.into());
                }
                if let Some(policy) = &options.propagation_policy {
                    set("propagationPolicy", policy.as_str().into());
                }
                if options.dry_run {
                    set("dryRun", json!(["All"]));
                }
            }
            Self::None => {}
        }
        out.into()
    }
}

fn preconditions(options: &DeleteOptions) -> Option<Value> {
    let wanted = &options.preconditions;
    let members = [("uid", &wanted.uid), ("resourceVersion", &wanted.resource_version)];
    let given: Map<_, _> =
        members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_deref()?.into()))).collect();
    (!given.is_empty()).then_some(Value::Object(given))
}
