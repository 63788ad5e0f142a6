//! Identities through the front door: TLS, tokens, certificates, roles, reviews and the audit log.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use clap::Parser as _;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use kubedouble::{config::Config, server::Server};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use crate::harness;

const TOKENS: &str = "master,root,1,\"system:masters\"\njane,jane,2,\"devs\"\n";

/// A server with TLS and tokens, and the directory with its files.
pub struct House {
    server: Server,
    pub folder: tempfile::TempDir,
}

/// A certificate and its key, in PEM.
struct Certificate(String, String);

impl House {
    pub async fn open(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join("tokens.csv"), TOKENS).expect("a token file");
        let server = Self::start(folder.path(), flags).await;
        Self { server, folder }
    }

    async fn start(folder: &Path, flags: &[&str]) -> Server {
        let own = [
            "--secure-port=0".to_owned(),
            format!("--cert-dir={}", folder.join("certs").display()),
            format!("--token-auth-file={}", folder.join("tokens.csv").display()),
            format!("--kubeconfig-out={}", folder.join("kubeconfig").display()),
        ];
        let all: Vec<&str> = own.iter().map(String::as_str).chain(flags.iter().copied()).collect();
        harness::start(&all).await
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Sends a request over TLS as the owner of a token; nobody's token is empty.
    pub async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let bearer = format!("Bearer {token}");
        let headers: &[(&str, &str)] = if token.is_empty() { &[] } else { &[("authorization", &bearer)] };
        self.send(None, headers, method, path, body).await
    }

    async fn send(
        &self,
        certificate: Option<&Certificate>,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let config = client(&self.read("certs/ca.crt"), certificate);
        let port = self.server.secure_url().expect("a secure port").rsplit(':').next().expect("a port").to_owned();
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = request.header("content-type", "application/json").body(Full::new(body)).expect("a request");
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// What a client certificate with this subject, signed by the server's CA, looks like.
    fn certificate(&self, name: &str, organization: &str) -> Certificate {
        let key = KeyPair::from_pem(&self.read("certs/ca.key")).expect("the CA's key");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "kubedouble-ca");
        signed(&Issuer::new(params, key), name, organization)
    }
}

fn signed(issuer: &Issuer<'_, KeyPair>, name: &str, organization: &str) -> Certificate {
    signed_until(issuer, name, organization, 4096)
}

/// A certificate that is good until a year begins.
fn signed_until(issuer: &Issuer<'_, KeyPair>, name: &str, organization: &str, year: i32) -> Certificate {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    Certificate(certificate.pem(), key.serialize_pem())
}

fn client(ca: &str, certificate: Option<&Certificate>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("a CA")).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(roots);
    match certificate {
        None => config.with_no_client_auth(),
        Some(Certificate(certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
            config.with_client_auth_cert(chain, key).expect("a client certificate")
        }
    }
}

/// The user that a SelfSubjectReview names.
fn who(answer: &(u16, Value)) -> Value {
    assert_eq!(answer.0, 201, "{}", answer.1);
    answer.1["status"]["userInfo"].clone()
}

const WHOAMI: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const SERVICES: &str = "/api/v1/namespaces/default/services";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn binding(name: &str, role: &str, user: &str) -> Value {
    let group = "rbac.authorization.k8s.io";
    json!({
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    })
}

#[tokio::test]
async fn tokens_and_certificates_say_who_asks() {
    let house = House::open(&["--anonymous-auth=true"]).await;
    let me = json!({});
    let jane = who(&house.call("jane", "POST", WHOAMI, me.clone()).await);
    assert_eq!(jane, json!({"username": "jane", "uid": "2", "groups": ["devs", "system:authenticated"]}));
    let nobody = who(&house.call("", "POST", WHOAMI, me.clone()).await);
    assert_eq!(nobody, json!({"username": "system:anonymous", "groups": ["system:unauthenticated"]}));
    let (status, refusal) = house.call("wrong", "POST", WHOAMI, me.clone()).await;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
    });
    assert_eq!((status, refusal), (401, expected));

    let certificate = house.certificate("cora", "ops");
    let cora = who(&house.send(Some(&certificate), &[], "POST", WHOAMI, me.clone()).await);
    assert_eq!((&cora["username"], &cora["groups"]), (&json!("cora"), &json!(["ops", "system:authenticated"])));
    let stranger = {
        let params = CertificateParams::new(["a stranger".to_owned()]).expect("parameters");
        signed(&Issuer::new(params, KeyPair::generate().expect("a key")), "root", "system:masters")
    };
    let (status, _) = house.send(Some(&stranger), &[], "POST", WHOAMI, me.clone()).await;
    assert_eq!(status, 401, "a certificate that cannot be verified");

    let headers = [("authorization", "Bearer jane"), ("impersonate-user", "joe"), ("impersonate-group", "x")];
    let joe = who(&house.send(None, &headers, "POST", WHOAMI, me.clone()).await);
    assert_eq!(joe, json!({"username": "joe", "groups": ["x", "system:authenticated"]}));
    let (status, _) = house.send(None, &headers[2..], "POST", WHOAMI, me).await;
    assert_eq!(status, 400, "a group without a user");

    let review = json!({"spec": {"token": "jane"}});
    let (_, owner) = house.call("master", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review).await;
    assert_eq!(owner["status"]["user"]["username"], "jane");
}

