//! Who a request comes from: tokens, certificates, impersonation, and what a path asks for. Pure.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use kubedouble::{
    http::{front::request_info::RequestInfo, request::query::Query},
    identity::{
        Authenticator, Bearers, PeerCertificate, ServiceAccounts, certificate, certs, impersonate, keys::SigningKey,
        tokens,
    },
    kinds::rbac::policy::PolicyRule,
    object::{
        User,
        access::{Attributes, Resource, Subject},
        token::Objects,
    },
};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::{Value, json};

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().expect("a header name");
        (name, HeaderValue::from_str(value).expect("a header value"))
    };
    let mut map = HeaderMap::new();
    pairs.iter().map(pair).for_each(|(name, value)| {
        map.append(name, value);
    });
    map
}

/// A store without objects.
struct Nothing;

impl Objects for Nothing {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn find(&self, _plural: &str, _namespace: &str, _name: &str) -> Option<Value> {
        None
    }
}

#[test]
fn a_token_file_names_users() {
    let text = "t1,jane,7\n\n,nobody,0\r\nt2,joe,8,\"devs,ops\"\nt3,\"a \"\"b\"\", c\",9,\n";
    let tokens = tokens::parse(text).expect("a token file");
    let mut found: Vec<_> = tokens.iter().map(|(token, user)| (token.as_str(), user.to_value())).collect();
    found.sort_by_key(|(token, _)| *token);
    let expected = [
        ("t1", json!({"username": "jane", "uid": "7", "groups": ["system:authenticated"]})),
        ("t2", json!({"username": "joe", "uid": "8", "groups": ["devs", "ops", "system:authenticated"]})),
        ("t3", json!({"username": "a \"b\", c", "uid": "9", "groups": ["system:authenticated"]})),
    ];
    assert_eq!(found, expected);
    assert!(tokens::parse("t,jane\n").expect_err("two columns").contains("at least 3 columns"));
    assert!(tokens::parse("t,\"jane,1\n").is_err(), "a quote that does not end");
}

#[test]
fn credentials_decide_who_asks() {
    let tokens = || {
        let file = tokens::parse("secret,jane,1\n").expect("a token file");
        let key = SigningKey::from_pem(&certs::new_signing_key().expect("a key")).expect("a signing key");
        Arc::new(Bearers::new(file, ServiceAccounts::new(key, Vec::new(), vec!["issuer".to_owned()], Vec::new())))
    };
    let with_anonymous = Authenticator::checked(tokens(), true);
    let name = |authenticator: &Authenticator, pairs: &[(&str, &str)], certificate: &PeerCertificate| {
        authenticator.authenticate(&headers(pairs), certificate, &Nothing).map(|user| user.name.clone())
    };
    let none = PeerCertificate::None;
    for (authorization, expected) in [
        ("Bearer secret", Some("jane")),
        ("bearer secret", Some("jane")),
        ("  BEARER secret ", Some("jane")),
        ("Bearer wrong", None),
        ("Bearer ", Some("system:anonymous")),
        ("Basic c2VjcmV0", Some("system:anonymous")),
        ("", Some("system:anonymous")),
    ] {
        let found = name(&with_anonymous, &[("authorization", authorization)], &none);
        assert_eq!(found.as_deref(), expected, "{authorization:?}");
    }
    let protocol = "v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0";
    let found = name(&with_anonymous, &[("sec-websocket-protocol", protocol)], &none);
    assert_eq!(found.as_deref(), Some("jane"), "a token among WebSocket protocols");
    assert_eq!(name(&with_anonymous, &[], &PeerCertificate::Unverified), None);
    let by_certificate = PeerCertificate::Of(User::new("cert", ["g"]).into());
    assert_eq!(name(&with_anonymous, &[], &by_certificate).as_deref(), Some("cert"));
    assert_eq!(name(&Authenticator::checked(tokens(), false), &[], &none), None, "anonymous requests are off");
    let open = name(&Authenticator::open(), &[("authorization", "Bearer wrong")], &none);
    assert_eq!(open.as_deref(), Some("kubernetes-admin"), "nobody is asked");
}

#[test]
fn a_certificate_names_its_user_and_groups() {
    let key = KeyPair::generate().expect("a key");
    let of = |attributes: &[(DnType, &str)]| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in attributes {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params.self_signed(&key).expect("a certificate").der().to_vec()
    };
    let der = of(&[(DnType::OrganizationName, "devs"), (DnType::CommonName, "jané")]);
    let user = certificate::user(&der).expect("a user");
    assert_eq!((user.name.as_str(), user.groups), ("jané", vec!["devs".to_owned(), "system:authenticated".to_owned()]));
    let id = &user.extra["authentication.kubernetes.io/credential-id"][0];
    assert_eq!((&id[..11], id.len()), ("X509SHA256=", 75));
    assert_eq!(certificate::user(&of(&[(DnType::OrganizationName, "devs")])), None, "no common name, no user");
    for length in 0..der.len() {
        assert_eq!(certificate::user(&der[..length]), None, "cut at {length}");
    }
}

