//! Negotiation: which encoding and shape a client gets, and how it is refused.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use kubedouble::{
    http::{
        pages::{
            discovery::wants_aggregated,
            openapi::{Media, v2_media},
        },
        request::{
            negotiate::{self, Output, Shape},
            path::Operation,
        },
        response::reply::add_warnings,
    },
    verbs::PatchKind,
    wire::MediaType,
};

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a header"))).collect()
}

fn accept(value: &str) -> HeaderMap {
    headers(&[(header::ACCEPT, value)])
}

fn output(media: MediaType, shape: Shape) -> Output {
    Output { media, shape, pretty: false }
}

#[test]
fn the_best_clause_that_can_be_met_wins() {
    let json = output(MediaType::Json, Shape::Whole);
    let table = [
        ("", json),
        ("*/*", json),
        ("application/*", json),
        ("application/json", json),
        ("application/json, */*", json),
        ("application/yaml", output(MediaType::Yaml, Shape::Whole)),
        ("application/vnd.kubernetes.protobuf,application/json", output(MediaType::Protobuf, Shape::Whole)),
        ("application/json;q=0.1,application/yaml;q=0.9", output(MediaType::Yaml, Shape::Whole)),
        ("*/*,application/yaml", output(MediaType::Yaml, Shape::Whole)),
        ("text/html, application/json", json),
        ("application/json;as=Table;v=v1;g=meta.k8s.io", output(MediaType::Json, Shape::Table("v1"))),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", json),
        (
            "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/yaml",
            output(MediaType::Yaml, Shape::Whole),
        ),
        (
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            output(MediaType::Protobuf, Shape::Metadata("v1")),
        ),
        (
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1",
            output(MediaType::Json, Shape::MetadataList("v1beta1")),
        ),
        ("application/json;profile=x;whatever=1", json),
        ("application/json;stream=watch", json),
        ("application/json;pretty=1", Output { pretty: true, ..json }),
    ];
    for (value, expected) in table {
        assert_eq!(negotiate::output(&accept(value), true), Ok(expected), "{value}");
    }
}

#[test]
fn what_cannot_be_met_is_refused_in_the_handlers_words() {
    let text = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    for value in
        ["application/json;as=Spreadsheet;g=meta.k8s.io;v=v1", "application/json;v=v1", "application/json;stream=x"]
    {
        let refusal = negotiate::output(&accept(value), true).expect_err(value);
        assert_eq!((refusal.code, refusal.message.as_str(), &refusal.details), (406, text, &None));
    }
    let tables = accept("application/json;as=Table;v=v1;g=meta.k8s.io");
    assert_eq!(negotiate::output(&tables, false).expect_err("no tables here").code, 406);
}

#[test]
fn streams_are_never_yaml() {
    let refusal = negotiate::stream(output(MediaType::Yaml, Shape::Whole)).expect_err("YAML has no stream");
    let text = "only the following media types are accepted: application/json;stream=watch, \
                application/vnd.kubernetes.protobuf;stream=watch";
    assert_eq!((refusal.code, refusal.message.as_str()), (406, text));
    let protobuf = output(MediaType::Protobuf, Shape::Metadata("v1"));
    assert_eq!(negotiate::stream(protobuf), Ok(protobuf));
}

#[test]
fn the_router_compares_bare_media_types() {
    let all = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    let streams = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
    let html = accept("text/html");
    let refusal = |method, act| negotiate::route(&html, &method, act).expect_err("HTML is not served");
    let list = refusal(Method::GET, Operation::List);
    let text = format!("406: Not Acceptable\n\nAvailable representations: {all}, {streams}");
    assert_eq!((list.code, list.message), (406, text));
    assert!(list.details.is_some(), "details are empty but there");
    let get = refusal(Method::GET, Operation::Get);
    assert_eq!(get.message, format!("406: Not Acceptable\n\nAvailable representations: {all}"));
    let create = refusal(Method::POST, Operation::Create);
    let text = format!("415: Unsupported Media Type\n\nAvailable representations: {all}");
    assert_eq!((create.code, create.message), (415, text));
    for value in ["", "*/*", "text/html,*/*;q=0.1", "application/json;as=Spreadsheet", "application/*,*/*;q=0.1"] {
        assert_eq!(negotiate::route(&accept(value), &Method::GET, Operation::Get), Ok(()), "{value}");
    }
    // It compares whole names, as go-restful's `matchesAccept` does; only the handler understands half a wildcard.
    for value in ["application/*", "application/*;q=0.5", "application/*;stream=watch", "*", "application/*, text/html"]
    {
        for act in [Operation::Get, Operation::List, Operation::Watch] {
            assert!(negotiate::route(&accept(value), &Method::GET, act).is_err(), "{value}");
        }
    }
}

