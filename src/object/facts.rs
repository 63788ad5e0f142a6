//! The few facts about an object that the engine and the controllers need without parsing it again.

use serde_json::Value;

use super::meta;

/// Derived from an object once, when it is written, and kept beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.labels`, sorted by key.
    pub labels: Vec<(String, String)>,
    /// The values of the kind's selectable fields, in the order the kind lists them.
    pub fields: Vec<String>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// The uids in `metadata.ownerReferences`.
    pub owners: Vec<String>,
    /// Whether `spec.selector` is a map that is not empty.
    pub has_selector: bool,
    /// `spec.type`, empty if there is none.
    pub spec_type: String,
    /// The id of the kind whose selectable fields these are.
    pub kind: u64,
    /// Whether the object has the form of that kind as it is stored.
    pub is_settled: bool,
}

impl Facts {
    /// The facts of an object of the kind with this id, whose selectable fields have these values.
    pub fn of(object: &Value, kind: u64, fields: Vec<String>, is_settled: bool) -> Self {
        let labels = meta::map(object, &["metadata", "labels"]).into_iter().flatten();
        let mut labels: Vec<_> =
            labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        labels.sort_unstable();
        let owners = meta::items(object, &["metadata", "ownerReferences"]).iter();
        Self {
            uid: meta::uid(object).to_owned(),
            labels,
            fields,
            deleting: meta::is_deleting(object),
            finalizers: meta::finalizers(object).into_iter().map(str::to_owned).collect(),
            owners: owners.map(|owner| meta::text(owner, &["uid"]).to_owned()).collect(),
            has_selector: meta::map(object, &["spec", "selector"]).is_some_and(|selector| !selector.is_empty()),
            spec_type: meta::text(object, &["spec", "type"]).to_owned(),
            kind,
            is_settled,
        }
    }

    /// The value of one label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|i| self.labels[i].1.as_str())
    }
}
