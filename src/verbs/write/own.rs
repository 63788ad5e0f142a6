//! Records in `metadata.managedFields` who wrote which field.

use serde_json::Value;

use super::{Write, versions::Conversions};
use crate::{
    kinds::{Behaviour, Kind, Subresource},
    merge::{self, managers, versions::Versions},
    object::{GroupVersionKind, meta, status::Result},
    schema::ObjectType,
    text::time::rfc3339,
    verbs::{Api, WriteOptions},
};

impl Write<'_> {
    /// Records what this write changed; `new` and `live` are as clients of the kind see them.
    pub(in crate::verbs) async fn own(&self, live: Option<&Value>, new: &mut Value) {
        if self.def().untracked {
            meta::metadata_mut(new).shift_remove("managedFields");
            return;
        }
        let conversions = self.conversions();
        let hidden: Fields = match self.sub.map(|sub| &sub.behaviour) {
            Some(Behaviour::Form(form)) => form.hidden_fields(new),
            _ => &[],
        };
        let record = |versions| {
            let mut owned = new.clone();
            self.with_context(versions, hidden, |context| managers::update(live, &mut owned, context));
            owned
        };
        let owned = match &conversions {
            Some(conversions) => conversions.complete(|| record(Some(conversions))).await,
            None => return self.with_context(None, hidden, |context| managers::update(live, new, context)),
        };
        *new = owned;
    }

    /// Merges an applied configuration into what is there.
    pub(in crate::verbs) async fn merge_applied(&self, live: Option<&Value>, config: &Value) -> Result<Value> {
        let is_untracked = self.def().untracked;
        let force = is_untracked || self.options.force.unwrap_or_default();
        let conversions = self.conversions();
        let merge = |versions| self.with_context(versions, &[], |context| merge::apply(live, config, context, force));
        let mut merged = match &conversions {
            Some(conversions) => conversions.complete(|| merge(Some(conversions))).await?,
            None => merge(None)?,
        };
        if is_untracked {
            meta::metadata_mut(&mut merged).shift_remove("managedFields");
        }
        Ok(merged)
    }

    fn conversions(&self) -> Option<Conversions<'_>> {
        let conversion = self.def().conversion.as_deref().filter(|conversion| conversion.has_versions());
        conversion.map(Conversions::new)
    }

    fn with_context<T>(
        &self,
        versions: Option<&Conversions<'_>>,
        hidden: Fields,
        f: impl FnOnce(&managers::Context) -> T,
    ) -> T {
        let def = self.def();
        let written = Written {
            gvk: &def.gvk,
            object: def.schema(),
            sub: self.sub,
            reset: reset_fields(def, self.sub, hidden),
            versions,
        };
        self.api.with_owner(&written, self.options, f)
    }
}

/// Paths of fields.
type Fields = &'static [&'static [&'static str]];

/// What is written, and through which path.
struct Written<'a> {
    gvk: &'a GroupVersionKind,
    object: &'a ObjectType,
    sub: Option<&'a Subresource>,
    reset: &'a [&'a [&'a str]],
    versions: Option<&'a Conversions<'a>>,
}

impl Api {
    /// Records what the server itself does along with another write: it makes an object, or changes a part of one.
    pub(in crate::verbs) fn own_by_server(
        &self,
        kind: &Kind,
        part: Option<&Subresource>,
        live: Option<&Value>,
        new: &mut Value,
    ) {
        let written = Written {
            gvk: &kind.gvk,
            object: kind.schema(),
            sub: part,
            reset: reset_fields(kind, part, &[]),
            versions: None,
        };
        let options = WriteOptions::internal("kube-apiserver");
        self.with_owner(&written, &options, |context| managers::update(live, new, context));
    }

    /// Records the creation of a request to a subresource, such as one for a token.
    pub(in crate::verbs) fn own_request(
        &self,
        sub: &Subresource,
        new: &mut Value,
        options: &WriteOptions,
    ) -> Result<()> {
        let schema = sub.schema()?;
        let written = Written { gvk: &sub.gvk, object: &schema, sub: Some(sub), reset: &[], versions: None };
        self.with_owner(&written, options, |context| managers::update(None, new, context));
        Ok(())
    }

    fn with_owner<T>(
        &self,
        written: &Written<'_>,
        options: &WriteOptions,
        f: impl FnOnce(&managers::Context) -> T,
    ) -> T {
        let now = rfc3339(self.now());
        let is_form = written.sub.is_some_and(|sub| matches!(sub.behaviour, Behaviour::Form(_)));
        f(&managers::Context {
            manager: options.field_manager.as_deref().unwrap_or(&options.caller.manager),
            api_version: &written.gvk.api_version(),
            kind: &written.gvk.kind,
            subresource: written.sub.map_or("", |sub| &sub.name),
            now: (!is_form).then_some(&*now),
            object: written.object,
            reset: written.reset,
            hands_over: is_form && written.object.is_structural(),
            versions: written.versions.map(|versions| versions as &dyn Versions),
        })
    }
}

/// The fields that nobody comes to own by writing through this path: those that the kind says, or that a form does not show.
fn reset_fields(kind: &Kind, sub: Option<&Subresource>, hidden: Fields) -> Fields {
    match sub.and_then(Subresource::strategy) {
        _ if !hidden.is_empty() => hidden,
        Some(part) => part.reset_fields(&*kind.strategy),
        None if kind.has_status => &[&["status"]],
        None => &[],
    }
}
