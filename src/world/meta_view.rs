//! Metadata as controllers read it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::decode::or_default;

/// The metadata of an object.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetaView<'a> {
    pub name: &'a str,
    pub namespace: &'a str,
    pub uid: &'a str,
    /// When it was created, as written.
    #[serde(deserialize_with = "or_default")]
    pub creation_timestamp: &'a str,
    /// When its deletion began, as written.
    pub deletion_timestamp: Option<&'a str>,
    pub deletion_grace_period_seconds: Option<u64>,
    pub generation: Option<i64>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub labels: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub annotations: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub finalizers: Vec<&'a str>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerReference<'a>>,
}

/// A reference to an owner.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
    pub controller: Option<bool>,
    pub block_owner_deletion: Option<bool>,
}

impl<'a> MetaView<'a> {
    /// Whether its deletion has begun.
    pub fn is_deleting(&self) -> bool {
        self.deletion_timestamp.is_some()
    }

    /// The owner that controls the object.
    pub fn controller(&self) -> Option<&OwnerReference<'a>> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }

    /// The key that most controllers use: `namespace/name`.
    pub fn namespaced_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
