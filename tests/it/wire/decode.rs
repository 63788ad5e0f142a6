//! Decoding bodies: strict errors, type errors, and the form in which a Go server writes back what it read.

use kubedouble::{
    object::GroupVersionKind,
    schema,
    wire::{self, MediaType, Validation},
};
use serde_json::{Value, json};

const SERVICE: GroupVersionKind = GroupVersionKind::new("", "v1", "Service");

fn decode(text: &str) -> wire::Decoded {
    wire::decode(text.as_bytes(), message("api.core.v1.Service")).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn message(name: &str) -> &'static schema::ObjectType {
    schema::built_in(name).expect(name)
}

fn post(body: &str, validation: Validation) -> Result<wire::DecodedObject, String> {
    let message = message("api.core.v1.Service");
    wire::decode_object(body.as_bytes(), MediaType::Json, message, &SERVICE, validation).map_err(|e| e.message)
}

fn refused(body: &str) -> String {
    post(body, Validation::Warn).expect_err(body)
}

#[test]
fn unknown_and_duplicate_fields_are_reported_in_order() {
    let decoded = decode(
        r#"{"metadata":{"name":"a","nope":1},"spec":{"ports":[{"port":80,"prot":"TCP"}],"clusterip":"x",
            "type":"ClusterIP","type":"NodePort","selector":{"a":"1","a":"2"}},"extra":{"x":{},"x":[]}}"#,
    );
    let expected = [
        "unknown field \"metadata.nope\"",
        "unknown field \"spec.ports[0].prot\"",
        "unknown field \"spec.clusterip\"",
        "duplicate field \"spec.type\"",
        "duplicate field \"spec.selector.a\"",
        "unknown field \"extra\"",
    ];
    assert_eq!(decoded.strict, expected);
    assert_eq!(decoded.value["spec"]["type"], "NodePort");
    assert_eq!(decoded.value["spec"]["selector"], json!({"a": "2"}));
    assert_eq!(decoded.value.get("extra"), None);
}