#[tokio::test]
async fn roles_say_what_may_be_done() {
    let house = House::open(&["--authorization-mode=RBAC", "--anonymous-auth=true"]).await;
    let (status, refusal) = house.call("jane", "GET", &format!("{SERVICES}/kubernetes"), Value::Null).await;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "services \"kubernetes\" is forbidden: User \"jane\" cannot get resource \"services\" in API group \"\" \
                    in the namespace \"default\"",
        "reason": "Forbidden", "details": {"name": "kubernetes", "kind": "services"}, "code": 403,
    });
    assert_eq!((status, refusal), (403, expected));
    let bind = binding("jane-views", "view", "jane");
    let (status, _) = house.call("master", "POST", &format!("{RBAC}/namespaces/default/rolebindings"), bind).await;
    assert_eq!(status, 201);
    for (token, method, path, code) in [
        ("jane", "GET", SERVICES, 200),
        ("jane", "POST", SERVICES, 403),
        ("jane", "GET", "/api/v1/services", 403),
        ("jane", "GET", "/api/v1/namespaces/kube-system/services", 403),
        ("jane", "GET", "/api/v1/namespaces/default/secrets", 403),
        ("jane", "GET", "/apis", 200),
        ("jane", "GET", "/metrics", 403),
        ("", "GET", "/version", 200),
        ("", "GET", "/apis", 403),
        ("master", "GET", "/metrics", 200),
    ] {
        let (status, answer) = house.call(token, method, path, Value::Null).await;
        assert_eq!(status, code, "{token} {method} {path}: {answer}");
    }
    let (_, refusal) = house.call("", "GET", "/metrics", Value::Null).await;
    let text = "forbidden: User \"system:anonymous\" cannot get path \"/metrics\"";
    assert_eq!((&refusal["message"], &refusal["details"]), (&json!(text), &json!({})));
    let (status, refusal) = house
        .send(None, &[("authorization", "Bearer jane"), ("impersonate-user", "root")], "GET", "/api", Value::Null)
        .await;
    let text = "users \"root\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" at the \
                cluster scope";
    assert_eq!((status, &refusal["message"]), (403, &json!(text)));
    // Who may make bindings may still not give more than they have.
    let group = "rbac.authorization.k8s.io";
    let binder = json!({
        "metadata": {"name": "binder"},
        "rules": [{"verbs": ["create"], "apiGroups": [group], "resources": ["clusterrolebindings"]}],
    });
    house.call("master", "POST", &format!("{RBAC}/clusterroles"), binder).await;
    let bindings = format!("{RBAC}/clusterrolebindings");
    house.call("master", "POST", &bindings, binding("jane-binds", "binder", "jane")).await;
    let (status, refusal) = house.call("jane", "POST", &bindings, binding("mine", "cluster-admin", "jane")).await;
    let text = "clusterrolebindings.rbac.authorization.k8s.io \"mine\" is forbidden: user \"jane\" \
                (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n\
                {APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}\n{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}";
    assert_eq!((status, &refusal["message"]), (403, &json!(text)));
    // A role that is not there is part of the reason.
    let bind = binding("jane-gone", "gone", "jane");
    house.call("master", "POST", &format!("{RBAC}/clusterrolebindings"), bind).await;
    let (_, refusal) = house.call("jane", "GET", "/api/v1/nodes", Value::Null).await;
    let message = refusal["message"].as_str().expect("a message");
    assert!(message.ends_with(": RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found"), "{message}");
}

