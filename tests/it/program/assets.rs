//! `kubedouble assets`: the directory that envtest takes its programs from, and what they do by their names.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::process::run;
use crate::client::Client;

/// Two users: one may do everything.
const TOKENS: &str = "master,root,1,\"system:masters\"\njane,jane,2,\"devs\"\n";

/// A directory of assets, and room for everything that is started from it.
struct Assets {
    folder: tempfile::TempDir,
}

/// A program that was started by the name of another; killed when dropped.
struct Started {
    child: Child,
    /// What it says first: where it listens.
    url: String,
}

impl Assets {
    fn new(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let directory = folder.path().join("assets");
        let output = run(["assets", directory.to_str().expect("text")].iter().chain(flags));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).expect("text");
        assert_eq!(Path::new(said.trim()), directory.canonicalize().expect("a directory that is there"));
        fs::write(folder.path().join("tokens.csv"), TOKENS).expect("a token file");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.path("assets").join(name));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn output(&self, name: &str, flags: &[&str]) -> Output {
        self.program(name).args(flags).output().expect("the program runs")
    }

    /// An etcd on a port of its own; when this returns, it is healthy.
    async fn etcd(&self) -> Started {
        let url = format!("http://{}", free_port());
        let flags = ["--listen-client-urls", &url, "--advertise-client-urls", &url, "--unsafe-no-fsync=true"];
        let child = self.program("etcd").args(flags).arg("--data-dir").arg(self.path("data")).spawn();
        let started = Started { child: child.expect("etcd starts"), url };
        let health = eventually(async || Client::new(&started.url).try_get("/health").await).await;
        assert_eq!(health, json!({"health": "true", "reason": ""}));
        started
    }

    /// A kube-apiserver that is pointed to an etcd; when this returns, it serves.
    fn kube_apiserver(&self, etcd: &Started, flags: &[&str]) -> Started {
        let mut command = self.program("kube-apiserver");
        command.args(["--secure-port=0", "--bind-address=127.0.0.1", "--etcd-servers", &etcd.url]);
        command.arg("--cert-dir").arg(self.path("certs")).arg("--token-auth-file").arg(self.path("tokens.csv"));
        let mut child = command.args(flags).stderr(Stdio::null()).spawn().expect("it starts");
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut greeting).expect("a greeting");
        let url = greeting.split_whitespace().find(|word| word.starts_with("https://"));
        let url = url.unwrap_or_else(|| panic!("no URL in {greeting:?}")).to_owned();
        Started { child, url }
    }

    /// Sends a request over TLS as the owner of a token.
    async fn call(&self, server: &Started, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut roots = RootCertStore::empty();
        let certificate = fs::read_to_string(self.path("certs/apiserver.crt")).expect("a certificate");
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(server.url.trim_start_matches("https://")).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = request.header("content-type", "application/json").body(Full::new(body)).expect("a request");
        let response = sender.send_request(request).await.expect("a response");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn get(&self, server: &Started, path: &str) -> (u16, Value) {
        self.call(server, "master", "GET", path, &Value::Null).await
    }
}

impl Started {
    fn terminate(&mut self) {
        let sent = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill is installed").success());
        assert!(self.child.wait().expect("its end").success());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// Tries until there is something.
async fn eventually<T>(attempt: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = attempt().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came");
}

fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|text| !text.contains(") Z "))
}

#[test]
fn both_programs_say_what_their_flags_are() {
    let assets = Assets::new(&[]);
    let help = String::from_utf8(assets.output("kube-apiserver", &["--help"]).stdout).expect("text");
    let flags = include_str!("../../../src/config/kube_apiserver/flags.txt");
    let names: Vec<&str> = flags.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names.len() > 170);
    for line in names {
        let name = line.split('|').next().unwrap_or_default();
        assert!(
            help.lines().any(|said| said.trim_start_matches([' ', '-', 'v', 'h', ',']).starts_with(name)
                || said.contains(&format!("--{name}"))),
            "{name}"
        );
    }
    // envtest looks for these.
    assert!(!help.contains("--insecure-port"));
    let help = String::from_utf8(assets.output("etcd", &["--help"]).stdout).expect("text");
    assert!(help.contains("--unsafe-no-fsync"));
    let version = assets.output("kube-apiserver", &["--version"]);
    assert_eq!(String::from_utf8_lossy(&version.stdout), "Kubernetes v1.36.3\n");
}

