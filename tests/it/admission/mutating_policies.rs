//! MutatingAdmissionPolicies: how they change what is written, and what becomes of changes that cannot be made.

use serde_json::{Value, json};

use super::hook::{Hook, allow, configuration};
use crate::{
    client::{Answer, Client},
    harness,
};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings";
const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn apply(expression: &str) -> Value {
    json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}})
}

fn patch(expression: &str) -> Value {
    json!({"patchType": "JSONPatch", "jsonPatch": {"expression": expression}})
}

/// Puts a policy in force, by default about config maps.
async fn enforce(client: &Client, name: &str, mutations: &[Value], more: Value) {
    let mut spec = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"],
        }]},
        "mutations": mutations,
        "reinvocationPolicy": "Never",
    });
    let mut bound = json!({"policyName": name});
    for (member, value) in more.as_object().expect("members") {
        let of = if member == "paramRef" { &mut bound } else { &mut spec };
        of[member] = value.clone();
    }
    client.post(POLICIES, &json!({"metadata": {"name": name}, "spec": spec})).await.expect(201);
    client.post(BINDINGS, &json!({"metadata": {"name": name}, "spec": bound})).await.expect(201);
}

/// What becomes of a config map under a policy with one mutation.
async fn write(client: &Client, mutation: Value) -> Answer {
    enforce(client, "p", &[mutation], json!({})).await;
    let answer = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}, "data": {"a": "1"}})).await;
    client.delete(&format!("{BINDINGS}/p")).await.expect(200);
    client.delete(&format!("{POLICIES}/p")).await.expect(200);
    client.delete(&format!("{CONFIG_MAPS}/c")).await;
    answer
}

/// Why a config map is refused under a policy with one mutation.
async fn refusal(client: &Client, mutation: Value) -> String {
    let refused = write(client, mutation).await.expect(403).json();
    assert_eq!(refused["reason"], json!("Invalid"));
    assert_eq!(refused["details"]["causes"], json!([{"message": refused["message"]}]));
    let message = refused["message"].as_str().expect("a message").to_owned();
    message.strip_prefix("policy 'p' with binding 'p' denied request: ").expect("who refuses").to_owned()
}

#[tokio::test]
async fn a_configuration_is_merged_and_nobody_owns_what_it_sets() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let labels = "Object{metadata: Object.metadata{labels: {'from': object.data.a}, finalizers: ['example.com/f']}, \
                  data: {?'b': optional.none(), 'c': 'x'}}";
    enforce(&client, "p", &[apply(labels)], json!({})).await;
    let made = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}, "data": {"a": "1"}})).await.expect(201);
    let made = made.json();
    assert_eq!(made["data"], json!({"a": "1", "c": "x"}));
    assert_eq!(made["metadata"]["labels"], json!({"from": "1"}));
    assert_eq!(made["metadata"]["finalizers"], json!(["example.com/f"]));
    let fields = json!({"f:data": {".": {}, "f:a": {}}});
    assert_eq!(made["metadata"]["managedFields"][0]["fieldsV1"], fields);
    let other = json!({"metadata": {"name": "d"}, "data": {"a": "2"}});
    let tried = client.post(&format!("{CONFIG_MAPS}?dryRun=All"), &other).await.expect(201).json();
    assert_eq!(tried["data"], json!({"a": "2", "c": "x"}));
    client.get(&format!("{CONFIG_MAPS}/d")).await.expect(404);
}

#[tokio::test]
async fn items_of_lists_are_found_by_their_keys_and_get_their_defaults() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let sidecar = "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 's'}]}}";
    let rules = json!({"resourceRules": [{
        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
    }]});
    enforce(&client, "p", &[apply(sidecar)], json!({"matchConstraints": rules})).await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let made = client.post("/api/v1/namespaces/default/pods", &pod).await.expect(201).json();
    let containers = made["spec"]["containers"].as_array().expect("containers");
    let names: Vec<_> = containers.iter().map(|container| &container["name"]).collect();
    assert_eq!(names, ["c", "side"]);
    assert_eq!(containers[1]["terminationMessagePolicy"], json!("File"));
}

