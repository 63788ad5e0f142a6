//! The admission plugin that keeps storage from being removed while it is in use.

use serde_json::{Value, json};

use crate::{
    kinds::AdmissionPlugin,
    object::{meta, status::Result},
};

/// Gives each new object a finalizer.
pub struct StorageObjectInUseProtection(pub &'static str);

impl AdmissionPlugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    fn mutate(&self, object: &mut Value, old: Option<&Value>) -> Result<()> {
        if old.is_none() && !meta::finalizers(object).contains(&self.0) {
            let mut finalizers = meta::items(object, &["metadata", "finalizers"]).to_vec();
            finalizers.push(json!(self.0));
            meta::metadata_mut(object).insert("finalizers".to_owned(), finalizers.into());
        }
        Ok(())
    }
}
