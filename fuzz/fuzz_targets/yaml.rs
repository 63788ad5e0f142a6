//! Hostile YAML never panics, and a document that is read can be written and read again.
#![no_main]

use kubedouble::wire::yaml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(document) = yaml::parse(text) else { return };
    let value = document.node.into_value();
    let again = yaml::parse(yaml::to_yaml(&value).as_bytes()).expect("what was written can be read");
    assert_eq!(again.node.into_value(), value);
});