#[test]
fn the_same_complaint_is_made_once_and_at_most_a_hundred_are_made() {
    assert_eq!(decode(r#"{"a":1,"a":2,"a":3}"#).strict, ["unknown field \"a\""]);
    let many: Vec<String> = (0..200).map(|i| format!("\"x{i}\":1")).collect();
    assert_eq!(decode(&format!("{{{}}}", many.join(","))).strict.len(), 100);
}

#[test]
fn a_struct_that_stands_twice_is_merged() {
    let decoded = decode(r#"{"spec":{"type":"NodePort","ports":[]},"spec":{"clusterIP":"None"}}"#);
    assert_eq!(decoded.value["spec"], json!({"clusterIP": "None", "type": "NodePort"}));
    assert_eq!(decoded.strict, ["duplicate field \"spec\""]);
}

/// What comes back is what Go's encoder would write: schema order, no zero values, structs always.
#[test]
fn the_result_is_what_go_would_write() {
    let cases = [
        ("{}", r#"{"metadata":{},"spec":{},"status":{"loadBalancer":{}}}"#),
        (
            r#"{"spec":{"type":"","clusterIPs":[],"selector":{},"publishNotReadyAddresses":false,"externalIPs":null,
                "allocateLoadBalancerNodePorts":false,"ipFamilyPolicy":"","sessionAffinityConfig":{}}}"#,
            r#"{"metadata":{},"spec":{"sessionAffinityConfig":{},"ipFamilyPolicy":"","allocateLoadBalancerNodePorts":false},"status":{"loadBalancer":{}}}"#,
        ),
        (
            r#"{"spec":{"ports":[{"nodePort":0},null]},"metadata":{"labels":{"b":"","a":null},"name":"x"}}"#,
            r#"{"metadata":{"name":"x","labels":{"a":"","b":""}},"spec":{"ports":[{"port":0,"targetPort":0},{"port":0,"targetPort":0}]},"status":{"loadBalancer":{}}}"#,
        ),
        (
            r#"{"status":{"conditions":[{"type":"a"}]},"metadata":{"creationTimestamp":"2020-01-02T03:04:05.678+01:00","deletionTimestamp":null}}"#,
            r#"{"metadata":{"creationTimestamp":"2020-01-02T02:04:05Z"},"spec":{},"status":{"loadBalancer":{},"conditions":[{"type":"a","status":"","lastTransitionTime":null,"reason":"","message":""}]}}"#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(decode(text).value.to_string(), expected, "{text}");
    }
}

#[test]
fn lists_that_are_always_written_keep_their_emptiness_until_they_are_stored() {
    let slice = message("api.discovery.v1.EndpointSlice");
    let given = wire::decode(br#"{"addressType":"IPv4","endpoints":[]}"#, slice).expect("decodes").value;
    assert_eq!(given.to_string(), r#"{"metadata":{},"addressType":"IPv4","endpoints":[],"ports":null}"#);
    let stored = wire::stored_form(given, slice).expect("a well-typed slice");
    assert_eq!(stored.to_string(), r#"{"metadata":{},"addressType":"IPv4","endpoints":null,"ports":null}"#);
    let list = wire::normalise(json!({}), message("api.core.v1.ServiceList"));
    assert_eq!(list.to_string(), r#"{"metadata":{},"items":[]}"#);
}

#[test]
fn type_errors_name_the_go_type_and_field() {
    let cases = [
        (
            r#"{"spec":{"ports":[{"port":"80"}]}}"#,
            "string into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            r#"{"spec":{"ports":[{"port":80.5}]}}"#,
            "number 80.5 into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            r#"{"spec":{"ports":[{"port":1e1}]}}"#,
            "number 1e1 into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            r#"{"spec":{"ports":[{"port":99999999999}]}}"#,
            "number 99999999999 into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (r#"{"spec":{"ports":{}}}"#, "object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort"),
        (r#"{"spec":{"ports":["x"]}}"#, "string into Go struct field ServiceSpec.spec.ports of type v1.ServicePort"),
        (
            r#"{"spec":{"selector":["a"]}}"#,
            "array into Go struct field ServiceSpec.spec.selector of type map[string]string",
        ),
        (r#"{"metadata":{"labels":{"a":1}}}"#, "number into Go struct field ObjectMeta.metadata.labels of type string"),
        (r#"{"metadata":{"name":true}}"#, "bool into Go struct field ObjectMeta.metadata.name of type string"),
        (r#"{"metadata":{"uid":1}}"#, "number into Go struct field ObjectMeta.metadata.uid of type types.UID"),
        (r#"{"metadata":[]}"#, "array into Go struct field Service.metadata of type v1.ObjectMeta"),
        (r#"{"spec":{"type":1}}"#, "number into Go struct field ServiceSpec.spec.type of type v1.ServiceType"),
        (
            r#"{"spec":{"ipFamilies":[4]}}"#,
            "number into Go struct field ServiceSpec.spec.ipFamilies of type v1.IPFamily",
        ),
        (
            r#"{"spec":{"ports":[{"targetPort":true}]}}"#,
            "bool into Go struct field ServicePort.spec.ports.targetPort of type int32",
        ),
        (
            r#"{"metadata":{"creationTimestamp":5}}"#,
            "number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            r#"{"spec":{"ports":[{"port":"80"}],"type":1}}"#,
            "string into Go struct field ServicePort.spec.ports.port of type int32",
        ),
    ];
    for (body, expected) in cases {
        let text =
            format!("Service in version \"v1\" cannot be handled as a Service: json: cannot unmarshal {expected}");
        assert_eq!(refused(body), text, "{body}");
    }
}

#[test]
fn values_with_rules_of_their_own_have_errors_of_their_own() {
    let cases = [
        (
            r#"{"metadata":{"creationTimestamp":"yesterday"}}"#,
            r#"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#,
        ),
        (
            r#"{"metadata":{"creationTimestamp":"2020-01-02 03:04:05Z"}}"#,
            r#"parsing time "2020-01-02 03:04:05Z" as "2006-01-02T15:04:05Z07:00": cannot parse " 03:04:05Z" as "T""#,
        ),
        (
            r#"{"metadata":{"creationTimestamp":"2020-13-02T03:04:05Z"}}"#,
            r#"parsing time "2020-13-02T03:04:05Z": month out of range"#,
        ),
        (
            r#"{"metadata":{"creationTimestamp":"2020-01-02T03:04:05Zx"}}"#,
            r#"parsing time "2020-01-02T03:04:05Zx": extra text: "x""#,
        ),
        (
            r#"{"metadata":{"creationTimestamp":"2020-01-02T03:04:05"}}"#,
            r#"parsing time "2020-01-02T03:04:05" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#,
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refused(body), format!("Service in version \"v1\" cannot be handled as a Service: {expected}"));
    }
}

#[test]
fn a_body_that_is_not_an_object_is_unrecognized() {
    let go_struct =
        r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    let cases = [
        ("{nope", "invalid character 'n' looking for beginning of object key string", "{nope"),
        (r#"{"metadata":{"name":"a""#, "unexpected end of JSON input", r#"{"metadata":{"name":"a""#),
        ("\"x\"", &format!("json: cannot unmarshal string into Go value of type {go_struct}"), "227822"),
        (r#"{"kind":5}"#, "json: cannot unmarshal number into Go struct field .kind of type string", r#"{"kind":5}"#),
        ("", "unexpected end of JSON input", "<empty>"),
        ("{} x", "invalid character 'x' after top-level value", "{} x"),
        (r#"{"a" 1}"#, "invalid character '1' after object key", r#"{"a" 1}"#),
        (r#"{"a":1 "#, "unexpected end of JSON input", r#"{"a":1 "#),
        (r#"{"a":1;"#, "invalid character ';' after object key:value pair", r#"{"a":1;"#),
        ("{\"a\":[1'", r"invalid character '\'' after array element", "{\"a\":[1'"),
        ("{\"a\":tru}", "invalid character '}' in literal true (expecting 'e')", "{\"a\":tru}"),
        ("{\"a\":01}", "invalid character '1' after object key:value pair", "{\"a\":01}"),
        ("{\"a\":1.}", "invalid character '}' after decimal point in numeric literal", "{\"a\":1.}"),
        ("{\"a\":\"\\q\"}", "invalid character 'q' in string escape code", "{\"a\":\"\\q\"}"),
        ("{\"a\":\"\n\"}", "invalid character '\\n' in string literal", "{\"a\":\"\n\"}"),
    ];
    for (body, error, shown) in cases {
        let expected = format!(
            "the object provided is unrecognized (must be of type Service): couldn't get version/kind; json parse error: {error} ({shown})"
        );
        assert_eq!(refused(body), expected, "{body}");
    }
    let long = format!("{{{}", "x".repeat(50));
    assert!(refused(&long).ends_with(&format!(" ({{{} ...)", "x".repeat(29))));
    assert!(post("null", Validation::Warn).is_ok());
}

#[test]
fn nesting_has_a_limit() {
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    assert!(refused(&deep).contains("exceeded max depth"));
}

#[test]
fn kind_and_version_come_from_the_route_when_absent_and_must_fit_it_when_given() {
    let decoded = post(r#"{"metadata":{"name":"a"}}"#, Validation::Strict).expect("decodes");
    let names: Vec<_> = decoded.value.as_object().expect("object").keys().collect();
    assert_eq!(names, ["kind", "apiVersion", "metadata", "spec", "status"]);
    let scheme = "in scheme \"pkg/api/legacyscheme/scheme.go:30\"";
    let cases = [
        (
            r#"{"apiVersion":"v2","kind":"Service"}"#,
            format!("Service in version \"v2\" cannot be handled as a Service: no kind \"Service\" is registered for version \"v2\" {scheme}"),
        ),
        (
            r#"{"apiVersion":"apps/v1","kind":"Service"}"#,
            format!("Service in version \"v1\" cannot be handled as a Service: no kind \"Service\" is registered for version \"apps/v1\" {scheme}"),
        ),
        (
            r#"{"apiVersion":"v1","kind":"Pod"}"#,
            "Pod in version \"v1\" cannot be handled as a Service: converting (v1.Pod) to (core.Service): unknown conversion"
                .to_owned(),
        ),
        (
            r#"{"apiVersion":"a/b/c"}"#,
            "the object provided is unrecognized (must be of type Service): unexpected GroupVersion string: a/b/c ({\"apiVersion\":\"a/b/c\"})"
                .to_owned(),
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refused(body), expected);
    }
}

#[test]
fn an_event_of_the_other_group_does_not_match() {
    let gvk = GroupVersionKind::new("", "v1", "Event");
    let body = br#"{"apiVersion":"events.k8s.io/v1","kind":"Event"}"#;
    let refused = wire::decode_object(body, MediaType::Json, message("api.core.v1.Event"), &gvk, Validation::Warn);
    assert_eq!(
        refused.expect_err("refused").message,
        "the API version in the data (events.k8s.io/v1) does not match the expected API version (v1)"
    );
}

#[test]
fn the_validation_level_decides_what_strict_errors_do() {
    let body = r#"{"spec":{"zzz":1},"yyy":2}"#;
    let warnings = |level| post(body, level).map(|d| d.warnings);
    assert_eq!(warnings(Validation::Ignore), Ok(vec![]));
    assert_eq!(
        warnings(Validation::Warn),
        Ok(vec!["unknown field \"spec.zzz\"".to_owned(), "unknown field \"yyy\"".to_owned()])
    );
    assert_eq!(
        warnings(Validation::Strict),
        Err("Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \"spec.zzz\", unknown field \"yyy\"".to_owned())
    );
}

#[test]
fn quantities_take_their_canonical_form() {
    let cases = [
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("0.5", "500m"),
        ("1", "1"),
        ("100Mi", "100Mi"),
        ("128974848", "128974848"),
        ("129e6", "129e6"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1000", "1k"),
        ("1000000", "1M"),
        ("0", "0"),
        ("0Mi", "0"),
        ("-1000m", "-1"),
        ("1500", "1500"),
        ("1.500", "1.500"),
        ("0.0000000001", "1n"),
        ("1e3", "1e3"),
        ("1e4", "10e3"),
        ("2048", "2048"),
        ("2Ki", "2Ki"),
        ("1024Ki", "1Mi"),
        ("10000000000000000000", "10E"),
        ("9999Ei", "9223372036854775807"),
    ];
    for (given, expected) in cases {
        let requirements = message("api.core.v1.ResourceRequirements");
        let decoded = wire::recheck(json!({"limits": {"x": given}}), requirements).expect(given).value;
        assert_eq!(decoded["limits"]["x"], expected, "{given}");
    }
    let bad = |text: Value| {
        wire::recheck(json!({"limits": {"x": text}}), message("api.core.v1.ResourceRequirements"))
            .expect_err("refused")
            .0
    };
    let format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    assert_eq!(bad(json!("abc")), format);
    assert_eq!(bad(json!("")), format);
    assert_eq!(bad(json!("1Kx")), format);
    assert_eq!(bad(json!("1KiK")), "unable to parse quantity's suffix");
}

#[test]
fn micro_times_have_six_digits() {
    let lease = message("api.coordination.v1.Lease");
    let decoded = wire::recheck(json!({"spec": {"renewTime": "2020-01-02T03:04:05.123456Z"}}), lease);
    assert_eq!(decoded.expect("decodes").value["spec"]["renewTime"], "2020-01-02T03:04:05.123456Z");
    let refused = wire::recheck(json!({"spec": {"renewTime": "2020-01-02T03:04:05Z"}}), lease).expect_err("refused");
    assert_eq!(
        refused.0,
        r#"parsing time "2020-01-02T03:04:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000""#
    );
}

#[test]
fn binary_data_must_be_base64() {
    let secret = message("api.core.v1.Secret");
    let data = |text: &str| wire::recheck(json!({"data": {"k": text}}), secret).map(|d| d.value["data"]["k"].clone());
    assert_eq!(data("aGk="), Ok(json!("aGk=")));
    assert_eq!(data(""), Ok(json!("")));
    assert_eq!(data("a!k=").map_err(|e| e.0), Err("illegal base64 data at input byte 1".to_owned()));
}

#[test]
fn json_is_written_as_go_writes_it() {
    let value = json!({"a": "<b>&\u{2028}\u{7f}\"\\\n\u{1}", "e": [], "o": {}});
    assert_eq!(
        String::from_utf8_lossy(&wire::to_json(&value)),
        "{\"a\":\"\\u003cb\\u003e\\u0026\\u2028\u{7f}\\\"\\\\\\n\\u0001\",\"e\":[],\"o\":{}}"
    );
    let pretty = wire::to_json_indented(&json!({"a": [1, {"b": 2}], "e": [], "o": {}}));
    assert_eq!(
        String::from_utf8_lossy(&pretty),
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"e\": [],\n  \"o\": {}\n}"
    );
}

fn post_yaml(body: &str, validation: Validation) -> Result<wire::DecodedObject, String> {
    let message = message("api.core.v1.Service");
    wire::decode_object(body.as_bytes(), MediaType::Yaml, message, &SERVICE, validation).map_err(|e| e.message)
}

#[test]
fn yaml_reports_keys_that_stand_twice_by_line() {
    let body =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  bogus: 1\n  ports:\n  - port: 80\n    port: 81\n";
    let decoded = post_yaml(body, Validation::Warn).expect("decodes");
    assert_eq!(decoded.warnings, ["line 8: key \"port\" already set in map", "unknown field \"spec.bogus\""]);
    assert_eq!(decoded.value["spec"]["ports"][0]["port"], 81);
    assert_eq!(
        post_yaml(body, Validation::Strict).expect_err("refused"),
        "Service in version \"v1\" cannot be handled as a Service: strict decoding error: yaml: unmarshal errors:\n  line 8: key \"port\" already set in map, unknown field \"spec.bogus\""
    );
}

#[test]
fn plain_yaml_scalars_have_yaml_1_1_meanings() {
    let refused = post_yaml("metadata:\n  name: y\n", Validation::Warn).expect_err("refused");
    assert!(refused.ends_with("cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string"));
    let cases = [
        ("y", json!(true)),
        ("'y'", json!("y")),
        ("\"y\"", json!("y")),
        ("Off", json!(false)),
        ("~", json!(null)),
        ("0777", json!(511)),
        ("0x1F", json!(31)),
        ("1_000", json!(1000)),
        ("08", json!(8)),
        ("1e3", json!(1000)),
        ("1.50", json!(1.5)),
        ("12:30", json!("12:30")),
        ("2020-01-01", json!("2020-01-01")),
        ("10.0.0.1", json!("10.0.0.1")),
        ("|\n  a\n  b", json!("a\nb\n")),
        (">-\n  a\n  b", json!("a b")),
    ];
    for (text, expected) in cases {
        let document = wire::yaml::parse(format!("a: {text}\n").as_bytes()).expect(text);
        assert_eq!(document.node.into_value(), json!({"a": expected}), "{text}");
    }
}

#[test]
fn yaml_errors_are_those_of_go() {
    let cases = [
        ("a: b: c\n", "yaml: mapping values are not allowed in this context"),
        ("a:\n\t- b\n", "yaml: line 2: found character that cannot start any token"),
        ("{", "yaml: line 1: did not find expected node content"),
        ("- a\nb: c\n", "yaml: line 1: did not find expected '-' indicator"),
        ("x: *a\n", "yaml: unknown anchor 'a' referenced"),
        ("a: .inf\n", "json: unsupported value: +Inf"),
    ];
    for (text, expected) in cases {
        assert_eq!(wire::yaml::parse(text.as_bytes()), Err(expected.to_owned()), "{text:?}");
    }
    assert_eq!(wire::yaml::parse(b"").expect("empty").node, wire::tree::Node::Null);
}

#[test]
fn yaml_is_written_as_go_writes_it() {
    let value = json!({"b": ["x", ["y"], {"c": {}, "a": []}], "a10": "1", "a2": "a: b", "k": "l1\nl2\n", "n": null});
    let expected = "a2: 'a: b'\na10: \"1\"\nb:\n- x\n- - \"y\"\n- a: []\n  c: {}\nk: |\n  l1\n  l2\n\"n\": null\n";
    assert_eq!(wire::yaml::to_yaml(&value), expected);
}

#[test]
fn a_delete_takes_delete_options_of_any_group() {
    let decode =
        |body: &str| wire::decode_delete_options(body.as_bytes(), MediaType::Json).map_err(|e| (e.code, e.message));
    for api_version in ["v1", "meta.k8s.io/v1", "apps/v1"] {
        let body = json!({"kind": "DeleteOptions", "apiVersion": api_version, "gracePeriodSeconds": 0, "dryRun": []});
        assert_eq!(decode(&body.to_string()).expect(api_version)["gracePeriodSeconds"], 0);
    }
    assert_eq!(decode(r#"{"propagationPolicy":"Orphan"}"#), Ok(json!({"propagationPolicy": "Orphan"})));
    let cases = [
        ("{", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (
            r#"{"kind":"Pod","apiVersion":"v1"}"#,
            "no kind \"Pod\" is registered for version \"v1\" in scheme \"pkg/apis/meta/internalversion/scheme/register.go:27\"",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(decode(body), Err((400, expected.to_owned())));
    }
}

#[test]
fn a_schema_in_a_definition_may_be_one_or_several() {
    let decode = |text: &str| {
        let schema = message("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
        wire::decode(text.as_bytes(), schema).map(|decoded| (decoded.value, decoded.strict)).map_err(|error| error.0)
    };
    let items = json!({"items": {"type": "string"}});
    assert_eq!(decode(r#"{"items": {"type": "string", "nope": 1}}"#), Ok((items, vec![])), "it decodes itself");
    let several = json!({"items": [{"type": "string"}, {}]});
    assert_eq!(decode(r#"{"items": [{"type": "string"}, {}]}"#), Ok((several, vec![])));
    let values = json!({"additionalProperties": false});
    assert_eq!(decode(r#"{"additionalProperties": false}"#), Ok((values, vec![])));
    assert_eq!(decode(r#"{"additionalProperties": 5}"#), Err("boolean or JSON schema expected".to_owned()));
}

#[test]
fn aliases_do_not_make_a_small_document_large() {
    let list = |item: &str, n: usize| format!("[{}]", vec![item; n].join(", "));
    let text = |aliases: usize| format!("a: &a {}\nb: {}\n", list("1", 2000), list("*a", aliases));
    assert!(wire::yaml::parse(text(100).as_bytes()).is_ok());
    let text = text(300);
    let refused = wire::yaml::parse(text.as_bytes()).expect_err("too many values");
    assert!(refused.starts_with("yaml: document contains excessive aliasing"), "{refused}");
}
