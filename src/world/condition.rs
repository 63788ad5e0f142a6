//! A condition of an object's status, as controllers read it.

use serde::Deserialize;

use super::decode::or_default;

/// A condition of an object's status.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub status: &'a str,
    #[serde(deserialize_with = "or_default")]
    pub last_transition_time: &'a str,
    #[serde(deserialize_with = "or_default")]
    pub message: &'a str,
}

impl Condition<'_> {
    /// Whether it is this condition, and true.
    pub fn holds(&self, kind: &str) -> bool {
        self.kind == kind && self.status == "True"
    }
}