#[test]
fn patches_say_what_they_are() {
    let typed = |value: &str| headers(&[(header::CONTENT_TYPE, value), (header::CONTENT_LENGTH, "2")]);
    let refusal =
        negotiate::route(&typed("application/json"), &Method::PATCH, Operation::Patch).expect_err("plain JSON");
    assert_eq!((refusal.code, refusal.message.as_str()), (415, "415: Unsupported Media Type"));
    let table = [
        ("application/json-patch+json", PatchKind::Json),
        ("application/merge-patch+json; charset=utf-8", PatchKind::Merge),
        ("application/strategic-merge-patch+json", PatchKind::Strategic),
        ("application/apply-patch+yaml", PatchKind::Apply),
    ];
    for (value, expected) in table {
        assert_eq!(negotiate::patch(&typed(value), false), Ok(expected), "{value}");
    }
    let text = "the body of the request was in an unknown format - accepted media types include: \
                application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
                application/apply-patch+yaml";
    assert_eq!(negotiate::patch(&HeaderMap::new(), false).expect_err("no type").message, text);
}

#[test]
fn bodies_say_what_they_are() {
    let typed = |value: &str| headers(&[(header::CONTENT_TYPE, value)]);
    let table = [
        ("", MediaType::Json),
        ("application/json; charset=utf-8", MediaType::Json),
        ("application/yaml", MediaType::Yaml),
        ("application/vnd.kubernetes.protobuf", MediaType::Protobuf),
    ];
    for (value, expected) in table {
        assert_eq!(negotiate::input(&typed(value)), Ok(expected), "{value}");
    }
    assert_eq!(negotiate::input(&typed("text/csv")).expect_err("CSV").code, 415);
}

#[test]
fn errors_fall_back_when_a_shape_cannot_hold_them() {
    let json = output(MediaType::Json, Shape::Whole);
    assert_eq!(negotiate::error_output(&accept("application/json;as=Table;v=v1;g=meta.k8s.io")), None);
    let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    assert_eq!(negotiate::error_output(&accept(kubectl)), Some(json));
}

#[test]
fn discovery_is_aggregated_only_in_the_current_version() {
    let clause = |v: &str| format!("application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList");
    let table = [
        (clause("v2"), true),
        (format!("{};profile=nopeer,application/json", clause("v2")), true),
        (format!("{},{},application/json", clause("v2"), clause("v2beta1")), true),
        (format!("{},application/json", clause("v2beta1")), false),
        (format!("application/json,{}", clause("v2")), false),
        (clause("v9"), false),
        (String::new(), false),
    ];
    for (accept, expected) in table {
        assert_eq!(wants_aggregated(&accept), expected, "{accept}");
    }
}

#[test]
fn openapi_2_has_two_forms() {
    let table = [
        ("", Some(Media::Json)),
        ("application/json", Some(Media::Json)),
        ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", Some(Media::Protobuf)),
        ("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", Some(Media::Protobuf)),
        ("text/html", None),
    ];
    for (accept, expected) in table {
        assert_eq!(v2_media(accept), expected, "{accept}");
    }
}

#[test]
fn warnings_are_quoted_told_once_and_limited() {
    let warn = |texts: &[String]| -> Vec<String> {
        let mut headers = HeaderMap::new();
        add_warnings(&mut headers, texts);
        headers.get_all(header::WARNING).iter().map(|v| v.to_str().expect("plain text").to_owned()).collect()
    };
    let texts = ["unknown field \"spec.a\\b\"\n", "twice", "twice", ""].map(str::to_owned);
    assert_eq!(warn(&texts), ["299 - \"unknown field \\\"spec.a\\\\b\\\"\"", "299 - \"twice\""]);
    let long: Vec<String> = (0..20).map(|n| format!("{n:0>300}")).collect();
    let sent = warn(&long);
    assert_eq!((sent.len(), sent[0].len()), (16, 256 + "299 - \"\"".len()));
}
