//! `AdmissionPlugin`: what a kind adds to a write, or refuses, before its strategy comes.

use serde_json::Value;

use crate::object::status::Result;

/// An admission plugin of a kind that needs to know nothing but the object, under the name it has in kube-apiserver.
pub trait AdmissionPlugin: Send + Sync {
    /// The plugin's name.
    fn name(&self) -> &'static str;

    /// Changes or refuses an object (`old` is `None` on create).
    fn mutate(&self, object: &mut Value, old: Option<&Value>) -> Result<()>;
}
