//! Service account tokens through the front door: how they are asked for, what they say, and when they end.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use kubedouble::{
    identity::{
        certs,
        der::{OCTET_STRING, Reader, SEQUENCE},
        jwt::{self, Token},
        keys::{Algorithm, PublicKey, SigningKey},
    },
    server::Server,
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    harness,
};

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
const REVIEWS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const WHOAMI: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// A server that asks for credentials on plain HTTP, and a key that it signs with.
struct House {
    _server: Server,
    client: Client,
    key: SigningKey,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (key, tokens) = (folder.path().join("sa.key"), folder.path().join("tokens.csv"));
        let pem = certs::new_signing_key().expect("a key");
        std::fs::write(&key, &pem).expect("a key file");
        std::fs::write(&tokens, "master,root,1,\"system:masters\"\n").expect("a token file");
        let own = [
            format!("--service-account-signing-key-file={}", key.display()),
            format!("--token-auth-file={}", tokens.display()),
        ];
        let all: Vec<&str> = own.iter().map(String::as_str).chain(flags.iter().copied()).collect();
        let server = harness::start(&all).await;
        let client = Client::new(server.url());
        let key = SigningKey::from_pem(&pem).expect("a signing key");
        Self { _server: server, client, key, _folder: folder }
    }

    async fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.client.send(method, path, &headers, body).await
    }

    async fn admin(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send("master", method, path, body).await
    }

    /// Makes an account and answers it.
    async fn account(&self, name: &str) -> Value {
        self.admin("POST", ACCOUNTS, &json!({"metadata": {"name": name}})).await.expect(201).json()
    }

    async fn request(&self, account: &str, spec: Value) -> Answer {
        self.admin("POST", &format!("{ACCOUNTS}/{account}/token"), &json!({"spec": spec})).await
    }

    async fn token(&self, account: &str, spec: Value) -> String {
        let request = self.request(account, spec).await.expect(201).json();
        request["status"]["token"].as_str().expect("a token").to_owned()
    }

    async fn review(&self, token: &str, audiences: &[&str]) -> Value {
        let spec = json!({"token": token, "audiences": audiences});
        self.admin("POST", REVIEWS, &json!({"spec": spec})).await.expect(201).json()["status"].clone()
    }

    /// A token that the server's key signs and that says whatever we like.
    fn forge(&self, claims: &Value) -> String {
        jwt::sign(claims, &self.key)
    }
}

fn claims(token: &str) -> Value {
    Token::parse(token).expect("a token in three parts").claims
}

#[tokio::test]
async fn a_token_says_whose_it_is_for_whom_and_how_long() {
    let house = House::open(&[]).await;
    let account = house.account("robot").await;
    let answer = house.request("robot", json!({})).await.expect(201).json();
    assert_eq!((&answer["kind"], &answer["apiVersion"]), (&json!("TokenRequest"), &json!("authentication.k8s.io/v1")));
    let uid = &account["metadata"]["uid"];
    let metadata = &answer["metadata"];
    assert_eq!(
        (&metadata["name"], &metadata["namespace"], &metadata["uid"]),
        (&json!("robot"), &json!("default"), uid)
    );
    assert_eq!(metadata["managedFields"][0]["fieldsV1"], json!({"f:spec": {"f:expirationSeconds": {}}}));
    assert_eq!(metadata["managedFields"][0]["subresource"], "token");
    assert_eq!(answer["spec"], json!({"audiences": [ISSUER], "expirationSeconds": 3600, "boundObjectRef": null}));
    let token = answer["status"]["token"].as_str().expect("a token");
    let claims = claims(token);
    let issued = claims["iat"].as_i64().expect("a time");
    let expected = json!({
        "aud": [ISSUER],
        "exp": issued + 3600,
        "iat": issued,
        "iss": ISSUER,
        "jti": claims["jti"],
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "robot", "uid": uid}},
        "nbf": issued,
        "sub": "system:serviceaccount:default:robot",
    });
    assert_eq!(claims.to_string(), expected.to_string(), "in this order");
    let user = house.send(token, "POST", WHOAMI, &json!({})).await.expect(201).json();
    let expected = json!({
        "username": "system:serviceaccount:default:robot",
        "uid": uid,
        "groups": ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": [format!("JTI={}", claims["jti"].as_str().expect("an id"))]},
    });
    assert_eq!(user["status"]["userInfo"], expected);
    assert_eq!(house.review(token, &[]).await, json!({"authenticated": true, "user": expected, "audiences": [ISSUER]}));
}

