//! The rules of pods.

mod basics;
mod containers;
mod costs;
mod placement;
mod priority;
mod standards;
mod updates;
mod volumes;

use serde_json::{Value, json};

use super::definitions::{create_errors, def};

/// A pod with one container that has these members besides its name and image.
pub fn container(members: Value) -> Value {
    let mut container = json!({"name": "c", "image": "i"});
    for (member, value) in members.as_object().expect("members") {
        container[member] = value.clone();
    }
    json!({"containers": [container]})
}

/// A pod with one plain container and these members.
pub fn spec(members: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    for (member, value) in members.as_object().expect("members") {
        spec[member] = value.clone();
    }
    spec
}

/// A pod with a volume of this source.
pub fn volume(source: Value) -> Value {
    let mut volume = json!({"name": "v"});
    for (member, value) in source.as_object().expect("members") {
        volume[member] = value.clone();
    }
    spec(json!({"volumes": [volume]}))
}

/// Each spec is refused with these errors; `<c>` stands for the first container.
pub fn check(cases: Vec<(Value, &[&str])>) {
    for (spec, expected) in cases {
        let pod = json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec});
        let expected: Vec<_> = expected.iter().map(|text| text.replace("<c>", "spec.containers[0]")).collect();
        assert_eq!(create_errors(&def("", "pods"), pod), expected, "{spec}");
    }
}
