//! The OpenAPI documents: what kubectl looks for in them.

use kubedouble::{
    schema::{
        ObjectRef, built_in,
        openapi::{KindSummary, SubresourceSummary, list_of, v2_document, v3_document, v3_index},
    },
    wire::protobuf::openapi_v2,
};
use serde_json::{Value, json};

fn kind(group: &str, kind: &str, plural: &str, message: &str) -> KindSummary {
    let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    KindSummary {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced: true,
        verbs: verbs.map(str::to_owned).to_vec(),
        subresources: Vec::new(),
        object: Some(ObjectRef::built_in(message.to_owned())),
        list: built_in(message).and_then(list_of),
    }
}

fn kinds() -> Vec<KindSummary> {
    let mut service = kind("", "Service", "services", "api.core.v1.Service");
    service.subresources.push(SubresourceSummary {
        name: "status".to_owned(),
        gvk: (String::new(), "v1".to_owned(), "Service".to_owned()),
        verbs: vec!["get".to_owned(), "patch".to_owned(), "update".to_owned()],
        object: Some("api.core.v1.Service".into()),
    });
    vec![service, kind("discovery.k8s.io", "EndpointSlice", "endpointslices", "api.discovery.v1.EndpointSlice")]
}

fn core() -> Value {
    v3_document(&kinds(), "", "v1", "v1.36.3").expect("core has kinds")
}

const ITEM: &str = "/api/v1/namespaces/{namespace}/services/{name}";

#[test]
fn the_index_names_a_document_for_each_group_version() {
    let index = v3_index(&kinds());
    let url = |path: &str| index["paths"][path]["serverRelativeURL"].as_str().unwrap_or_default().to_owned();
    assert!(url("api/v1").starts_with("/openapi/v3/api/v1?hash="));
    assert!(url("apis/discovery.k8s.io/v1").starts_with("/openapi/v3/apis/discovery.k8s.io/v1?hash="));
    assert_eq!(url("api/v1").split('=').next_back().map(str::len), Some(128));
    assert_ne!(url("api/v1").split('=').next_back(), url("apis/discovery.k8s.io/v1").split('=').next_back());
    assert_eq!(v3_document(&kinds(), "apps", "v1", "v1.36.3"), None);
}

#[test]
fn a_patch_says_that_the_server_validates_fields() {
    let document = core();
    let patch = &document["paths"][ITEM]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"], json!({"group": "", "kind": "Service", "version": "v1"}));
    assert_eq!(patch["x-kubernetes-action"], "patch");
    let names: Vec<_> = patch["parameters"].as_array().expect("list").iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force", "pretty"]);
    let types: Vec<_> = patch["requestBody"]["content"].as_object().expect("map").keys().collect();
    assert!(types.iter().any(|t| *t == "application/strategic-merge-patch+json"));
}

#[test]
fn operations_are_named_as_in_kubernetes() {
    let document = core();
    let cases = [
        ("/api/v1/services", "get", "listCoreV1ServiceForAllNamespaces"),
        ("/api/v1/namespaces/{namespace}/services", "get", "listCoreV1NamespacedService"),
        ("/api/v1/namespaces/{namespace}/services", "post", "createCoreV1NamespacedService"),
        ("/api/v1/namespaces/{namespace}/services", "delete", "deleteCoreV1CollectionNamespacedService"),
        (ITEM, "get", "readCoreV1NamespacedService"),
        (ITEM, "put", "replaceCoreV1NamespacedService"),
        (ITEM, "delete", "deleteCoreV1NamespacedService"),
        ("/api/v1/namespaces/{namespace}/services/{name}/status", "patch", "patchCoreV1NamespacedServiceStatus"),
        ("/api/v1/", "get", "getCoreV1APIResources"),
    ];
    for (path, method, id) in cases {
        assert_eq!(document["paths"][path][method]["operationId"], id, "{path}");
    }
}

