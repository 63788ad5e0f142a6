//! The path that every write takes between its verb and the store, in Kubernetes' order.

mod admit;
pub(super) mod allocate;
mod commit;
pub(super) mod edit;
mod own;
mod stages;
mod versions;

use std::sync::Arc;

use serde_json::Value;

use super::{Api, Target, WriteOptions, Written, admission::Reliance};
use crate::{
    kinds::{Findings, Kind, Subresource},
    object::{Status, status::Result},
    store::Stored,
};
pub(super) use commit::Change;
pub(super) use edit::Edit;

/// How often a write is made again from the newest state because another writer was faster.
pub(super) const CONFLICTS_MAX: usize = 256;
/// How often an address or a port is chosen again because another writer took it.
const TAKEN_MAX: usize = 64;
/// How often a name is generated again because it exists.
const GENERATED_NAMES_MAX: usize = 8;

/// A write of one object: who writes what where.
#[derive(Clone, Copy)]
pub(super) struct Write<'a> {
    /// The API.
    pub api: &'a Api,
    /// The object, or the collection that a new one goes into.
    pub target: &'a Target,
    /// The subresource that is written, if it is not the object itself.
    pub sub: Option<&'a Subresource>,
    /// What the request asks for beside the object.
    pub options: &'a WriteOptions,
}

/// What a write has come to so far.
struct Draft {
    /// The object as clients of the kind see it.
    object: Value,
    /// What is stored; `None` for a new object.
    old: Option<Old>,
    /// `Warning` headers.
    warnings: Vec<String>,
    /// What admission relied on.
    reliance: Reliance,
    /// The name was generated.
    generated: bool,
    /// What the kind's checks found, if they were run when addresses and ports were allocated.
    findings: Option<Findings>,
}

/// The object that a write found.
struct Old {
    stored: Arc<Stored>,
    /// In the kind's form.
    seen: Arc<Stored>,
    /// As clients of the kind see it.
    live: Value,
    /// The same without `resourceVersion`, and without kind and version where the store leaves them out.
    object: Value,
}

/// Why a write did not happen.
pub(super) enum WriteError {
    /// The object changed, appeared or vanished since it was read; this is what is there. Without one, something that the
    /// write relies on changed.
    Conflict(Option<Arc<Stored>>),
    /// An address or a port that was chosen has been taken since.
    Taken,
    /// There is an object of this name already.
    Exists {
        /// The name was generated, so another one will do.
        generated: bool,
        /// The refusal.
        status: Box<Status>,
    },
    /// The write cannot be done.
    Failed(Box<Status>),
}

impl From<Box<Status>> for WriteError {
    fn from(status: Box<Status>) -> Self {
        Self::Failed(status)
    }
}

impl WriteError {
    /// The same, and what the client is to be warned about although the write failed.
    fn warning(mut self, warnings: Vec<String>) -> Self {
        if let Self::Failed(status) = &mut self
            && status.warnings.is_empty()
        {
            status.warnings = warnings;
        }
        self
    }
}

impl Write<'_> {
    /// Writes; retries as a whole for as long as other writers come in between.
    pub async fn run(&self, edit: &Edit<'_>) -> Result<Written> {
        let (mut conflicts, mut taken, mut names) = (0, 0, 0);
        loop {
            match self.attempt(edit).await {
                Ok(written) => return Ok(written),
                Err(WriteError::Failed(status)) => return Err(status),
                Err(WriteError::Exists { generated, status }) => {
                    names += 1;
                    if !generated || names == GENERATED_NAMES_MAX {
                        return Err(status);
                    }
                }
                Err(WriteError::Conflict(_)) => {
                    conflicts += 1;
                    if conflicts == CONFLICTS_MAX {
                        let def = self.def();
                        return Err(Status::modified(&def.gvk.group, &def.plural, self.target.name()));
                    }
                }
                Err(WriteError::Taken) => {
                    taken += 1;
                    if taken == TAKEN_MAX {
                        let text = "the object could not be stored: other writers kept taking what it was given";
                        return Err(Status::internal(text));
                    }
                }
            }
        }
    }

    /// One attempt, from the state as it is now.
    async fn attempt(&self, edit: &Edit<'_>) -> std::result::Result<Written, WriteError> {
        let def = self.def();
        if def.is_custom && !self.api.0.registry.kinds().contains(def) {
            // The definition went while the write was under way.
            return Err(Status::no_such_resource().into());
        }
        let mut draft = self.decode(edit).await?;
        if let Err(error) = self.settle(edit, &mut draft).await {
            return Err(error.warning(draft.warnings));
        }
        self.store(edit, draft).await
    }

    /// Everything between decoding and storing.
    async fn settle(&self, edit: &Edit<'_>, draft: &mut Draft) -> std::result::Result<(), WriteError> {
        self.default_and_own(edit, draft).await;
        self.mutate(draft).await?;
        self.authorize(draft)?;
        self.identify(draft)?;
        self.allocate(draft)?;
        self.prepare(draft);
        self.validate(draft)?;
        self.admit(draft).await?;
        Ok(())
    }

    /// The kind that the request names.
    fn def(&self) -> &Kind {
        &self.target.def
    }

    /// The kind in whose form the object is stored, and by whose name errors call it.
    fn base(&self) -> &Kind {
        self.target.def.stored()
    }
}
