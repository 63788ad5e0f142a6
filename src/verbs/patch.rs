//! PATCH: a change computed from what is there.

use serde_json::{Map, Value};

use super::{Api, Patch, PatchKind, Target, Validation, WriteOptions, Written, update::Edit};
use crate::{
    kinds::{Action, Subresource},
    merge,
    object::{FieldError, GroupVersionKind, Path, Status, status::Result},
    schema::Message,
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
        if let Some(sub) = sub.filter(|sub| sub.action == Action::Scale) {
            return self.patch_scale(target, sub, patch, options).await;
        }
        if patch.kind != PatchKind::Apply && options.force.is_some() {
            let error = FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch");
            return Err(Status::invalid_named("meta.k8s.io", "PatchOptions", "", &[error]));
        }
        let def = &target.def;
        if patch.kind == PatchKind::Apply {
            let (config, warnings) = configuration(&patch, options)?;
            let mut written = self.modify(target, sub, &Edit::Apply(&config), options).await?;
            written.warnings.splice(0..0, warnings);
            return Ok(written);
        }
        let change = |current: &Value| patched(&def.gvk, def.schema(), current, &patch, options.validation);
        self.modify(target, sub, &Edit::Change(&change), options).await
    }
}

/// The object after the patch, decoded again, and what is to be warned about.
pub(super) fn patched(
    gvk: &GroupVersionKind,
    message: &'static Message,
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
        PatchKind::Strategic => merge::strategic(&mut object, &mut changes, message)?,
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
    wire::body::check_kind(&object, gvk).map_err(|why| refused(&why))?;
    if patch.kind == PatchKind::Strategic {
        merge::restore(&object, message).map_err(|why| refused(&why))?;
    }
    let mut decoded = wire::recheck(object, message).map_err(|error| refused(&error.0))?;
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

/// The configuration in an apply patch, which is YAML, of which JSON is a part; and what is to be warned about. What it
/// may contain is checked when it is merged.
pub(super) fn configuration(patch: &Patch, options: &WriteOptions) -> Result<(Value, Vec<String>)> {
    let undecodable = |why: String| Status::bad_request(format!("error decoding YAML: {why}"));
    let document =
        wire::yaml::parse(&patch.body).map_err(|why| undecodable(format!("error converting YAML to JSON: {why}")))?;
    if options.validation == Validation::Strict && !document.duplicates.is_empty() {
        let why = format!("yaml: unmarshal errors:\n  {}", document.duplicates.join("\n  "));
        return Err(Status::bad_request(format!("error strict decoding YAML: error converting YAML to JSON: {why}")));
    }
    let go_kind = document.node.go_kind();
    let config = match document.node.into_value() {
        Value::Null => Value::Object(Map::new()),
        config @ Value::Object(_) => config,
        _ => {
            let why = format!("json: cannot unmarshal {go_kind} into Go value of type map[string]interface {{}}");
            return Err(undecodable(format!("error unmarshaling JSON: while decoding JSON: {why}")));
        }
    };
    let warnings = if options.validation == Validation::Warn { document.duplicates } else { Vec::new() };
    Ok((config, warnings))
}
