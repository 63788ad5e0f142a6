//! What a body costs grows with its size, never with its square: each list and each map that a verb reads, grown.

use std::time::Duration;

use kubedouble::{
    merge::{
        apply, json_patch,
        managers::{self, Context},
        merge_patch, strategic,
    },
    object::{FieldError, Path, field::aggregate},
    schema::{self, ObjectType, custom_kind, fill_object},
    wire::{self, protobuf},
};
use serde_json::{Map, Value, json};

use crate::harness::cpu_time;

const TICK: Duration = Duration::from_millis(4);

/// Checks that four times the input takes about four times the time, where a square would take sixteen times.
fn check(name: &str, n: usize, work: impl Fn(usize) -> Box<dyn FnOnce()>) {
    let cost = |n: usize| {
        let runs = (0..3).map(|_| {
            let run = work(n);
            let before = cpu_time();
            run();
            cpu_time() - before
        });
        runs.min().expect("three runs")
    };
    // The kernel counts in ticks, so less than one is nothing.
    let (small, large) = (cost(n).max(TICK), cost(4 * n));
    assert!(large < small * 9 + Duration::from_millis(20), "{name}: {small:?} for {n}, {large:?} for {}", 4 * n);
}

fn object(name: &str) -> &'static ObjectType {
    schema::built_in(name).expect(name)
}

/// `head`, then the pieces with commas between, then `tail`.
fn text(head: &str, n: usize, piece: impl Fn(usize) -> String, tail: &str) -> String {
    let pieces: Vec<_> = (0..n).map(piece).collect();
    format!("{head}{}{tail}", pieces.join(","))
}

fn members(n: usize, member: impl Fn(usize) -> (String, Value)) -> Value {
    Value::Object((0..n).map(member).collect::<Map<_, _>>())
}

#[test]
fn decoding_grows_with_its_input() {
    let decodes = |make: fn(usize) -> String| {
        move |n: usize| -> Box<dyn FnOnce()> {
            let body = make(n);
            Box::new(move || drop(wire::decode(body.as_bytes(), object("api.core.v1.Pod"))))
        }
    };
    let long = "k".repeat(20_000);
    let below = move |n: usize| -> Box<dyn FnOnce()> {
        let body = text(&format!("{{\"metadata\":{{\"{}\":1,", &long[..n]), n, |_| "\"x\":1".to_owned(), "}}");
        Box::new(move || drop(wire::decode(body.as_bytes(), object("api.core.v1.Pod"))))
    };
    check("unknown fields", 5000, decodes(|n| text("{\"spec\":{", n, |i| format!("\"x{i}\":1"), "}}")));
    check("one unknown field again", 5000, below);
    check("labels", 5000, decodes(|n| text("{\"metadata\":{\"labels\":{", n, |i| format!("\"k{i}\":\"\""), "}}}")));
    check(
        "a map in pieces",
        2000,
        decodes(|n| text("{", n, |i| format!("\"metadata\":{{\"labels\":{{\"k{i}\":\"\"}}}}"), "}")),
    );
    check("one label again", 5000, decodes(|n| text("{\"metadata\":{\"labels\":{", n, |_| "\"k\":\"\"".into(), "}}}")));
    check("empty containers", 1000, decodes(|n| text("{\"spec\":{\"containers\":[", n, |_| "{}".to_owned(), "]}}")));
}

#[test]
fn decoding_custom_kinds_grows_with_its_input() {
    let gvk = kubedouble::object::GroupVersionKind::new("example.com", "v1", "Widget");
    let work = move |n: usize| -> Box<dyn FnOnce()> {
        // A schema with many fields, and many objects of it.
        let fields = members(n, |i| (format!("f{i}"), json!({"type": "string"})));
        let list = json!({"type": "array", "items": {"type": "object", "properties": fields}});
        let kind = custom_kind(&gvk, &gvk, Some(&json!({"type": "object", "properties": {"list": list}})));
        let kind = kind.expect("a structural schema");
        let body = text("{\"list\":[", n, |i| format!("{{\"f{i}\":\"\",\"x\":1}}"), "]}");
        Box::new(move || {
            let mut decoded = wire::decode(body.as_bytes(), &kind.object).expect("decodes").value;
            fill_object(&mut decoded, &kind.object);
        })
    };
    check("objects of a large schema", 1000, work);
}