#[tokio::test]
async fn requests_for_tokens_are_checked() {
    let house = House::open(&[]).await;
    let account = house.account("robot").await;
    let short = house.request("robot", json!({"expirationSeconds": 599})).await.expect(422).json();
    let text = "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 599: \
                may not specify a duration less than 10 minutes";
    assert_eq!(short["message"], text);
    let long = house.request("robot", json!({"expirationSeconds": 4_294_967_297_i64})).await.expect(422).json();
    assert!(
        long["message"]
            .as_str()
            .is_some_and(|text| text.ends_with("may not specify a duration larger than 2^32 seconds"))
    );
    let missing = house.request("nobody", json!({})).await.expect(404).json();
    assert_eq!(missing["message"], "serviceaccounts \"nobody\" not found");
    let path = format!("{ACCOUNTS}/robot/token");
    let other = house.admin("POST", &path, &json!({"metadata": {"name": "x"}})).await.expect(422).json();
    let text = "TokenRequest.authentication.k8s.io \"robot\" is invalid: metadata.name: Invalid value: \"x\": \
                must match the service account name if specified";
    assert_eq!(other["message"], text);
    let stale = house.admin("POST", &path, &json!({"metadata": {"uid": "old"}})).await.expect(409).json();
    let uid = account["metadata"]["uid"].as_str().expect("a uid");
    let text = format!(
        "Operation cannot be fulfilled on TokenRequest.authentication.k8s.io \"robot\": the UID in the token request (old) \
         does not match the UID of the service account ({uid})"
    );
    assert_eq!(stale["message"], text);
    let bind = |kind: &str, version: &str, name: &str, uid: &str| json!({"boundObjectRef": {"kind": kind, "apiVersion": version, "name": name, "uid": uid}});
    for (spec, code, text) in [
        (bind("ConfigMap", "v1", "x", ""), 400, "cannot bind token to object of type /v1, Kind=ConfigMap"),
        (bind("Pod", "v1", "x", ""), 404, "pods \"x\" not found"),
        (bind("Secret", "v1", "x", ""), 404, "secrets \"x\" not found"),
        (bind("Node", "v1", "x", ""), 404, "nodes \"x\" not found"),
    ] {
        let refusal = house.request("robot", spec).await.expect(code).json();
        assert_eq!(refusal["message"], text);
    }
    house.admin("POST", "/api/v1/namespaces/default/secrets", &json!({"metadata": {"name": "s"}})).await.expect(201);
    let refusal = house.request("robot", bind("Secret", "v1", "s", "old")).await.expect(409).json();
    let text = "Operation cannot be fulfilled on Secret \"s\": the UID in the bound object reference (old) does not match \
                the UID in record. The object might have been deleted and then recreated";
    assert_eq!(refusal["message"], text);
}

#[tokio::test]
async fn a_token_ends_with_its_account_and_with_what_it_is_bound_to() {
    let house = House::open(&[]).await;
    let first = house.account("robot").await;
    let secrets = "/api/v1/namespaces/default/secrets";
    house.admin("POST", secrets, &json!({"metadata": {"name": "s"}})).await.expect(201);
    let reference = json!({"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s"}});
    let (free, bound) = (house.token("robot", json!({})).await, house.token("robot", reference).await);
    assert_eq!(claims(&bound)["kubernetes.io"]["secret"]["name"], "s");
    assert_eq!(house.review(&bound, &[]).await["authenticated"], true);
    house.admin("DELETE", &format!("{secrets}/s"), &Value::Null).await.expect(200);
    let error = "service account token has been invalidated";
    assert_eq!(house.review(&bound, &[]).await, json!({"user": {}, "error": error}));
    house.send(&bound, "GET", "/version", &Value::Null).await.expect(401);
    house.send(&free, "GET", "/version", &Value::Null).await.expect(200);
    house.admin("DELETE", &format!("{ACCOUNTS}/robot"), &Value::Null).await.expect(200);
    assert_eq!(house.review(&free, &[]).await["error"], "serviceaccounts \"robot\" not found");
    let again = house.account("robot").await;
    let uid = |account: &Value| account["metadata"]["uid"].as_str().expect("a uid").to_owned();
    let error = format!("service account UID ({}) does not match claim ({})", uid(&again), uid(&first));
    assert_eq!(house.review(&free, &[]).await["error"], error);
    house.send(&free, "GET", "/version", &Value::Null).await.expect(401);
}

