//! ValidatingAdmissionPolicies: what they are asked about, and what becomes of what they find.

use serde_json::{Value, json};

use crate::{client::Client, harness};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Puts a policy about config maps in force.
async fn enforce(client: &Client, name: &str, mut spec: Value, binding: Value) {
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]});
    spec["matchConstraints"] = json!({"resourceRules": [rule]});
    client.post(POLICIES, &json!({"metadata": {"name": name}, "spec": spec})).await.expect(201);
    let mut bound = json!({"policyName": name, "validationActions": ["Deny"]});
    for (member, value) in binding.as_object().expect("members") {
        bound[member] = value.clone();
    }
    client.post(BINDINGS, &json!({"metadata": {"name": name}, "spec": bound})).await.expect(201);
}

fn config_map(name: &str, a: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": a}})
}

#[tokio::test]
async fn a_policy_refuses_what_breaks_it() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let validations = json!([
        {"expression": "object.data.a != 'no'"},
        {"expression": "object.data.a != 'never'", "messageExpression": "'not ' + object.data.a", "reason": "Forbidden"},
        {"expression": "object.data.b == 'x' || object.data.a != 'error'"}
    ]);
    enforce(&client, "p", json!({"validations": validations}), json!({})).await;
    client.post(CONFIG_MAPS, &config_map("fine", "yes")).await.expect(201);
    let refused = client.post(CONFIG_MAPS, &config_map("c", "no")).await.expect(422).json();
    let why = "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed expression: object.data.a != 'no'";
    assert_eq!(refused["message"], json!(format!("configmaps \"c\" is forbidden: {why}")));
    assert_eq!(refused["details"]["causes"], json!([{"message": why}]));
    let refused = client.post(CONFIG_MAPS, &config_map("c", "never")).await.expect(403).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with("denied request: not never")), "{refused}");
    let refused = client.post(CONFIG_MAPS, &config_map("c", "error")).await.expect(422).json();
    let why = "expression 'object.data.b == 'x' || object.data.a != 'error'' resulted in error: no such key: b";
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with(why)), "{refused}");
    client.delete(&format!("{BINDINGS}/p")).await.expect(200);
    client.post(CONFIG_MAPS, &config_map("c", "no")).await.expect(201);
}

#[tokio::test]
async fn a_binding_may_only_warn() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let validations = json!([{"expression": "false", "message": "one"}]);
    enforce(&client, "p", json!({"validations": validations}), json!({"validationActions": ["Warn", "Audit"]})).await;
    let made = client.post(CONFIG_MAPS, &config_map("c", "x")).await.expect(201);
    let wanted = "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': one\"";
    assert_eq!(made.header("warning"), wanted);
}

#[tokio::test]
async fn variables_are_evaluated_where_they_are_needed() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let variables = json!([
        {"name": "bad", "expression": "object.spec.none"},
        {"name": "n", "expression": "int(object.data.a)"},
        {"name": "twice", "expression": "variables.n * 2"}
    ]);
    let validations = json!([{"expression": "variables.twice < 10 || variables.bad == 1"}]);
    enforce(&client, "p", json!({"variables": variables, "validations": validations}), json!({})).await;
    client.post(CONFIG_MAPS, &config_map("fine", "4")).await.expect(201);
    let refused = client.post(CONFIG_MAPS, &config_map("c", "5")).await.expect(422).json();
    let why = "resulted in error: composited variable \"bad\" fails to evaluate: no such key: spec";
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with(why)), "{refused}");
}

#[tokio::test]
async fn parameters_are_chosen_by_the_binding() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(CONFIG_MAPS, &json!({"metadata": {"name": "limits"}, "data": {"max": "5"}})).await.expect(201);
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "int(object.data.a) <= int(params.data.max)",
            "messageExpression": "'at most ' + params.data.max"}]
    });
    let param =
        |name: &str| json!({"paramRef": {"name": name, "namespace": "default", "parameterNotFoundAction": "Deny"}});
    enforce(&client, "p", spec.clone(), param("limits")).await;
    client.post(CONFIG_MAPS, &config_map("fine", "5")).await.expect(201);
    let refused = client.post(CONFIG_MAPS, &config_map("c", "6")).await.expect(422).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with("denied request: at most 5")), "{refused}");
    enforce(&client, "q", spec, param("none")).await;
    let refused = client.post(CONFIG_MAPS, &config_map("d", "1")).await.expect(422).json();
    let why = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with(why)), "{refused}");
}

#[tokio::test]
async fn expressions_are_compiled_when_a_policy_is_written() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]});
    let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "thing == 1"}, {"expression": "1"}]});
    let refused = client.post(POLICIES, &json!({"metadata": {"name": "p"}, "spec": spec})).await.expect(422).json();
    let undeclared = "Invalid value: \"thing == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to \
                      'thing' (in container '')\n | thing == 1\n | ^";
    let cause = |index: usize, message: &str| json!({"reason": "FieldValueInvalid", "message": message, "field": format!("spec.validations[{index}].expression")});
    let int = "Invalid value: \"1\": must evaluate to bool but got int";
    assert_eq!(refused["details"]["causes"], json!([cause(0, undeclared), cause(1, int)]));
}

#[tokio::test]
async fn an_expression_that_costs_too_much_is_stopped() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let expression = "object.data.a.split('').all(x, object.data.a.split('').all(y, x != 'z' && y != 'z'))";
    enforce(&client, "p", json!({"validations": [{"expression": expression}]}), json!({})).await;
    client.post(CONFIG_MAPS, &config_map("small", "abc")).await.expect(201);
    let refused = client.post(CONFIG_MAPS, &config_map("large", &"a".repeat(2000))).await.expect(422).json();
    let why = "resulted in error: operation cancelled: actual cost limit exceeded";
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with(why)), "{refused}");
}

#[tokio::test]
async fn a_kind_of_parameters_that_is_not_served_refuses_by_the_policy() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let kind = json!({"apiVersion": "none.example.com/v1", "kind": "None"});
    let spec = json!({"paramKind": kind, "validations": [{"expression": "true"}]});
    enforce(&client, "p", spec, json!({})).await;
    let refused = client.post(CONFIG_MAPS, &config_map("c", "x")).await.expect(422).json();
    let why = "configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: \
               failed to find resource referenced by paramKind: 'none.example.com/v1, Kind=None'";
    assert_eq!(refused["message"], json!(why));
}

#[tokio::test]
async fn all_conditions_that_fail_are_named() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let failing = |name: &str| json!({"name": name, "expression": format!("object.spec.{name} == 1")});
    let conditions = json!([failing("x"), failing("y")]);
    let spec = json!({"matchConditions": conditions, "validations": [{"expression": "true"}]});
    enforce(&client, "p", spec, json!({})).await;
    let refused = client.post(CONFIG_MAPS, &config_map("c", "x")).await.expect(422).json();
    let error = |name: &str| format!("expression 'object.spec.{name} == 1' resulted in error: no such key: spec");
    let why = format!("denied request: [{}, {}]", error("x"), error("y"));
    assert!(refused["message"].as_str().is_some_and(|text| text.ends_with(&why)), "{refused}");
}
