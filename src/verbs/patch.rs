//! PATCH: a change computed from what is there.

use serde_json::Value;

use super::{
    Api, Patch, PatchKind, Target, Validation, WriteOptions, Written,
    write::{Edit, Write},
};
use crate::{
    kinds::{Behaviour, Subresource},
    merge,
    object::{FieldError, GroupVersionKind, Path, Status, status::Result},
    schema::ObjectType,
    text::go_print,
    wire,
};

impl Api {
    /// Patches an object or one of its subresources.
    pub async fn patch(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        patch: Patch,
        options: &WriteOptions,
    ) -> Result<Written> {
        if patch.kind == PatchKind::Apply {
            return self.apply(target, sub, &patch, options).await;
        }
        let write = Write { api: self, target, sub, options };
        if let Some((sub, Behaviour::Form(form))) = sub.map(|sub| (sub, &sub.behaviour)) {
            return write.patch_form(sub, &**form, &patch).await;
        }
        if options.force.is_some() {
            let error = FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch");
            return Err(Status::invalid_named("meta.k8s.io", "PatchOptions", "", &[error]));
        }
        let def = &target.def;
        let change = |current: &Value| patched(&def.gvk, def.schema(), current, &patch, options.validation);
        write.run(&Edit::Change(&change)).await
    }
}

/// The object after the patch, decoded again, and what is to be warned about.
pub(super) fn patched(
    gvk: &GroupVersionKind,
    object_type: &ObjectType,
    current: &Value,
    patch: &Patch,
    validation: Validation,
) -> Result<(Value, Vec<String>)> {
    let undecodable = |why: String| match patch.kind {
        PatchKind::Strategic => Status::bad_request(why),
        _ => Status::bad_request(format!("error decoding patch: {why}")),
    };
    let parsed = wire::json::parse(&patch.body).map_err(undecodable)?;
    let mut strict = match (validation, patch.kind) {
        (Validation::Ignore, _) => Vec::new(),
        (_, PatchKind::Json) => wire::complaints::of_json_patch(&parsed),
        _ => wire::complaints::of_merge_patch(&parsed),
    };
    let mut changes: Value = parsed.into_value();
    let mut object = current.clone();
    match patch.kind {
        PatchKind::Json => merge::json_patch(&mut object, &changes)?,
        PatchKind::Merge => merge::merge_patch(&mut object, &changes)?,
        PatchKind::Strategic => merge::strategic(&mut object, &mut changes, object_type)?,
        PatchKind::Apply => return Err(Status::internal("an applied configuration is merged, not patched")),
    }
    let shown = match patch.kind {
        PatchKind::Strategic => go_print(&changes),
        _ => String::from_utf8_lossy(&wire::to_json(&object)).into_owned(),
    };
    let refused = |why: &str| {
        let error = FieldError::invalid(&Path::new("patch"), shown.as_str(), why);
        Status::invalid_named("", "", "", &[error])
    };
    if object_type.is_structural() {
        strict.extend(wire::drop_other_version(&mut object, gvk));
    } else {
        wire::body::check_kind(&object, gvk).map_err(|why| refused(&why))?;
    }
    if patch.kind == PatchKind::Strategic {
        merge::restore(&mut object, object_type).map_err(|why| refused(&why))?;
    }
    let mut decoded = wire::recheck(object, object_type).map_err(|wire::DecodeError(why)| {
        // The converter that turns maps into structs has base64 decoded by itself.
        let is_converted = patch.kind == PatchKind::Strategic && why.starts_with("illegal base64 data");
        if is_converted { refused(&format!("error decoding from json: {why}")) } else { refused(&why) }
    })?;
    if patch.kind == PatchKind::Strategic {
        decoded.strict.sort();
    }
    strict.append(&mut decoded.strict);
    match validation {
        Validation::Ignore => Ok((decoded.value, Vec::new())),
        Validation::Strict if !strict.is_empty() => Err(refused(&wire::body::strict_error(&strict))),
        Validation::Warn | Validation::Strict => Ok((decoded.value, strict)),
    }
}