#[tokio::test]
async fn a_token_of_a_pod_names_its_node_and_lasts_for_programs_that_do_not_renew_it() {
    let house = House::open(&[]).await;
    house.account("robot").await;
    let container = json!({"name": "c", "image": "i"});
    let spec = json!({"serviceAccountName": "robot", "nodeName": "gone", "containers": [container]});
    let pod = json!({"metadata": {"name": "p"}, "spec": spec});
    house.admin("POST", "/api/v1/namespaces/default/pods", &pod).await.expect(201);
    let bind = |seconds: i64| {
        let reference = json!({"kind": "Pod", "apiVersion": "v1", "name": "p"});
        json!({"boundObjectRef": reference, "expirationSeconds": seconds})
    };
    let token = house.token("robot", bind(3607)).await;
    let claims = claims(&token);
    let issued = claims["iat"].as_i64().expect("a time");
    let own = &claims["kubernetes.io"];
    assert_eq!((&claims["exp"], &own["warnafter"]), (&json!(issued + 31_536_000), &json!(issued + 3607)));
    assert_eq!((&own["node"], &own["pod"]["name"]), (&json!({"name": "gone"}), &json!("p")));
    let user = &house.review(&token, &[]).await["user"];
    let extra = |name: &str| user["extra"][format!("authentication.kubernetes.io/{name}")].clone();
    assert_eq!(
        (extra("pod-name"), extra("node-name"), extra("node-uid")),
        (json!(["p"]), json!(["gone"]), Value::Null)
    );
    house.account("other").await;
    let refusal = house.request("other", bind(3600)).await.expect(400).json();
    let text = "cannot bind token for serviceaccount \"other\" to pod running with different serviceaccount name.";
    assert_eq!(refusal["message"], text);
}

#[tokio::test]
async fn what_a_token_says_is_checked() {
    let house = House::open(&["--api-audiences=here,there"]).await;
    house.account("robot").await;
    let token = house.token("robot", json!({})).await;
    let good = claims(&token);
    assert_eq!(good["aud"], json!(["here", "there"]));
    assert_eq!(house.review(&token, &["there", "far"]).await["audiences"], json!(["there"]));
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        house.forge(&claims)
    };
    let now = good["iat"].as_i64().expect("a time");
    let stranger = SigningKey::from_pem(&certs::new_signing_key().expect("a key")).expect("a signing key");
    for (token, error) in [
        (with("exp", json!(now - 120)), "service account token has expired"),
        (with("exp", json!("never")), "go-jose/go-jose/jwt: expected number value to unmarshal NumericDate"),
        (with("exp", json!({})), "go-jose/go-jose/jwt: expected number value to unmarshal NumericDate"),
        (
            with("exp", json!(format!("{}.5", now - 120).parse::<f64>().expect("a number"))),
            "service account token has expired",
        ),
        (with("nbf", json!(now + 120)), "service account token is not valid yet"),
        (with("iat", json!(now + 120)), "service account token is issued in the future"),
        (
            with("aud", json!(["far"])),
            "token audiences [\"far\"] is invalid for the target audiences [\"here\" \"there\"]",
        ),
        (with("iss", json!("https://example.com")), "invalid bearer token"),
        (jwt::sign(&good, &stranger), "go-jose/go-jose: error in cryptographic primitive"),
        ("a.b.c".to_owned(), "invalid bearer token"),
    ] {
        assert_eq!(house.review(&token, &[]).await, json!({"user": {}, "error": error}));
        house.send(&token, "GET", "/version", &Value::Null).await.expect(401);
    }
    let unsigned = {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
        format!("{header}.{}.", URL_SAFE_NO_PAD.encode(good.to_string()))
    };
    house.send(&unsigned, "GET", "/version", &Value::Null).await.expect(401);
    // A little too late is in time: clocks differ.
    house.send(&with("exp", json!(now - 30)), "GET", "/version", &Value::Null).await.expect(200);
    assert_eq!(house.review("master", &["far"]).await["error"], "invalid bearer token");
    assert_eq!(house.review("master", &["here"]).await["audiences"], json!(["here"]));
}

