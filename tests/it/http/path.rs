//! Paths: what each one names, and which methods are routed there.

use axum::http::Method;
use kubedouble::{
    http::request::path::{Operation, PathKind, Route, parse},
    verbs::Kinds,
};

/// A path as `<shape> <plural> <namespace>/<name>`, or the kind of page or absence it is.
fn read(path: &str) -> String {
    match parse(&Kinds::built_in(), path) {
        Route::CoreVersions => "core versions".into(),
        Route::Groups => "groups".into(),
        Route::Group(group) => format!("group {group}"),
        Route::Resources(group, version) => format!("resources {group}/{version}"),
        Route::NoSuchObject(target) => format!("no such object {}", target.name()),
        Route::NoSuchResource => "no such resource".into(),
        Route::NoSuchPage => "no such page".into(),
        Route::Resource(place) => {
            let shape = match place.kind {
                PathKind::Collection => "collection".into(),
                PathKind::AllNamespaces => "everywhere".into(),
                PathKind::Watched => "watched".into(),
                PathKind::Item => "item".into(),
                PathKind::Subresource(sub) => format!("sub {}", sub.name),
            };
            let namespace = place.target.namespace.as_deref().unwrap_or("-");
            let name = place.target.name.as_deref().unwrap_or("-");
            format!("{shape} {} {namespace}/{name}", place.target.def.plural)
        }
    }
}

#[test]
fn paths_lead_where_kubernetes_says() {
    let table = [
        ("/api", "core versions"),
        ("/api/", "core versions"),
        ("/apis", "groups"),
        ("/apis/", "groups"),
        ("/apis/discovery.k8s.io", "group discovery.k8s.io"),
        ("/api/v1", "resources /v1"),
        ("/apis/discovery.k8s.io/v1/", "resources discovery.k8s.io/v1"),
        ("/api/v1/services", "everywhere services -/-"),
        ("/api/v1/namespaces//services", "everywhere services -/-"),
        ("/api/v1/watch/namespaces//services", "watched services -/-"),
        ("/api/v1/namespaces/a/services", "collection services a/-"),
        ("/api/v1/namespaces/a/services///", "collection services a/-"),
        ("/api/v1/namespaces/a/services/web", "item services a/web"),
        ("/api/v1/namespaces/a/services/web/status", "sub status services a/web"),
        ("/api/v1/namespaces/a/services/web:80/proxy/x/y", "sub proxy services a/web:80"),
        ("/api/v1/namespaces", "collection namespaces -/-"),
        ("/api/v1/namespaces/a", "item namespaces -/a"),
        ("/api/v1/namespaces/a/status", "sub status namespaces -/a"),
        ("/api/v1/namespaces/a/finalize", "sub finalize namespaces -/a"),
        ("/api/v1/nodes/n1", "item nodes -/n1"),
        ("/api/v1/watch/services", "watched services -/-"),
        ("/api/v1/watch/namespaces/a/services", "watched services a/-"),
        ("/api/v1/watch/namespaces/a/services/web", "watched services a/web"),
        ("/api/v1/watch/nodes/n1", "watched nodes -/n1"),
        ("/apis/discovery.k8s.io/v1/namespaces/a/endpointslices/e", "item endpointslices a/e"),
    ];
    for (path, expected) in table {
        assert_eq!(read(path), expected, "{path}");
    }
}

#[test]
fn absence_has_two_forms() {
    for path in [
        "/api/v2",
        "/api/v1/gadgets",
        "/api/v1//services",
        "/api/v1/namespaces//services/web",
        "/api/v1/namespaces//nodes",
        "/api/v1/namespaces/a/Services",
        "/api/v1/services/web",
        "/api/v1/namespaces/a/nodes/n1",
        "/api/v1/namespaces/a/services/web/gadget",
        "/api/v1/namespaces/a/services/web/status/more",
        "/api/v1/watch",
        "/api/v1/watch/namespaces/a/services/web/status",
        "/apis/discovery.k8s.io/v9",
        "/apis/authorization.k8s.io/v1/localsubjectaccessreviews",
    ] {
        assert_eq!(read(path), "no such resource", "{path}");
    }
    for path in ["", "/nope", "/apiv1", "//api/v1", "/apis/nope", "/apis/nope/v1", "/apis//v1", "/API/v1"] {
        assert_eq!(read(path), "no such page", "{path}");
    }
}

#[test]
fn methods_follow_from_verbs() {
    let table = [
        ("/api/v1/namespaces/a/services", "DELETE, GET, POST"),
        ("/api/v1/namespaces", "GET, POST"),
        ("/api/v1/services", "GET"),
        ("/api/v1/namespaces/a/services/web", "DELETE, GET, PATCH, PUT"),
        ("/api/v1/namespaces/a/services/web/status", "GET, PATCH, PUT"),
        ("/api/v1/namespaces/a/finalize", "PUT"),
        ("/api/v1/namespaces/a/pods/p/eviction", "POST"),
        ("/api/v1/watch/services", "GET"),
        ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "POST"),
    ];
    for (path, allowed) in table {
        let kinds = Kinds::built_in();
        let Route::Resource(place) = parse(&kinds, path) else { panic!("{path} is a place") };
        assert_eq!(place.allowed().join(", "), allowed, "{path}");
        for method in [Method::HEAD, Method::OPTIONS, Method::TRACE] {
            assert_eq!(place.operation(&method), None, "{method} {path}");
        }
    }
}

#[test]
fn a_method_means_what_stands_there() {
    let act = |method: Method, path: &str| match parse(&Kinds::built_in(), path) {
        Route::Resource(place) => place.operation(&method),
        _ => None,
    };
    assert_eq!(act(Method::DELETE, "/api/v1/namespaces/a/services"), Some(Operation::DeleteCollection));
    assert_eq!(act(Method::DELETE, "/api/v1/namespaces/a/services/web"), Some(Operation::Delete));
    assert_eq!(act(Method::GET, "/api/v1/services"), Some(Operation::List));
    assert_eq!(act(Method::GET, "/api/v1/watch/services"), Some(Operation::Watch));
    assert_eq!(act(Method::GET, "/api/v1/namespaces/a/pods/p/log"), Some(Operation::Connect));
}
