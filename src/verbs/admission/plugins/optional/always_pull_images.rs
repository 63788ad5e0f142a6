//! `AlwaysPullImages`: a node asks the registry before it starts a container, so that nobody runs what others may pull.

use std::{collections::HashSet, future::ready};

use serde_json::{Value, json};

use super::forbidden;
use crate::{
    object::{FieldError, FieldErrors, Path, field::aggregate, meta, status::Result},
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict, plugins::is_pod_write},
    },
};

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The plugin.
pub struct AlwaysPullImages;

impl Admission for AlwaysPullImages {
    fn name(&self) -> &'static str {
        "AlwaysPullImages"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.sub.is_none() && is_pod_write(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        if has_new_images(review)
            && let Some(pod) = review.object.as_deref_mut()
        {
            set_policies(pod);
        }
        Box::pin(ready(Ok(())))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        self.handles(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check_policies(review)))
    }
}

fn set_policies(pod: &mut Value) {
    let spec = meta::map_mut(pod, "spec");
    for list in LISTS {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            container["imagePullPolicy"] = json!("Always");
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(image) = volume.get_mut("image").filter(|image| image.is_object()) {
            image["pullPolicy"] = json!("Always");
        }
    }
}

fn check_policies(review: &Review<'_>) -> Result<()> {
    let Some(pod) = review.object.as_deref().filter(|_| has_new_images(review)) else { return Ok(()) };
    let path = Path::new("spec");
    let mut errors = FieldErrors::new();
    let mut check = |path: Path, policy: &str| {
        if policy != "Always" {
            errors.push(FieldError::not_supported(&path, policy, &["Always"]));
        }
    };
    for list in LISTS {
        for (i, container) in meta::items(pod, &["spec", list]).iter().enumerate() {
            check(path.child(list).index(i).child("imagePullPolicy"), meta::text(container, &["imagePullPolicy"]));
        }
    }
    for (i, volume) in meta::items(pod, &["spec", "volumes"]).iter().enumerate() {
        if volume.get("image").is_some_and(Value::is_object) {
            let path = path.child("volumes").index(i).child("image").child("pullPolicy");
            check(path, meta::text(volume, &["image", "pullPolicy"]));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(forbidden(review, &aggregate(&errors))) }
}

/// Whether a pod has images that it had not before.
fn has_new_images(review: &Review<'_>) -> bool {
    let (Operation::Update, Some(old)) = (review.attributes.operation, review.old) else { return true };
    let known: HashSet<&str> = images(old).collect();
    review.object.as_deref().is_some_and(|pod| images(pod).any(|image| !known.contains(image)))
}

fn images(pod: &Value) -> impl Iterator<Item = &str> {
    let containers = LISTS.into_iter().flat_map(|list| meta::items(pod, &["spec", list]));
    let volumes = meta::items(pod, &["spec", "volumes"]).iter();
    let mounted = volumes.map(|volume| meta::text(volume, &["image", "reference"])).filter(|image| !image.is_empty());
    containers.map(|container| meta::text(container, &["image"])).chain(mounted)
}
