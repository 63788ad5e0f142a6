//! PATCH: a change computed from what is there.

use serde_json::Value;

use super::{Api, Patch, PatchKind, Target, Validation, WriteOptions, Written, update::Edit};
use crate::{
    kinds::{KindDef, Subresource},
    merge,
    object::{FieldError, Path, Status, status::Result},
    wire,
};

impl Api {
    /// Patches an object or one of its subresources.
    pub async fn patch(
        &self,
        target: &Target,
        sub: Option<&'static Subresource>,
        patch: Patch,
        options: &WriteOptions,
    ) -> Result<Written> {
        if patch.kind != PatchKind::Apply && options.force.is_some() {
            let error = FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch");
            return Err(Status::invalid_named("meta.k8s.io", "PatchOptions", "", &[error]));
        }
        let def = target.def;
        let change = |current: &Value| patched(def, current, &patch, options.validation);
        self.modify(target, sub, &Edit::Change(&change), options).await
    }
}

/// The object after the patch, decoded again, and what is to be warned about.
fn patched(def: &KindDef, current: &Value, patch: &Patch, validation: Validation) -> Result<(Value, Vec<String>)> {
    let mut object = current.clone();
    match patch.kind {
        PatchKind::Json => merge::json_patch(&mut object, &patch.body)?,
        PatchKind::Merge => merge::merge_patch(&mut object, &patch.body)?,
        PatchKind::Strategic => merge::strategic(&mut object, &patch.body, def.schema())?,
        PatchKind::Apply => return Err(Status::untyped("server-side apply is not built yet")),
    }
    let decoded = wire::decode_value(object, def.schema())?;
    let warnings = decoded.accept(validation, &def.gvk)?;
    Ok((decoded.value, warnings))
}
