//! GET of one object.

use std::time::Duration;

use super::{Answer, Api, Target, subresources::form, view};
use crate::{
    kinds::{Behaviour, Subresource},
    object::{Revision, Status, status::Result},
    store,
    text::{go_quote, integer::parse_uint},
};

/// How long a read waits for a revision that has not been reached.
const FUTURE_WAIT_MAX: Duration = Duration::from_secs(3);

impl Api {
    /// Reads an object. With a resourceVersion, the answer is at least that new.
    pub async fn get(&self, target: &Target, sub: Option<&Subresource>, resource_version: &str) -> Result<Answer> {
        let asked = parse_revision(resource_version).map_err(Status::untyped)?;
        self.wait_for(asked).await?;
        let stored = self.0.store.get(&target.key()).ok_or_else(|| target.not_found())?;
        let object = self.seen(&target.def, &stored).await?;
        if let Some((sub, Behaviour::Form(form))) = sub.map(|sub| (sub, &sub.behaviour)) {
            return Ok(Answer::Value(form::of(sub, &**form, &view(&target.def, &object))?));
        }
        Ok(Answer::Stored(object))
    }

    /// How many bytes the stored object has; 0 if there is none.
    pub fn size(&self, target: &Target) -> usize {
        self.0.store.get(&target.key()).map_or(0, |stored| stored.bytes().len())
    }

    /// Waits a moment for a revision from the future, then refuses it.
    pub(super) async fn wait_for(&self, revision: Revision) -> Result<()> {
        if revision <= self.revision() {
            return Ok(());
        }
        match self.0.store.wait_for(revision, FUTURE_WAIT_MAX).await {
            Ok(()) => Ok(()),
            Err(store::Error::Future { current }) => Err(Status::too_large_resource_version(revision.0, current.0)),
            Err(error) => Err(Status::internal(error)),
        }
    }
}

/// A `resourceVersion` parameter; empty means 0. The error is Go's text.
pub(super) fn parse_revision(text: &str) -> std::result::Result<Revision, String> {
    if text.is_empty() {
        return Ok(Revision(0));
    }
    let invalid = |why| format!("resourceVersion: Invalid value: {}: {why}", go_quote(text));
    parse_uint(text).map(Revision).map_err(invalid)
}
