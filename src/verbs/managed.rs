//! Records in `metadata.managedFields` who wrote which field.

use serde_json::Value;

use super::{Api, WriteOptions, rfc3339};
use crate::{
    kinds::{Action, KindDef, Subresource},
    merge::{self, managers},
    object::status::Result,
    schema,
};

impl Api {
    /// Records a create, update or patch; `new` and `live` are as clients of the kind see them.
    pub(super) fn record(
        &self,
        def: &KindDef,
        sub: Option<&Subresource>,
        live: Option<&Value>,
        new: &mut Value,
        options: &WriteOptions,
    ) {
        self.with_context(def, sub, options, |context| managers::update(live, new, context));
    }

    /// Records the creation of an object that belongs to another one, such as a request for a token.
    pub(super) fn record_request(&self, sub: &Subresource, new: &mut Value, options: &WriteOptions) {
        let Some(message) = schema::by_gvk(&sub.gvk.api_version(), &sub.gvk.kind) else { return };
        let context = managers::Context {
            manager: options.field_manager.as_deref().unwrap_or(&options.caller.manager),
            api_version: &sub.gvk.api_version(),
            kind: &sub.gvk.kind,
            subresource: &sub.name,
            now: &rfc3339(self.now()),
            message,
            reset: &[],
        };
        managers::update(None, new, &context);
    }

    /// Merges an applied configuration into what is there.
    pub(super) fn merge_applied(
        &self,
        def: &KindDef,
        sub: Option<&Subresource>,
        live: Option<&Value>,
        config: &Value,
        options: &WriteOptions,
    ) -> Result<Value> {
        let force = options.force.unwrap_or_default();
        self.with_context(def, sub, options, |context| merge::apply(live, config, context, force))
    }

    fn with_context<T>(
        &self,
        def: &KindDef,
        sub: Option<&Subresource>,
        options: &WriteOptions,
        f: impl FnOnce(&managers::Context) -> T,
    ) -> T {
        let reset: &[&[&str]] = match sub.map(|s| s.action) {
            Some(Action::Status) => &[&["spec"]],
            _ if def.has_status => &[&["status"]],
            _ => &[],
        };
        f(&managers::Context {
            manager: options.field_manager.as_deref().unwrap_or(&options.caller.manager),
            api_version: &def.gvk.api_version(),
            kind: &def.gvk.kind,
            subresource: sub.map_or("", |s| &s.name),
            now: &rfc3339(self.now()),
            message: def.schema(),
            reset,
        })
    }
}
