//! Hostile selectors never panic, and a selector printed is the selector parsed.
//!
//! The terms of a field selector are ordered as they are spelled, and `==` is printed `=`, so their order may change.
#![no_main]

use std::collections::BTreeSet;

use kubedouble::object::selector::{FieldSelector, LabelSelector};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(labels) = LabelSelector::parse(text) {
        let again = LabelSelector::parse(&labels.to_string()).expect("what was printed can be parsed");
        assert_eq!(again, labels);
        labels.matches(&[("app".to_owned(), "web".to_owned())]);
    }
    if let Ok(fields) = FieldSelector::parse(text) {
        let again = FieldSelector::parse(&fields.to_string()).expect("what was printed can be parsed");
        assert_eq!(terms(&again), terms(&fields));
        fields.matches(|_| "web");
    }
});

fn terms(fields: &FieldSelector) -> BTreeSet<String> {
    fields.requirements().iter().map(ToString::to_string).collect()
}
