//! Claims of storage: their number and what they request, also by storage class.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Amounts, Evaluator, Write, one,
    scopes::{self, Requirement},
};
use crate::{
    kinds::Moment,
    object::meta,
    text::quantity::{ONE, Quantity},
};

const CLAIMS: &str = "persistentvolumeclaims";
const COUNT: &str = "count/persistentvolumeclaims";
const STORAGE: &str = "requests.storage";
/// Stands between the name of a storage class and a resource that is counted for it alone.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
/// Where older clients name the storage class.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// Measures claims.
pub struct Claims;

impl Evaluator for Claims {
    fn handles(&self, write: &Write<'_>) -> bool {
        match (write.subresource, write.old) {
            ("", _) => true,
            ("status", Some(old)) => {
                let allocated = |claim| meta::at(claim, &["status", "allocatedResources", "storage"]).cloned();
                allocated(old) != allocated(write.object) || attributes_classes(old) != attributes_classes(write.object)
            }
            _ => false,
        }
    }

    fn measures(&self, resource: &str) -> bool {
        let of_class = [CLAIMS, STORAGE].map(|resource| format!("{OF_CLASS}{resource}"));
        [COUNT, CLAIMS, STORAGE].contains(&resource) || of_class.iter().any(|suffix| resource.ends_with(suffix))
    }

    fn is_in(&self, scope: &Requirement<'_>, claim: &Value) -> bool {
        let names: Vec<_> = attributes_classes(claim).into_iter().collect();
        scope.scope == scopes::VOLUME_ATTRIBUTES_CLASS && scope.admits(&names)
    }

    fn usage(&self, claim: &Value, _now: Moment) -> Amounts {
        let class = match meta::at(claim, &["metadata", "annotations", CLASS_ANNOTATION]).and_then(Value::as_str) {
            Some(class) => class,
            None => meta::text(claim, &["spec", "storageClassName"]),
        };
        let of_class = |resource: &str| format!("{class}{OF_CLASS}{resource}");
        let mut usage = Amounts::from([one(COUNT), one(CLAIMS)]);
        if !class.is_empty() {
            usage.extend([one(of_class(CLAIMS))]);
        }
        if let Some(storage) = storage(claim) {
            if !class.is_empty() {
                usage.insert(of_class(STORAGE), storage.clone());
            }
            usage.insert(STORAGE.to_owned(), storage);
        }
        usage
    }

    fn changes(&self) -> bool {
        true
    }
}

/// What a claim requests, or the more that it has been given, in whole bytes.
fn storage(claim: &Value) -> Option<Quantity> {
    let amount = |path: &[&str]| meta::at(claim, path).and_then(Value::as_str).and_then(Quantity::parse);
    let requested = amount(&["spec", "resources", "requests", "storage"])?;
    let allocated = amount(&["status", "allocatedResources", "storage"]);
    Some(allocated.filter(|allocated| *allocated > requested).unwrap_or(requested).rounded_to(ONE))
}

/// The classes of volume attributes that a claim has, or is to have.
fn attributes_classes(claim: &Value) -> BTreeSet<&str> {
    let paths: [&[&str]; 3] = [
        &["spec", "volumeAttributesClassName"],
        &["status", "currentVolumeAttributesClassName"],
        &["status", "modifyVolumeStatus", "targetVolumeAttributesClassName"],
    ];
    paths.into_iter().map(|path| meta::text(claim, path)).filter(|name| !name.is_empty()).collect()
}
