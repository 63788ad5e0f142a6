//! The few facts about an object that the engine needs without parsing it again.

/// Derived from an object's bytes once, kept beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.labels`, sorted by key.
    pub labels: Vec<(String, String)>,
    /// The values of the kind's selectable fields, in the order the kind lists them.
    pub fields: Vec<String>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// The id of the kind whose selectable fields these are.
    pub kind: u64,
}

impl Facts {
    /// The value of one label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|i| self.labels[i].1.as_str())
    }
}