#[tokio::test]
async fn others_can_verify_tokens() {
    let house = House::open(&[]).await;
    let get = async |path: &str| house.admin("GET", path, &Value::Null).await.expect(200);
    let configuration = get("/.well-known/openid-configuration").await;
    assert_eq!(configuration.header("cache-control"), "public, max-age=3600");
    let configuration = configuration.json();
    assert_eq!(configuration["issuer"], ISSUER);
    assert_eq!(configuration["id_token_signing_alg_values_supported"], json!(["ES256"]));
    assert!(configuration["jwks_uri"].as_str().is_some_and(|uri| uri.ends_with("/openid/v1/jwks")));
    let keys = get("/openid/v1/jwks").await;
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    assert_eq!(keys.json(), json!({"keys": [house.key.public().to_jwk()]}));
    house.account("robot").await;
    let token = house.token("robot", json!({"audiences": ["shop"]})).await;
    assert!(Token::parse(&token).expect("a token").is_signed_by(&[house.key.public().clone()]));
    house.send(&token, "GET", "/version", &Value::Null).await.expect(401);
    assert_eq!(house.review(&token, &["shop"]).await["audiences"], json!(["shop"]));
}

#[tokio::test]
async fn tokens_are_issued_where_nobody_is_asked_too() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    client.post(ACCOUNTS, &json!({"metadata": {"name": "robot"}})).await.expect(201);
    let request = client.post(&format!("{ACCOUNTS}/robot/token"), &json!({})).await.expect(201).json();
    let review = client.post(REVIEWS, &json!({"spec": {"token": request["status"]["token"]}})).await.expect(201).json();
    assert_eq!(review["status"]["user"]["username"], "system:serviceaccount:default:robot");
}

/// An RSA key, which nothing here can generate.
const RSA: &str = include_str!("service_account_tokens/rsa.pem");
const RSA_PUBLIC: &str = include_str!("service_account_tokens/rsa.pub.pem");

#[test]
fn keys_are_read_as_openssl_writes_them() {
    let pair = KeyPair::generate().expect("a key");
    let (elliptic, elliptic_public) = (pair.serialize_pem(), pair.public_key_pem());
    for (private, public, algorithm) in
        [(RSA, RSA_PUBLIC, Algorithm::Rs256), (elliptic.as_str(), elliptic_public.as_str(), Algorithm::Es256)]
    {
        let key = SigningKey::from_pem(private).expect("a signing key");
        assert_eq!(key.public().algorithm, algorithm);
        let public = PublicKey::all_from_pem(public).expect("public keys");
        assert_eq!(public, [key.public().clone()]);
        assert_eq!(PublicKey::all_from_pem(private).expect("public halves"), public);
        assert!(public[0].verifies(b"text", &key.sign(b"text")));
        assert!(!public[0].verifies(b"other", &key.sign(b"text")));
    }
    let sec1 = sec1_pem(&pair);
    let key = SigningKey::from_pem(&sec1).expect("a signing key");
    assert_eq!(PublicKey::all_from_pem(&elliptic_public), Ok(vec![key.public().clone()]));
    assert_eq!(PublicKey::all_from_pem(&sec1), Ok(vec![key.public().clone()]));
    let certificate = CertificateParams::default().self_signed(&pair).expect("a certificate").pem();
    assert_eq!(PublicKey::all_from_pem(&certificate), Ok(vec![key.public().clone()]));
    let both = PublicKey::all_from_pem(&format!("{RSA_PUBLIC}{elliptic_public}")).expect("two keys");
    assert_eq!(both.len(), 2);
    assert!(PublicKey::all_from_pem("nothing").is_err());
    assert!(SigningKey::from_pem(RSA_PUBLIC).is_err());
}

/// A key as `openssl ecparam -genkey` writes it: it is what PKCS #8 wraps.
fn sec1_pem(pair: &KeyPair) -> String {
    let der = pair.serialize_der();
    let mut pkcs8 = Reader(&der).enter(SEQUENCE).expect("a key");
    let (_version, _algorithm) = (pkcs8.take(), pkcs8.take());
    let Reader(key) = pkcs8.enter(OCTET_STRING).expect("the wrapped key");
    format!("-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n", STANDARD.encode(key))
}
