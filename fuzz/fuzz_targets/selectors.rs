//! Hostile selectors never panic, and a selector printed is the selector parsed.
#![no_main]

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
        assert_eq!(again, fields);
        fields.matches(|_| "web");
    }
});