#[test]
fn reading_yaml_grows_with_its_input() {
    let reads = |line: fn(usize) -> String| {
        move |n: usize| -> Box<dyn FnOnce()> {
            let body: String = (0..n).map(line).collect();
            Box::new(move || drop(wire::yaml::parse(body.as_bytes())))
        }
    };
    check("keys", 5000, reads(|i| format!("k{i}: 1\n")));
    check("duplicate keys", 5000, reads(|_| "k: 1\n".to_owned()));
    check("items", 5000, reads(|_| "- {a: 1}\n".to_owned()));
}

#[test]
fn reading_protobuf_grows_with_its_input() {
    let reads = |make: fn(usize) -> Value| {
        move |n: usize| -> Box<dyn FnOnce()> {
            let body = protobuf::encode(&make(n), object("api.core.v1.Pod"));
            Box::new(move || drop(protobuf::decode(&body, schema::by_gvk)))
        }
    };
    check(
        "labels",
        3000,
        reads(|n| {
            json!({"kind": "Pod", "apiVersion": "v1",
               "metadata": {"labels": members(n, |i| (format!("k{i}"), "".into()))}})
        }),
    );
    check(
        "containers",
        500,
        reads(|n| json!({"kind": "Pod", "apiVersion": "v1", "spec": {"containers": vec![json!({}); n]}})),
    );
}

#[test]
fn patches_grow_with_their_input() {
    let patches = |patch: fn(&mut Value, &Value), make: fn(usize) -> (Value, Value)| {
        move |n: usize| -> Box<dyn FnOnce()> {
            let (mut target, changes) = make(n);
            Box::new(move || patch(&mut target, &changes))
        }
    };
    let json: fn(&mut Value, &Value) = |target, patch| json_patch(target, patch).expect("applies");
    let merge: fn(&mut Value, &Value) = |target, patch| merge_patch(target, patch).expect("applies");
    check(
        "added members",
        2000,
        patches(json, |n| {
            let operations = (0..n).map(|i| json!({"op": "add", "path": format!("/n{i}"), "value": 1}));
            (members(n, |i| (format!("k{i}"), "".into())), operations.collect())
        }),
    );
    check(
        "removed members",
        2000,
        patches(json, |n| {
            let operations = (0..n).map(|i| json!({"op": "remove", "path": format!("/k{i}")}));
            (members(n, |i| (format!("k{i}"), "".into())), operations.collect())
        }),
    );
    check(
        "items put in front",
        2000,
        patches(json, |n| {
            let operations = (0..n).map(|_| json!({"op": "add", "path": "/l/0", "value": 1}));
            (json!({"l": vec![0; 10 * n]}), operations.collect())
        }),
    );
    check(
        "moved and tested items",
        2000,
        patches(json, |n| {
            let operations = (0..n).map(|i| match i % 2 {
                0 => json!({"op": "move", "from": "/l/0", "path": "/l/-"}),
                _ => json!({"op": "test", "path": "/l/0", "value": 0}),
            });
            (json!({"l": vec![0; 10 * n]}), operations.collect())
        }),
    );
    check(
        "members merged away",
        3000,
        patches(merge, |n| {
            (members(n, |i| (format!("k{i}"), "".into())), members(n, |i| (format!("k{i}"), Value::Null)))
        }),
    );
}

