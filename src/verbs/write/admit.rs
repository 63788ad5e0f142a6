//! The stages of admission: plugins change and refuse what is written.

use serde_json::Value;

use super::{Draft, Write, edit::match_namespace};
use crate::{
    kinds::{Behaviour, rules::metadata},
    object::{meta, status::Result},
    text::time::rfc3339,
    verbs::{
        admission::{Attributes, Operation, RequestOptions, Review},
        read::stored,
        subresources::form,
    },
};

impl Write<'_> {
    /// Mutating admission.
    pub(super) async fn mutate(&self, draft: &mut Draft) -> Result<()> {
        let chain = self.api.admission();
        let attributes = self.attributes(draft);
        if !self.is_direct() && chain.handles(&attributes) {
            let old = draft.old.as_ref().map(|old| &old.live);
            let mut shown = self.seen(&draft.object, true)?;
            let old_shown = old.map(|old| self.seen(old, false)).transpose()?.flatten();
            let before = shown.clone();
            let object = shown.as_mut().unwrap_or(&mut draft.object);
            let mut review = Review::new(attributes, Some(object), old_shown.as_ref().or(old));
            let verdict = chain.mutate(self.api, &mut review).await;
            let Review { warnings, reliance, reinvocation, .. } = review;
            draft.warnings.extend(warnings);
            draft.reliance = reliance;
            verdict.map_err(|status| status.with_warnings(&draft.warnings))?;
            if shown != before {
                self.change_by_form(&mut draft.object, &shown.unwrap_or_default())?;
            } else if reinvocation.is_patched() {
                self.keep_identity(draft)?;
            }
        }
        draft.warnings.extend(metadata::dedup_owners(&mut draft.object));
        Ok(())
    }

    /// Validating admission: sees the object as it will be stored.
    pub(super) async fn admit(&self, draft: &mut Draft) -> Result<()> {
        let chain = self.api.admission();
        let attributes = self.attributes(draft);
        if self.is_direct() || !chain.validates(&attributes) {
            return Ok(());
        }
        let mut object = stored::with_type(self.def(), draft.object.clone());
        if let Some(old) = &draft.old {
            let revision = old.stored.revision().to_string();
            meta::metadata_mut(&mut object).insert("resourceVersion".into(), revision.into());
        }
        let old = draft.old.as_ref().map(|old| &old.live);
        let old_shown = old.map(|old| self.seen(old, false)).transpose()?.flatten();
        let mut object = self.seen(&object, true)?.unwrap_or(object);
        let mut review = Review::new(attributes, Some(&mut object), old_shown.as_ref().or(old));
        let verdict = chain.validate(self.api, &mut review).await;
        let Review { warnings, reliance, .. } = review;
        draft.warnings.extend(warnings);
        draft.reliance.extend(reliance);
        verdict.map_err(|status| status.with_warnings(&draft.warnings))
    }

    /// A webhook may change everything, but a new object stays in its namespace and is not being deleted.
    fn keep_identity(&self, draft: &mut Draft) -> Result<()> {
        match_namespace(&mut draft.object, self.target)?;
        if draft.old.is_none() {
            let metadata = meta::metadata_mut(&mut draft.object);
            for name in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
                metadata.shift_remove(name);
            }
        }
        Ok(())
    }

    /// The object in the form of the subresource that is written, if that has one of its own.
    fn seen(&self, object: &Value, is_new: bool) -> Result<Option<Value>> {
        match self.sub.map(|sub| (sub, &sub.behaviour)) {
            Some((sub, Behaviour::Form(form))) => {
                let now = is_new.then(|| rfc3339(self.api.now()));
                form::reviewed(sub, &**form, object, now).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn change_by_form(&self, object: &mut Value, shown: &Value) -> Result<()> {
        match self.sub.map(|sub| &sub.behaviour) {
            Some(Behaviour::Form(form)) => form.apply(object, shown),
            _ => Ok(()),
        }
    }

    /// Whether admission has seen the request that leads to this write, and so does not see the write itself.
    fn is_direct(&self) -> bool {
        self.sub.is_some_and(|sub| matches!(sub.behaviour, Behaviour::Edit(_)))
    }

    fn attributes(&self, draft: &Draft) -> Attributes<'_> {
        Attributes {
            operation: if draft.old.is_some() { Operation::Update } else { Operation::Create },
            target: self.target,
            sub: self.sub,
            caller: &self.options.caller,
            dry_run: self.options.dry_run,
            options: RequestOptions::Write(self.options),
            is_collection: false,
        }
    }
}
