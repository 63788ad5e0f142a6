//! Hostile patches never panic, and what they make is either refused or an object.
#![no_main]

use kubedouble::{merge, schema, wire};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, body) = input;
    let Ok(node) = wire::json::parse(body) else { return };
    let mut patch = node.into_value();
    let message = schema::built_in("api.core.v1.Service").expect("the schema has Services");
    let mut object = service();
    let applied = match kind % 3 {
        0 => merge::json_patch(&mut object, &patch),
        1 => merge::merge_patch(&mut object, &patch),
        _ => merge::strategic(&mut object, &mut patch, message),
    };
    if applied.is_ok()
        && let Ok(decoded) = wire::recheck(object, message)
    {
        let again = wire::recheck(decoded.value.clone(), message).expect("what was decoded can be decoded");
        assert_eq!(again.value, decoded.value);
    }
});

fn service() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "labels": {"app": "web"}, "finalizers": ["example.com/a"]},
        "spec": {
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}],
            "selector": {"app": "web"},
        },
    })
}