#[test]
fn strategic_merges_grow_with_their_input() {
    let merges = |make: fn(usize) -> (Value, Value)| {
        move |n: usize| -> Box<dyn FnOnce()> {
            let (mut target, mut patch) = make(n);
            let pod = object("api.core.v1.Pod");
            Box::new(move || strategic(&mut target, &mut patch, pod).expect("applies"))
        }
    };
    check(
        "finalizers",
        2000,
        merges(|n| {
            let list = |start: usize| (start..start + n).map(|i| format!("x/{i}")).collect::<Value>();
            (json!({"metadata": {"finalizers": list(0)}}), json!({"metadata": {"finalizers": list(n / 2)}}))
        }),
    );
    check(
        "repeated finalizers",
        2000,
        merges(|n| {
            let list = |n: usize| (0..n).map(|i| format!("x/{}", i % 7)).collect::<Value>();
            (json!({"metadata": {"finalizers": list(n)}}), json!({"metadata": {"finalizers": list(n)}}))
        }),
    );
    check(
        "finalizers taken out",
        2000,
        merges(|n| {
            let list: Value = (0..n).map(|i| format!("x/{i}")).collect();
            let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": list}});
            (json!({"metadata": {"finalizers": list}}), patch)
        }),
    );
    check(
        "containers by name",
        1000,
        merges(|n| {
            let list = |start: usize| (start..start + n).map(|i| json!({"name": format!("c{i}")})).collect::<Value>();
            (json!({"spec": {"containers": list(0)}}), json!({"spec": {"containers": list(n / 2)}}))
        }),
    );
    check(
        "containers in a new order",
        1000,
        merges(|n| {
            let list: Value = (0..n).map(|i| json!({"name": format!("c{i}")})).collect();
            let order: Value = (0..n).rev().map(|i| json!({"name": format!("c{i}")})).collect();
            (json!({"spec": {"containers": list}}), json!({"spec": {"$setElementOrder/containers": order}}))
        }),
    );
    check(
        "containers deleted",
        1000,
        merges(|n| {
            let list: Value = (0..n).map(|i| json!({"name": format!("c{i}")})).collect();
            let gone: Value = (0..n).map(|i| json!({"name": format!("c{i}"), "$patch": "delete"})).collect();
            (json!({"spec": {"containers": list}}), json!({"spec": {"containers": gone}}))
        }),
    );
    check(
        "labels removed",
        2000,
        merges(|n| {
            let patch = json!({"metadata": {"labels": members(n, |i| (format!("k{i}"), Value::Null))}});
            (json!({"metadata": {"labels": members(n, |i| (format!("k{i}"), "".into()))}}), patch)
        }),
    );
    check(
        "retained keys",
        2000,
        merges(|n| {
            let mut labels = members(n, |i| (format!("k{i}"), "".into()));
            let target = json!({"metadata": {"labels": labels}});
            labels["$retainKeys"] = (0..n).map(|i| format!("k{i}")).collect();
            (target, json!({"metadata": {"labels": labels}}))
        }),
    );
}

#[test]
fn ownership_grows_with_its_input() {
    fn context(manager: &str) -> Context<'_> {
        let object = object("api.core.v1.Service");
        let now = Some("2024-01-01T00:00:00Z");
        Context {
            manager,
            api_version: "v1",
            kind: "Service",
            subresource: "",
            now,
            object,
            reset: &[],
            hands_over: false,
            versions: None,
        }
    }
    fn service(n: usize, first: usize) -> Value {
        let ports: Value = (first..first + n).map(|i| json!({"port": i, "protocol": "TCP"})).collect();
        let finalizers: Value = (first..first + n).map(|i| format!("x/{i}")).collect();
        let annotations = members(n, |i| (format!("k{}", i + first), "".into()));
        json!({"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": "web", "annotations": annotations, "finalizers": finalizers},
               "spec": {"ports": ports}})
    }
    check("applied again", 300, |n| {
        let live = apply(None, &service(n, 0), &context("a"), false).expect("applied");
        Box::new(move || drop(apply(Some(&live), &service(n, n / 2), &context("a"), false).expect("applied")))
    });
    check("conflicts", 300, |n| {
        let mut live = apply(None, &service(n, 0), &context("a"), false).expect("applied");
        for (_, value) in live["metadata"]["annotations"].as_object_mut().expect("a map") {
            *value = "other".into();
        }
        Box::new(move || drop(apply(Some(&live), &service(n, 0), &context("b"), false).expect_err("conflicts")))
    });
    check("managers", 300, |n| {
        let mut live = service(n, 0);
        let fields = json!({"f:metadata": {"f:annotations": {"f:k1": {}}}});
        let entry = |i: usize| {
            json!({"manager": format!("m{i}"), "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
                   "fieldsV1": fields, "time": "2024-01-01T00:00:00Z"})
        };
        live["metadata"]["managedFields"] = (0..n).map(entry).collect();
        let new = service(n, n);
        Box::new(move || {
            let mut updated = new.clone();
            managers::update(Some(&live), &mut updated, &context("u"));
            drop(apply(Some(&live), &new, &context("a"), true).expect("applied"));
        })
    });
}

#[test]
fn errors_grow_with_their_number() {
    check("validation errors", 5000, |n| {
        let path = Path::new("spec").child("items");
        let errors: Vec<_> = (0..n).map(|i| FieldError::invalid(&path.index(i), "x", "bad")).collect();
        Box::new(move || drop(aggregate(&errors)))
    });
}