#[test]
fn flags_are_refused_in_the_words_of_the_program() {
    let assets = Assets::new(&[]);
    let refused = [
        (vec!["--frobnicate=1"], "Error: unknown flag: --frobnicate\n"),
        (vec!["-x"], "Error: unknown shorthand flag: 'x' in -x\n"),
        (vec!["--etcd-servers"], "Error: flag needs an argument: --etcd-servers\n"),
        (vec!["--=x"], "Error: bad flag syntax: --=x\n"),
        (vec!["--feature-gates=frob-nicate=true"], "Error: unrecognized feature gate: frob-nicate\n"),
        (vec!["--feature-gates=WatchList"], "Error: missing bool value for WatchList\n"),
        (
            vec!["--feature-gates=WatchList=yes"],
            "Error: invalid value of WatchList=yes, err: strconv.ParseBool: parsing \"yes\": invalid syntax\n",
        ),
        (vec!["serve"], "Error: \"kube-apiserver\" does not take any arguments, got [\"serve\"]\n"),
        (vec![], "Error: --etcd-servers must be specified\n"),
        (
            vec!["--secure-port=x"],
            "Error: invalid argument \"x\" for \"--secure-port\" flag: strconv.ParseInt: parsing \"x\": invalid syntax\n",
        ),
        (
            vec!["--allow-privileged=perhaps"],
            "Error: invalid argument \"perhaps\" for \"--allow-privileged\" flag: strconv.ParseBool: parsing \"perhaps\": invalid syntax\n",
        ),
        (
            vec!["--authorization-mode=RBAC,Magic"],
            "Error: invalid argument \"Magic\" for \"--authorization-mode\" flag: authorization-mode \"Magic\" is not a valid mode\n",
        ),
        (
            vec!["--controllers=endpoints"],
            "Error: invalid argument \"endpoints\" for \"--controllers\" flag: \"endpoints\" is not in the list of known controllers\n",
        ),
    ];
    for (flags, why) in refused {
        let output = assets.output("kube-apiserver", &flags);
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), why));
    }
    let output = assets.output("etcd", &["-frobnicate"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "flag provided but not defined: -frobnicate\n");
}

#[tokio::test]
async fn a_port_that_was_taken_in_between_is_named() {
    let assets = Assets::new(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let output = assets.output("etcd", &["--listen-client-urls", &format!("http://{address}")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("cannot listen on {address}")));
    let etcd = assets.etcd().await;
    let port = format!("--secure-port={}", address.port());
    let certs = format!("--cert-dir={}", assets.path("certs").display());
    let output =
        assets.output("kube-apiserver", &[&port, "--bind-address=127.0.0.1", &certs, "--etcd-servers", &etcd.url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("cannot listen on {address}")));
}

#[tokio::test]
async fn the_same_etcd_is_the_same_data_as_long_as_it_runs() {
    let assets = Assets::new(&[]);
    let mut etcd = assets.etcd().await;
    let mut first = assets.kube_apiserver(&etcd, &[]);
    let made = json!({"metadata": {"name": "kept"}});
    assert_eq!(assets.call(&first, "master", "POST", "/api/v1/namespaces", &made).await.0, 201);
    first.terminate();
    let second = assets.kube_apiserver(&etcd, &[]);
    assert_eq!(assets.get(&second, "/api/v1/namespaces/kept").await.0, 200);
    drop(second);
    etcd.terminate();
    assert_eq!(fs::read_dir(assets.path("data")).expect("the directory").count(), 0, "etcd left something");
}

#[tokio::test]
async fn two_environments_share_directories_and_no_data() {
    let assets = Assets::new(&[]);
    let (etcd, other_etcd) = (assets.etcd().await, assets.etcd().await);
    let server = assets.kube_apiserver(&etcd, &[]);
    let other = assets.kube_apiserver(&other_etcd, &[]);
    let made = json!({"metadata": {"name": "mine"}});
    assert_eq!(assets.call(&server, "master", "POST", "/api/v1/namespaces", &made).await.0, 201);
    assert_eq!(assets.get(&other, "/api/v1/namespaces/mine").await.0, 404);
    // The directory of the programs can be written again while they run.
    let again = run([std::ffi::OsStr::new("assets"), assets.path("assets").as_os_str()]);
    assert!(again.status.success());
    assert_eq!(assets.get(&server, "/api/v1/namespaces/mine").await.0, 200);
}

#[tokio::test]
async fn a_bare_api_server_has_what_it_makes_itself_and_no_controllers() {
    let assets = Assets::new(&[]);
    let etcd = assets.etcd().await;
    let server = assets.kube_apiserver(&etcd, &["--authorization-mode=Node,RBAC"]);
    assert_eq!(assets.call(&server, "", "GET", "/healthz", &Value::Null).await.0, 200);
    let (_, names) = assets.get(&server, "/kubedouble/controllers").await;
    assert_eq!(
        names["controllers"],
        json!(["kubernetes-service-controller", "event-expiry", "kube-apiserver-identity"])
    );
    let port: u16 = server.url.rsplit(':').next().expect("a port").parse().expect("a number");
    let (_, service) = assets.get(&server, "/api/v1/namespaces/default/services/kubernetes").await;
    assert_eq!(service["spec"]["ports"][0]["targetPort"], port);
    assert_eq!(service["spec"]["clusterIP"], "10.0.0.1");
    for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        assert_eq!(assets.get(&server, &format!("/api/v1/namespaces/{namespace}")).await.0, 200);
    }
    let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
    let lease = eventually(async || {
        let (_, list) = assets.get(&server, leases).await;
        list["items"].as_array().and_then(|items| items.first()).cloned()
    })
    .await;
    assert!(lease["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("apiserver-")), "{lease}");
    assert_eq!(lease["metadata"]["labels"]["apiserver.kubernetes.io/identity"], "kube-apiserver");
    assert_eq!(assets.get(&server, "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin").await.0, 200);
    assert_eq!(assets.get(&server, "/api/v1/nodes").await.1["items"], json!([]));
    assert_eq!(assets.get(&server, "/api/v1/namespaces/default/serviceaccounts").await.1["items"], json!([]));
}

#[tokio::test]
async fn controllers_can_be_baked_in() {
    let assets = Assets::new(&["--controllers=endpoint-controller,endpointslice"]);
    let etcd = assets.etcd().await;
    let server = assets.kube_apiserver(&etcd, &[]);
    let (_, names) = assets.get(&server, "/kubedouble/controllers").await;
    let names = names["controllers"].to_string();
    assert!(names.contains("endpoint-controller") && names.contains("endpointslice-controller"), "{names}");
    assert!(!names.contains("deployment-controller"), "{names}");
}

#[tokio::test]
async fn a_server_ends_with_the_process_that_started_it() {
    let assets = Assets::new(&[]);
    let url = format!("http://{}", free_port());
    let script = format!(
        "{} --listen-client-urls {url} --data-dir {} & echo $!; wait",
        assets.path("assets/etcd").display(),
        assets.path("data").display()
    );
    let mut shell =
        Command::new("sh").arg("-c").arg(script).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("sh");
    let mut line = String::new();
    BufReader::new(shell.stdout.take().expect("piped")).read_line(&mut line).expect("its id");
    let pid: u32 = line.trim().parse().expect("a number");
    eventually(async || Client::new(&url).try_get("/health").await).await;
    shell.kill().expect("a running shell");
    shell.wait().expect("its end");
    eventually(async || (!is_alive(pid)).then_some(())).await;
}

#[tokio::test]
async fn certificates_that_cannot_serve_are_named() {
    let assets = Assets::new(&[]);
    let etcd = assets.etcd().await;
    let pair = || {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(["localhost".to_owned()]).expect("names").self_signed(&key);
        (certificate.expect("a certificate").pem(), key.serialize_pem())
    };
    let (certificate, _) = pair();
    let (_, key) = pair();
    let (certificate_file, key_file) = (assets.path("tls.crt"), assets.path("tls.key"));
    fs::write(&certificate_file, certificate).expect("a file");
    let certificate_flag = format!("--tls-cert-file={}", certificate_file.display());
    let key_flag = format!("--tls-private-key-file={}", key_file.display());
    let flags = ["--secure-port=0", "--etcd-servers", &etcd.url, &certificate_flag, &key_flag];
    let missing = assets.output("kube-apiserver", &flags);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("tls.key: No such file"));
    fs::write(&key_file, key).expect("a file");
    let foreign = assets.output("kube-apiserver", &flags);
    assert_eq!(foreign.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&foreign.stderr).contains("cannot set up TLS"));
}