#[tokio::test]
async fn reviews_answer_from_the_roles() {
    let house = House::open(&["--authorization-mode=RBAC"]).await;
    let bind = binding("jane-views", "view", "jane");
    house.call("master", "POST", &format!("{RBAC}/clusterrolebindings"), bind).await;
    let ask =
        |resource: &str| json!({"resourceAttributes": {"namespace": "default", "verb": "get", "resource": resource}});
    let reviews = "/apis/authorization.k8s.io/v1";
    let path = format!("{reviews}/selfsubjectaccessreviews");
    let (_, yes) = house.call("jane", "POST", &path, json!({"spec": ask("services")})).await;
    let reason = "RBAC: allowed by ClusterRoleBinding \"jane-views\" of ClusterRole \"view\" to User \"jane\"";
    assert_eq!(yes["status"], json!({"allowed": true, "reason": reason}));
    let (_, no) = house.call("jane", "POST", &path, json!({"spec": ask("secrets")})).await;
    assert_eq!(no["status"], json!({"allowed": false}));
    let mut about = ask("services");
    about["user"] = "joe".into();
    about["groups"] = json!(["system:masters"]);
    let (_, joe) =
        house.call("master", "POST", &format!("{reviews}/subjectaccessreviews"), json!({"spec": about})).await;
    assert_eq!(joe["status"], json!({"allowed": true}));
    let spec = json!({"spec": {"namespace": "default"}});
    let (_, rules) = house.call("jane", "POST", &format!("{reviews}/selfsubjectrulesreviews"), spec).await;
    let rules = &rules["status"];
    let has = |list: &str, member: &str, value: &str| {
        let list = rules[list].as_array().expect("a list");
        list.iter().any(|rule| rule[member].as_array().is_some_and(|values| values.contains(&json!(value))))
    };
    assert!(has("resourceRules", "resources", "services") && !has("resourceRules", "resources", "secrets"));
    assert!(has("nonResourceRules", "nonResourceURLs", "/openapi/*"));
    assert_eq!(rules["incomplete"], false);
}

