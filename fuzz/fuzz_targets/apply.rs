//! Hostile configurations never panic, and applying twice is applying once.
#![no_main]

use kubedouble::{
    merge::{apply, managers::Context},
    schema, wire,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(node) = wire::json::parse(body) else { return };
    let mut config = node.into_value();
    let Some(members) = config.as_object_mut() else { return };
    members.insert("apiVersion".into(), "v1".into());
    members.insert("kind".into(), "Service".into());
    let context = Context {
        manager: "fuzz",
        api_version: "v1",
        kind: "Service",
        subresource: "",
        now: Some("2026-01-01T00:00:00Z"),
        object: schema::built_in("api.core.v1.Service").expect("the schema has Services"),
        reset: &[&["status"]],
    };
    if let Ok(once) = apply(None, &config, &context, false) {
        let twice = apply(Some(&once), &config, &context, false).expect("the same can be applied again");
        assert_eq!(once, twice);
    }
});
