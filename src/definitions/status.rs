//! Writes what is found out about definitions.

use serde_json::Value;

use crate::{
    kinds::apiextensions::custom_resource_definition::DEF,
    object::{meta, status::Result},
    verbs::{Api, DecodedObject, Target, WriteOptions},
};

/// Who writes the status of definitions.
pub const MANAGER: &str = "kube-apiserver";

/// Writes the status of a definition, and returns the definition as it is then.
pub async fn write_status(api: &Api, definition: Value) -> Result<Value> {
    let target = Target::new(&DEF, "", meta::name(&definition));
    let options = WriteOptions::internal(MANAGER);
    let written = api.update(&target, DEF.subresource("status"), DecodedObject::from(definition), &options).await?;
    Ok(written.answer.into_value(&DEF))
}