#[tokio::test]
async fn a_configuration_that_does_not_fit_is_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let cases = [
        (
            "Object{colour: 'red'}",
            "failed to convert patch object to typed object: .colour: field not declared in schema",
        ),
        ("Object{data: 'text'}", "failed to convert patch object to typed object: .data: expected map, got &{text}"),
        (
            "Object{data: null}",
            "failed to convert patch object to typed object: .data: expected map, got &{NULL_VALUE}",
        ),
        (
            "Object{data: {'a': null}}",
            "failed to convert patch object to typed object: .data.a: expected string, got \
             &value.valueUnstructured{Value:0}",
        ),
        (
            "Object{metadata: Object.metadata{managedFields: [Object.metadata.managedFields{manager: 'x'}]}}",
            "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.managedFields",
        ),
    ];
    for (expression, why) in cases {
        assert_eq!(refusal(&client, apply(expression)).await, format!("error applying patch: {why}"), "{expression}");
    }
    let why = "type mismatch: unexpected type name \"Object.spec\", expected \"Object.metadata\", which matches field \
               name path from root Object type";
    assert_eq!(refusal(&client, apply("Object{metadata: Object.spec{}}")).await, why);
    let failing = "Object{data: {'b': object.spec.x}}";
    let why = format!("expression '{failing}' resulted in error: no such key: spec");
    assert_eq!(refusal(&client, apply(failing)).await, why);
    // What the object becomes is checked as if it had been sent.
    write(&client, apply("Object{metadata: Object.metadata{labels: {'bad key': 'v'}}}")).await.expect(422);
    write(&client, apply("Object{metadata: Object.metadata{namespace: 'other'}}")).await.expect(400);
    let kept = write(&client, apply("Object{kind: 'Secret', apiVersion: 'v2'}")).await.expect(201).json();
    assert_eq!(kept["kind"], json!("ConfigMap"));
}

#[tokio::test]
async fn a_json_patch_is_applied() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let cases = [
        ("[JSONPatch{op: 'add', path: '/data/b', value: 'x'}]", json!({"a": "1", "b": "x"})),
        (
            "[JSONPatch{op: 'test', path: '/data/a', value: '2'}, JSONPatch{op: 'remove', path: '/data'}]",
            json!({"a": "1"}),
        ),
        ("[JSONPatch{op: 'move', from: '/data/a', path: '/data/b'}]", json!({"b": "1"})),
        (
            "[JSONPatch{op: 'add', path: '/data/' + 'b', value: jsonpatch.escapeKey('x~y/z')}]",
            json!({"a": "1", "b": "x~0y~1z"}),
        ),
        ("true ? [] : [JSONPatch{op: 'remove', path: '/data'}]", json!({"a": "1"})),
    ];
    for (expression, data) in cases {
        assert_eq!(write(&client, patch(expression)).await.expect(201).json()["data"], data, "{expression}");
    }
    let labels = "[JSONPatch{op: 'add', path: '/metadata/labels', value: Object.metadata.labels{x: 'y'}}]";
    assert_eq!(write(&client, patch(labels)).await.expect(201).json()["metadata"]["labels"], json!({"x": "y"}));
}

#[tokio::test]
async fn a_json_patch_that_cannot_be_applied_is_refused() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let missing = "[JSONPatch{op: 'remove', path: '/data/none'}]";
    let why =
        "JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value";
    assert_eq!(refusal(&client, patch(missing)).await, why);
    assert_eq!(refusal(&client, patch("[JSONPatch{op: 'set', path: '/a'}]")).await, "JSON Patch: Unexpected kind: set");
    let cases = [
        ("5", "/data/b", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"),
        ("'red'", "/colour", "strict decoding error: unknown field \"colour\""),
    ];
    for (value, path, why) in cases {
        let expression = format!("[JSONPatch{{op: 'add', path: '{path}', value: {value}}}]");
        let refused = write(&client, patch(&expression)).await.expect(500).json();
        assert_eq!(refused["message"], json!(format!("Internal error occurred: {why}")));
    }
    let other = "[JSONPatch{op: 'remove', path: '/data'}, JSONPatch{op: 'replace', path: '/kind', value: 'Secret'}]";
    let refused = write(&client, patch(other)).await.expect(500).json();
    let why = "failed to convert object: converting (v1.Secret) to (core.ConfigMap): unknown conversion";
    assert_eq!(refused["message"], json!(format!("Internal error occurred: {why}")));
    // Patches are for mutations only.
    let spec = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"],
        }]},
        "validations": [{"expression": "jsonpatch.escapeKey('a') == 'a'"}],
    });
    let validating = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    client.post(validating, &json!({"metadata": {"name": "v"}, "spec": spec})).await.expect(422);
}

