//! Objects in the versions that managers wrote through. Merging is a plain function, and a conversion may have to wait: so
//! merging is done again whenever it asked for a conversion that had not been made.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::{kinds::Conversion, merge, schema::ObjectType};

/// The conversions that have been made during one write.
pub(super) struct Conversions<'a> {
    conversion: &'a dyn Conversion,
    made: Mutex<Vec<Made>>,
    wanted: Mutex<Option<(Value, String)>>,
}

struct Made {
    object: Value,
    api_version: String,
    result: Result<Value, String>,
}

impl<'a> Conversions<'a> {
    /// None has been made yet.
    pub fn new(conversion: &'a dyn Conversion) -> Self {
        Self { conversion, made: Mutex::default(), wanted: Mutex::default() }
    }

    /// Merges, as often as conversions are missing. Each time one more has been made, so there is an end.
    pub async fn complete<T>(&self, merge: impl Fn() -> T) -> T {
        loop {
            let outcome = merge();
            let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some((object, api_version)) = wanted else { return outcome };
            let result = self.conversion.between(object.clone(), &api_version).await;
            let result = result.map_err(|status| status.message.clone());
            self.made.lock().unwrap_or_else(PoisonError::into_inner).push(Made { object, api_version, result });
        }
    }
}

impl merge::versions::Versions for Conversions<'_> {
    fn object_type(&self, api_version: &str) -> Option<&ObjectType> {
        self.conversion.object_type(api_version)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.iter().find(|made| made.api_version == api_version && made.object == *object) {
            return made.result.clone();
        }
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some((object.clone(), api_version.to_owned()));
        Err("the conversion has to be made first".to_owned())
    }
}
