//! What a definition leaves out.

use serde_json::{Value, json};

use super::spec::storage_version;
use crate::object::meta;

/// Fills in names that follow from the kind, the conversion, and the list of versions in which objects are stored.
pub fn fill(object: &mut Value) {
    let kind = meta::text(object, &["spec", "names", "kind"]).to_owned();
    let spec = meta::map_mut(object, "spec");
    if !kind.is_empty()
        && let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut)
    {
        let mut fill = |member: &str, value: String| {
            if names.get(member).and_then(Value::as_str).unwrap_or_default().is_empty() {
                names.insert(member.to_owned(), value.into());
            }
        };
        fill("singular", kind.to_lowercase());
        fill("listKind", format!("{kind}List"));
    }
    match spec.get_mut("conversion") {
        None | Some(Value::Null) => {
            spec.insert("conversion".into(), json!({"strategy": "None"}));
        }
        Some(conversion) => {
            let service = conversion.pointer_mut("/webhook/clientConfig/service").and_then(Value::as_object_mut);
            if let Some(service) = service {
                service.entry("port").or_insert(443.into());
            }
        }
    }
    if meta::items(object, &["status", "storedVersions"]).is_empty() {
        note_storage_version(object);
    }
}

/// Adds the version in which new objects are stored to those in which objects may be stored.
pub fn note_storage_version(object: &mut Value) {
    let Some(name) = storage_version(object).map(str::to_owned) else { return };
    let mut stored = meta::items(object, &["status", "storedVersions"]).to_vec();
    if !stored.iter().any(|known| *known == name.as_str()) {
        stored.push(name.into());
        meta::map_mut(object, "status").insert("storedVersions".into(), stored.into());
    }
}
