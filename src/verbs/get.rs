//! GET of one object.

use std::time::Duration;

use super::{Answer, Api, Target, scale, view};
use crate::{
    kinds::{Action, Subresource},
    object::{Reason, Revision, Status, status::Result},
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
        if let Some(sub) = sub.filter(|s| s.action == Action::NeedsNode) {
            let text = format!(
                "{} {} needs a node that runs containers, and this server has none",
                target.def.plural, sub.name
            );
            return Err(Status::new(Reason::ServiceUnavailable, text));
        }
        if sub.is_some_and(|s| s.action == Action::Scale) {
            return Ok(Answer::Value(scale::of(&view(&target.def, &stored))));
        }
        Ok(Answer::of(&target.def, stored))
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