#[test]
fn impersonation_takes_groups_along() {
    let become_ = |pairs: &[(&str, &str)]| {
        let wish = impersonate::requested(&headers(pairs)).expect("a sound wish").expect("a wish");
        (wish.attributes().iter().map(asked).collect::<Vec<_>>(), wish.into_user().to_value())
    };
    assert_eq!(
        become_(&[("Impersonate-User", "jane")]),
        (vec!["impersonate  users   jane".to_owned()], json!({"username": "jane", "groups": ["system:authenticated"]}))
    );
    let (asked, user) = become_(&[
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "system:authenticated"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-Acme.io%2Fproject", "x"),
    ]);
    let expected = [
        "impersonate  users   jane",
        "impersonate  groups   a",
        "impersonate  groups   system:authenticated",
        "impersonate authentication.k8s.io userextras acme.io/project  x",
        "impersonate authentication.k8s.io uids   7",
    ];
    assert_eq!(asked, expected);
    let groups = ["a", "system:authenticated"];
    assert_eq!(user, json!({"username": "jane", "uid": "7", "groups": groups, "extra": {"acme.io/project": ["x"]}}));
    let (asked, user) = become_(&[("Impersonate-User", "system:serviceaccount:ns:robot")]);
    assert_eq!(asked, ["impersonate  serviceaccounts  ns robot"]);
    let groups = ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"];
    assert_eq!(user["groups"], json!(groups));
    let (_, user) = become_(&[("Impersonate-User", "system:anonymous")]);
    assert_eq!(user["groups"], json!(["system:unauthenticated"]));
}

#[test]
fn impersonation_needs_a_user() {
    assert_eq!(impersonate::requested(&headers(&[("accept", "*/*")])), Ok(None));
    let refused = |pairs: &[(&str, &str)]| impersonate::requested(&headers(pairs)).expect_err("a refusal");
    let status = refused(&[("Impersonate-Group", "a"), ("Impersonate-Uid", "7")]);
    assert_eq!(status.code, 400);
    assert_eq!(
        status.message,
        "requested [{Group  a    } {UID  7  authentication.k8s.io/v1  }] without impersonating a user"
    );
}

#[test]
fn a_request_says_what_it_asks_for() {
    for (method, target, expected) in [
        ("GET", "/api", "get /api"),
        ("GET", "/api/v1", "get /api/v1"),
        ("GET", "/apis/apps/v1", "get /apis/apps/v1"),
        ("POST", "/metrics", "post /metrics"),
        ("OPTIONS", "/healthz/etcd", "options /healthz/etcd"),
        ("GET", "/api/v1/pods", "list  pods   "),
        ("GET", "/api/v1/pods?watch=true", "watch  pods   "),
        ("GET", "/api/v1/watch/pods", "watch  pods   "),
        ("GET", "/api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Dx", "list  pods  a x"),
        ("HEAD", "/api/v1/namespaces/a/pods/x", "get  pods  a x"),
        ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection  pods  a "),
        ("DELETE", "/api/v1/namespaces/a/pods/x", "delete  pods  a x"),
        ("PUT", "/api/v1/namespaces/a/pods/x/status", "update  pods status a x"),
        ("POST", "/api/v1/namespaces/a/pods/x/binding/y", "create  pods binding a x"),
        ("PATCH", "/api/v1/namespaces/a", "patch  namespaces  a a"),
        ("PUT", "/api/v1/namespaces/a/finalize", "update  namespaces finalize a a"),
        ("GET", "/apis/apps/v1/namespaces/a/deployments/", "list apps deployments  a "),
        ("POST", "/apis/no.such.group/v9/things", "create no.such.group things   "),
    ] {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let method: Method = method.parse().expect("a method");
        let query = Query::parse(Some(query));
        let info = RequestInfo::read(&method, path, &query);
        assert_eq!(asked(&info.attributes()), expected, "{method} {target}");
    }
}

#[test]
fn a_rule_allows_what_it_names() {
    let list = |texts: &str| texts.split_whitespace().map(|text| text.trim_matches('_').to_owned()).collect();
    let rule = |verbs: &str, groups: &str, resources: &str, names: &str| PolicyRule {
        verbs: list(verbs),
        api_groups: list(groups),
        resources: list(resources),
        resource_names: list(names),
        ..PolicyRule::default()
    };
    let pod = Resource { resource: "pods", namespace: "a", name: "x", ..Resource::default() };
    let status = Resource { subresource: "status", ..pod };
    for (rule, resource, allowed) in [
        (rule("get", "_", "pods", ""), pod, true),
        (rule("list", "_", "pods", ""), pod, false),
        (rule("*", "*", "*", ""), status, true),
        (rule("get", "apps", "pods", ""), pod, false),
        (rule("get", "_", "pods", ""), status, false),
        (rule("get", "_", "pods/status", ""), status, true),
        (rule("get", "_", "pods/status", ""), pod, false),
        (rule("get", "_", "*/status", ""), status, true),
        (rule("get", "_", "*/scale", ""), status, false),
        (rule("get", "_", "pods", "y x"), pod, true),
        (rule("get", "_", "pods", "y"), pod, false),
        (rule("get", "_", "pods", "x"), Resource { name: "", ..pod }, false),
    ] {
        let attributes = Attributes { verb: "get", subject: Subject::Resource(resource) };
        assert_eq!(rule.allows(&attributes), allowed, "{rule:?} {resource:?}");
    }
    for (urls, path, allowed) in [("/a", "/a", true), ("/a", "/a/b", false), ("/a/*", "/a/b", true), ("*", "/b", true)]
    {
        let rule = PolicyRule { verbs: list("get"), non_resource_urls: list(urls), ..PolicyRule::default() };
        assert_eq!(rule.allows(&Attributes { verb: "get", subject: Subject::Path(path) }), allowed, "{urls} {path}");
    }
}

/// `verb group resource subresource namespace name`, or `verb path`.
fn asked(attributes: &Attributes) -> String {
    let verb = attributes.verb;
    match attributes.subject {
        Subject::Path(path) => format!("{verb} {path}"),
        Subject::Resource(at) => {
            format!("{verb} {} {} {} {} {}", at.group, at.resource, at.subresource, at.namespace, at.name)
        }
    }
}
