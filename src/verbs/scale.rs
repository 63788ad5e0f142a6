//! The `scale` subresource: how many pods there should be, in a form that is the same for all kinds.

use serde_json::{Value, json};

use super::{
    Answer, Api, Patch, PatchKind, Target, WriteOptions, Written,
    create::match_namespace,
    patch::{configuration, patched},
    update::{Edit, foreign_uid, match_name},
};
use crate::{
    kinds::{KindDef, Subresource, apps::workload},
    object::{FieldError, Path, Status, meta, status::Result},
    schema::{self, Message},
    wire::{self, DecodedObject},
};

/// The Scale of an object.
pub fn of(object: &Value) -> Value {
    let mut metadata = json!({});
    for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = meta::at(object, &["metadata", member]) {
            metadata[member] = value.clone();
        }
    }
    let scale = json!({
        "metadata": metadata,
        "spec": {"replicas": workload::replicas(object)},
        "status": {"replicas": workload::counted(object, "replicas"), "selector": workload::selector_text(object)},
    });
    let mut members = json!({"kind": "Scale", "apiVersion": "autoscaling/v1"});
    if let (Some(members), Value::Object(rest)) = (members.as_object_mut(), wire::normalise(scale, message())) {
        members.extend(rest);
    }
    members
}

impl Api {
    /// Replaces an object's Scale.
    pub(super) async fn update_scale(
        &self,
        target: &Target,
        sub: &Subresource,
        body: DecodedObject,
        options: &WriteOptions,
    ) -> Result<Written> {
        let DecodedObject { value: mut scale, warnings } = body;
        match_name(&scale, target)?;
        match_namespace(&mut scale, target)?;
        let edit = |current: &Value| Ok((scaled(target, current, &scale)?, Vec::new()));
        let mut written = self.modify(target, Some(sub), &Edit::Change(&edit), options).await?;
        written.warnings.splice(0..0, warnings);
        Ok(as_scale(&target.def, written))
    }

    /// Patches an object's Scale.
    pub(super) async fn patch_scale(
        &self,
        target: &Target,
        sub: &Subresource,
        patch: Patch,
        options: &WriteOptions,
    ) -> Result<Written> {
        let def = &target.def;
        let written = if patch.kind == PatchKind::Apply {
            let (config, warnings) = configuration(&patch, options)?;
            let mut scaled = json!({"apiVersion": def.gvk.api_version(), "kind": def.gvk.kind});
            scaled["metadata"] = config.get("metadata").cloned().unwrap_or_default();
            scaled["spec"] = json!({"replicas": requested(&config)});
            check(&config)?;
            let mut written = self.modify(target, Some(sub), &Edit::Apply(&scaled), options).await?;
            written.warnings.splice(0..0, warnings);
            written
        } else {
            let edit = |current: &Value| {
                let (scale, warnings) = patched(&sub.gvk, message(), &of(current), &patch, options.validation)?;
                Ok((scaled(target, current, &scale)?, warnings))
            };
            self.modify(target, Some(sub), &Edit::Change(&edit), options).await?
        };
        Ok(as_scale(def, written))
    }
}

/// The object with the number of pods, the revision and the identity that a Scale asks for.
fn scaled(target: &Target, object: &Value, scale: &Value) -> Result<Value> {
    check(scale)?;
    let uid = meta::uid(scale);
    if !uid.is_empty() && uid != meta::uid(object) {
        return Err(foreign_uid(target, uid, meta::uid(object)));
    }
    let mut object = object.clone();
    meta::map_mut(&mut object, "spec").insert("replicas".to_owned(), requested(scale).into());
    let version = match meta::resource_version(scale) {
        "" => Value::Null,
        version => version.into(),
    };
    meta::set(meta::metadata_mut(&mut object), "resourceVersion", version);
    Ok(object)
}

fn check(scale: &Value) -> Result<()> {
    let replicas = requested(scale);
    if replicas >= 0 {
        return Ok(());
    }
    let path = Path::new("spec").child("replicas");
    let error = FieldError::invalid(&path, replicas, "must be greater than or equal to 0");
    Err(Status::invalid_named("autoscaling", "Scale", meta::name(scale), &[error]))
}

fn requested(scale: &Value) -> i64 {
    meta::at(scale, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or_default()
}

fn as_scale(def: &KindDef, written: Written) -> Written {
    Written { answer: Answer::Value(of(&written.answer.into_value(def))), ..written }
}

fn message() -> &'static Message {
    schema::message("api.autoscaling.v1.Scale").expect("the schema has the kinds of all subresources")
}