#[test]
fn components_say_how_fields_are_merged_and_described() {
    let document = core();
    let schemas = &document["components"]["schemas"];
    let service = &schemas["io.k8s.api.core.v1.Service"];
    assert_eq!(service["x-kubernetes-group-version-kind"], json!([{"group": "", "kind": "Service", "version": "v1"}]));
    let ports = &schemas["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"];
    assert_eq!(ports["x-kubernetes-list-type"], "map");
    assert_eq!(ports["x-kubernetes-list-map-keys"], json!(["port", "protocol"]));
    assert_eq!(ports["x-kubernetes-patch-merge-key"], "port");
    assert_eq!(ports["x-kubernetes-patch-strategy"], "merge");
    assert_eq!(ports["items"]["allOf"][0]["$ref"], "#/components/schemas/io.k8s.api.core.v1.ServicePort");
    assert!(ports["description"].as_str().is_some_and(|text| text.starts_with("The list of ports")));
    let port = &schemas["io.k8s.api.core.v1.ServicePort"];
    assert_eq!(port["required"], json!(["port"]));
    assert_eq!(port["properties"]["port"]["format"], "int32");
    assert_eq!(port["properties"]["protocol"]["enum"], json!(["SCTP", "TCP", "UDP"]));
}

#[test]
fn every_reference_leads_somewhere() {
    for (document, place) in [(core(), "#/components/schemas/"), (v2_document(&kinds(), "v1.36.3"), "#/definitions/")] {
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            assert!(reference.starts_with(place), "{reference}");
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }
}

/// `field`, wire type 2, and the length; then the bytes.
fn nested(field: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let (bytes, mut out) = (bytes.as_ref(), Vec::new());
    let mut tag = field << 3 | 2;
    while tag >= 0x80 {
        out.push(tag as u8 | 0x80);
        tag >>= 7;
    }
    out.extend([tag as u8, u8::try_from(bytes.len()).expect("the examples are short")]);
    out.extend_from_slice(bytes);
    out
}

fn definition(schema: &[u8]) -> Vec<u8> {
    nested(9, nested(1, [nested(1, "A"), nested(2, schema)].concat()))
}

#[test]
fn version_2_is_written_with_the_numbers_of_its_messages() {
    let flag = |tag: &[u8]| [tag, &[1]].concat();
    let parameter = |path: &[u32], bytes: Vec<u8>| {
        let wrapped = path.iter().rev().fold(bytes, |inner, number| nested(*number, inner));
        let post = nested(4, nested(8, wrapped));
        nested(8, nested(2, [nested(1, "/x"), nested(2, post)].concat()))
    };
    let cases = [
        (json!({"swagger": "2.0", "unknown": 1}), nested(1, "2.0")),
        (json!({"info": {"title": "T", "version": "V"}}), nested(2, [nested(1, "T"), nested(2, "V")].concat())),
        (
            json!({"security": [{"BearerToken": []}]}),
            nested(12, nested(1, [nested(1, "BearerToken"), nested(2, "")].concat())),
        ),
        (json!({"definitions": {"A": {"type": "object"}}}), definition(&nested(22, nested(1, "object")))),
        (json!({"definitions": {"A": {"$ref": "#/B"}}}), definition(&nested(1, "#/B"))),
        (json!({"definitions": {"A": {"items": {"format": "f"}}}}), definition(&nested(23, nested(1, nested(2, "f"))))),
        (json!({"definitions": {"A": {"additionalProperties": true}}}), definition(&nested(21, flag(&[0x10])))),
        (
            json!({"definitions": {"A": {"x-kubernetes-list-map-keys": ["port"]}}}),
            definition(&nested(
                31,
                [nested(1, "x-kubernetes-list-map-keys"), nested(2, nested(2, "[\"port\"]"))].concat(),
            )),
        ),
        (
            json!({"paths": {"/x": {"post": {"parameters": [{"in": "body", "required": true}]}}}}),
            parameter(&[1, 1], [nested(3, "body"), flag(&[0x20])].concat()),
        ),
        (
            json!({"paths": {"/x": {"post": {"parameters": [{"name": "n", "in": "path", "type": "string"}]}}}}),
            parameter(&[1, 2, 4], [nested(4, "n"), nested(2, "path"), nested(5, "string")].concat()),
        ),
        (
            json!({"paths": {"/x": {"post": {"parameters": [{"in": "query", "uniqueItems": true}]}}}}),
            parameter(&[1, 2, 3], [nested(2, "query"), flag(&[0xa0, 0x01])].concat()),
        ),
    ];
    for (document, expected) in cases {
        assert_eq!(openapi_v2(&document), expected, "{document}");
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|v| references(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}