#[tokio::test]
async fn no_pod_of_the_node_no_secret_and_nothing_where_everything_is_forbidden() {
    let assets = Assets::new(&[]);
    let tokens = format!("{TOKENS}kubelet,system:node:one,3,\"system:nodes\"\n");
    fs::write(assets.path("tokens.csv"), tokens).expect("a token file");
    let etcd = assets.etcd().await;
    let flags = ["--authorization-mode=Node,RBAC", "--disable-admission-plugins=ServiceAccount"];
    let server = assets.kube_apiserver(&etcd, &flags);
    let secrets = "/api/v1/namespaces/default/secrets";
    for name in ["used", "unused"] {
        let secret = json!({"metadata": {"name": name}});
        assert_eq!(assets.call(&server, "master", "POST", secrets, &secret).await.0, 201);
    }
    let from = json!([{"secretRef": {"name": "used"}}]);
    let spec = json!({"nodeName": "one", "containers": [{"name": "c", "image": "i", "envFrom": from}]});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    let (code, made) = assets.call(&server, "master", "POST", "/api/v1/namespaces/default/pods", &pod).await;
    assert_eq!(code, 201, "{made}");
    let used = assets.call(&server, "kubelet", "GET", &format!("{secrets}/used"), &Value::Null).await;
    assert_eq!(used.0, 200, "{}", used.1);
    let (code, refused) = assets.call(&server, "kubelet", "GET", &format!("{secrets}/unused"), &Value::Null).await;
    let why = "no relationship found between node 'one' and this object";
    assert!(code == 403 && refused["message"].as_str().is_some_and(|text| text.ends_with(why)), "{refused}");
    let (code, refused) = assets.call(&server, "jane", "GET", &format!("{secrets}/used"), &Value::Null).await;
    assert_eq!(code, 403, "{refused}");
    drop(server);
    let server = assets.kube_apiserver(&etcd, &["--authorization-mode=AlwaysDeny"]);
    let (code, refused) = assets.call(&server, "jane", "GET", secrets, &Value::Null).await;
    assert!(code == 403 && refused["message"].as_str().is_some_and(|text| text.ends_with("Everything is forbidden.")));
    assert_eq!(assets.get(&server, secrets).await.0, 200);
}