#[tokio::test]
async fn failures_are_ignored_where_the_policy_says_so_and_conditions_choose() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let failing = [apply("Object{data: {'b': 'kept'}}"), apply("Object{data: {'c': object.spec.x}}")];
    let conditions = json!([{"name": "named", "expression": "object.metadata.name != 'left'"}]);
    let more = json!({"failurePolicy": "Ignore", "matchConditions": conditions});
    enforce(&client, "ignored", &failing, more).await;
    let config_map = |name: &str| json!({"metadata": {"name": name}, "data": {"a": "1"}});
    let made = client.post(CONFIG_MAPS, &config_map("c")).await.expect(201).json();
    assert_eq!(made["data"], json!({"a": "1", "b": "kept"}));
    let made = client.post(CONFIG_MAPS, &config_map("left")).await.expect(201).json();
    assert_eq!(made["data"], json!({"a": "1"}));
    let conditions = json!([
        {"name": "one", "expression": "object.spec.x == 1"}, {"name": "two", "expression": "object.spec.y == 1"},
    ]);
    enforce(&client, "strict", &[apply("Object{}")], json!({"matchConditions": conditions})).await;
    let refused = client.post(CONFIG_MAPS, &config_map("d")).await.expect(403).json();
    let why = "policy 'strict' with binding 'strict' denied request: [expression 'object.spec.x == 1' resulted in error: \
               no such key: spec, expression 'object.spec.y == 1' resulted in error: no such key: spec]";
    assert_eq!(refused["message"], json!(why));
}

#[tokio::test]
async fn parameters_and_variables_are_seen_by_mutations() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let param = |name: &str, max: &str| json!({"metadata": {"name": name, "labels": {"p": "y"}}, "data": {"max": max}});
    client.post(CONFIG_MAPS, &param("one", "1")).await.expect(201);
    client.post(CONFIG_MAPS, &param("two", "2")).await.expect(201);
    let more = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "key", "expression": "'max' + params.data.max"}],
        "paramRef": {"selector": {"matchLabels": {"p": "y"}}, "parameterNotFoundAction": "Deny"},
    });
    enforce(&client, "p", &[apply("Object{data: {variables.key: 'seen'}}")], more).await;
    let made = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}})).await.expect(201).json();
    assert_eq!(made["data"], json!({"max1": "seen", "max2": "seen"}));
    let more = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "paramRef": {"name": "none", "parameterNotFoundAction": "Deny"},
    });
    enforce(&client, "q", &[apply("Object{}")], more).await;
    let refused = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "d"}})).await.expect(403).json();
    assert_eq!(refused["reason"], json!("Forbidden"));
    let why = "policy 'q' with binding 'q' denied request: failed to configure binding: no params found for policy binding \
               with `Deny` parameterNotFoundAction";
    assert_eq!(refused["message"], json!(why));
    client.delete(&format!("{BINDINGS}/q")).await.expect(200);
    enforce(&client, "r", &[apply("Object{}")], json!({"paramKind": {"apiVersion": "x.io/v1", "kind": "No"}})).await;
    let refused = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "d"}})).await.expect(403).json();
    let why = "policy \"r\" denied request: failed to configure policy: failed to find resource referenced by paramKind: \
               'x.io/v1, Kind=No'";
    assert_eq!(refused["message"], json!(why));
}

#[tokio::test]
async fn policies_are_evaluated_again_after_others_have_changed_the_object() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let patch = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2RhdGEvdyIsInZhbHVlIjoiMSJ9XQ==";
    let hook = Hook::start(move |_, request| allow(request, &json!({"patch": patch, "patchType": "JSONPatch"}))).await;
    let counts = |name: &str| apply(&format!("Object{{data: {{'{name}': object.?data['{name}'].orValue('') + 'p'}}}}"));
    enforce(&client, "again", &[counts("again")], json!({"reinvocationPolicy": "IfNeeded"})).await;
    enforce(&client, "once", &[counts("once")], json!({})).await;
    let webhook = hook.webhook("w", &json!({"reinvocationPolicy": "IfNeeded"}));
    client.post(WEBHOOKS, &configuration("MutatingWebhookConfiguration", "w", &[webhook])).await.expect(201);
    let made = client.post(CONFIG_MAPS, &json!({"metadata": {"name": "c"}, "data": {"a": "1"}})).await.expect(201);
    assert_eq!(made.json()["data"], json!({"a": "1", "again": "pp", "once": "p", "w": "1"}));
    let seen: Vec<Value> = hook.take().iter().map(|request| request["object"]["data"].clone()).collect();
    let first = json!({"a": "1", "again": "p", "once": "p"});
    assert_eq!(seen, [first, json!({"a": "1", "again": "pp", "once": "p", "w": "1"})]);
}
