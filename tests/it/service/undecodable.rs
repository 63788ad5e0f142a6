//! A Service that does not decode is an error that somebody sees, never an empty one.

use kubedouble::kinds::{Moment, service};
use serde_json::{Value, json};

use super::world::World;

#[test]
fn a_stored_service_that_does_not_decode_is_no_empty_one() {
    let stored = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"type": "ClusterIP", "clusterIPs": ["10.96.0.9"], "ports": "80"},
    });
    let expected = "the spec of Service \"web\" does not decode: ";
    let strategy = &service::DEF.strategy;

    let mut update = json!({"metadata": stored["metadata"], "spec": {"ports": [{"port": 80}]}});
    let status = strategy.allocate(&mut update, Some(&stored), &World::dual()).expect_err("an unreadable predecessor");
    assert!(status.message.contains(expected), "{status}");
    let status = strategy.claims(&stored).expect_err("what it holds cannot be told");
    assert!(status.message.contains(expected), "{status}");
    let status = strategy.companions(&stored).expect_err("what it holds cannot be told");
    assert!(status.message.contains(expected), "{status}");

    let cells = (service::DEF.cells)(&stored, Moment::UNIX_EPOCH);
    let unknown = Value::from("<unknown>");
    assert_eq!(cells[1..5].iter().filter(|cell| **cell == unknown).count(), 4, "{cells:?}");
}