#[tokio::test]
async fn roles_are_made_of_others() {
    let house = House::open(&["--authorization-mode=RBAC"]).await;
    let extra = json!({
        "metadata": {"name": "extra", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"verbs": ["get"], "apiGroups": ["example.com"], "resources": ["things"]}],
    });
    let path = format!("{RBAC}/clusterroles");
    let (status, _) = house.call("master", "POST", &path, extra.clone()).await;
    assert_eq!(status, 201);
    // What view takes in goes on into edit, and from there into admin.
    loop {
        let (_, admin) = house.call("master", "GET", &format!("{path}/admin"), Value::Null).await;
        if admin["rules"].as_array().expect("rules").contains(&extra["rules"][0]) {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn default_roles_are_given_back_what_they_lost() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let data = format!("--data={}", folder.path().join("data.db").display());
    let flags = ["--authorization-mode=RBAC", &data];
    let house = House::open(&flags).await;
    let (roles, bindings) = (format!("{RBAC}/clusterroles"), format!("{RBAC}/clusterrolebindings"));
    let (_, controller) = house
        .call("master", "GET", &format!("{bindings}/system:controller:endpointslice-controller"), Value::Null)
        .await;
    let account = json!([{"kind": "ServiceAccount", "name": "endpointslice-controller", "namespace": "kube-system"}]);
    assert_eq!(controller["subjects"], account);
    assert_eq!(controller["metadata"]["labels"]["kubernetes.io/bootstrapping"], "rbac-defaults");
    let (_, dns) = house.call("master", "GET", &format!("{roles}/system:kube-dns"), Value::Null).await;
    let (discovery, monitoring) = (format!("{bindings}/system:discovery"), format!("{bindings}/system:monitoring"));
    let mut less = dns.clone();
    less["rules"] = json!([{"verbs": ["get"], "apiGroups": ["example.com"], "resources": ["things"]}]);
    house.call("master", "PUT", &format!("{roles}/system:kube-dns"), less).await;
    for (path, kept) in [(&discovery, "true"), (&monitoring, "false")] {
        let (_, mut binding) = house.call("master", "GET", path, Value::Null).await;
        binding["subjects"] = json!([]);
        binding["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = kept.into();
        let (status, _) = house.call("master", "PUT", path, binding).await;
        assert_eq!(status, 200);
    }
    let (status, _) = house.call("jane", "GET", "/apis", Value::Null).await;
    assert_eq!(status, 403, "what is taken is gone at once");
    let House { server, folder } = house;
    server.stop().await;
    let house = House { server: House::start(folder.path(), &flags).await, folder };
    let (status, _) = house.call("jane", "GET", "/apis", Value::Null).await;
    assert_eq!(status, 200);
    let (_, settled) = house.call("master", "GET", &monitoring, Value::Null).await;
    assert_eq!(settled.get("subjects"), None, "a binding that is not to be touched");
    let (_, settled) = house.call("master", "GET", &format!("{roles}/system:kube-dns"), Value::Null).await;
    assert_eq!(settled["rules"].as_array().expect("rules").len(), 1 + 4, "its own, and each verb for each resource");
}

#[tokio::test]
async fn other_machines_come_in_only_when_somebody_says_so() {
    let start = async |flags: &[&str]| {
        let own = ["kubedouble", "--bind-address=0.0.0.0", "--port=0", "--data=:memory:"];
        Server::start(Config::parse_from(own.iter().chain(flags))).await
    };
    let refusal = start(&[]).await.err().expect("a refusal").to_string();
    assert!(refusal.contains("--anonymous-auth=true"), "{refusal}");
    start(&["--anonymous-auth=true"]).await.expect("a server for everybody");
}

#[tokio::test]
async fn an_expired_certificate_is_nobodys() {
    let house = House::open(&[]).await;
    let key = KeyPair::from_pem(&house.read("certs/ca.key")).expect("the CA's key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "kubedouble-ca");
    let expired = signed_until(&Issuer::new(params, key), "jane", "devs", 2020);
    let good = house.certificate("jane", "devs");
    assert_eq!(house.send(Some(&good), &[], "GET", "/version", Value::Null).await.0, 200);
    assert_eq!(house.send(Some(&expired), &[], "GET", "/version", Value::Null).await.0, 401);
}

#[tokio::test]
async fn certificates_survive_a_restart() {
    let house = House::open(&["--authorization-mode=RBAC"]).await;
    let kubeconfig: Value = serde_json::from_str(&house.read("kubeconfig")).expect("a kubeconfig");
    let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str().expect("an address");
    assert_eq!(Some(server), house.server.secure_url().as_deref());
    let admin = Certificate(house.read("certs/admin.crt"), house.read("certs/admin.key"));
    let House { server, folder } = house;
    server.stop().await;
    let house = House { server: House::start(folder.path(), &["--authorization-mode=RBAC"]).await, folder };
    assert_eq!(house.read("certs/admin.crt"), admin.0);
    let user = who(&house.send(Some(&admin), &[], "POST", WHOAMI, json!({})).await);
    let expected = (json!("kubernetes-admin"), json!(["system:masters", "system:authenticated"]));
    assert_eq!((&user["username"], &user["groups"]), (&expected.0, &expected.1));
}

#[tokio::test]
async fn a_program_in_the_cluster_finds_its_files() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let house = House::open(&[&format!("--in-cluster-dir={}", folder.path().display())]).await;
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    assert_eq!((read("namespace").as_str(), read("ca.crt")), ("default", house.read("certs/ca.crt")));
    let path = "/api/v1/namespaces/default/configmaps/kube-root-ca.crt";
    let published = loop {
        let (status, found) = house.call("master", "GET", path, Value::Null).await;
        if status == 200 {
            break found;
        }
    };
    assert_eq!(published["data"]["ca.crt"], house.read("certs/ca.crt"));
    let user = who(&house.call(&read("token"), "POST", WHOAMI, json!({})).await);
    assert_eq!(user["username"], "system:serviceaccount:default:default");
}

#[tokio::test]
async fn requests_are_recorded() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("audit.log");
    let house = House::open(&["--authorization-mode=RBAC", &format!("--audit-log-path={}", path.display())]).await;
    house.call("jane", "GET", &format!("{SERVICES}/kubernetes"), Value::Null).await;
    house.call("wrong", "GET", "/version", Value::Null).await;
    let lines = loop {
        let text = std::fs::read_to_string(&path).expect("the log");
        if text.lines().count() == 2 && text.ends_with('\n') {
            break text;
        }
        tokio::task::yield_now().await;
    };
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let first = &events[0];
    assert_eq!((&first["kind"], &first["level"]), (&json!("Event"), &json!("Metadata")));
    assert_eq!((&first["verb"], &first["user"]["username"]), (&json!("get"), &json!("jane")));
    let reference = json!({"resource": "services", "namespace": "default", "name": "kubernetes", "apiVersion": "v1"});
    assert_eq!((&first["objectRef"], &first["responseStatus"]["code"]), (&reference, &json!(403)));
    assert_eq!(first["annotations"]["authorization.k8s.io/decision"], "forbid");
    assert_eq!((&events[1]["requestURI"], &events[1]["responseStatus"]["code"]), (&json!("/version"), &json!(401)));
}
