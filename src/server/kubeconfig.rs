//! The kubeconfig that lets clients find the server and be its administrator.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::identity::certs::Pair;

/// What an administrator needs beside the address.
#[derive(Default)]
pub struct Credentials {
    /// The CA that signed the server's certificate, in PEM.
    pub ca: Option<String>,
    /// The CA whose client certificates are believed, in PEM.
    pub client_ca: Option<String>,
    /// The administrator's certificate.
    pub client: Option<Pair>,
    /// The administrator's token.
    pub token: Option<String>,
}

/// A kubeconfig with one context, as JSON, which is YAML too.
pub fn text(url: &str, credentials: &Credentials) -> String {
    let mut cluster = json!({"server": url});
    let mut user = json!({});
    let encoded = |pem: &str| Value::from(STANDARD.encode(pem));
    if let Some(ca) = &credentials.ca {
        cluster["certificate-authority-data"] = encoded(ca);
    } else if url.starts_with("http:") {
        // There is nothing to verify, and the JavaScript client speaks plain HTTP only to those who say so.
        cluster["insecure-skip-tls-verify"] = true.into();
    }
    if let Some(client) = &credentials.client {
        user["client-certificate-data"] = encoded(&client.certificate);
        user["client-key-data"] = encoded(&client.key);
    } else if let Some(token) = &credentials.token {
        user["token"] = token.as_str().into();
    }
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "kubedouble",
        "clusters": [{"name": "kubedouble", "cluster": cluster}],
        "users": [{"name": "kubedouble", "user": user}],
        "contexts": [{
            "name": "kubedouble",
            "context": {"cluster": "kubedouble", "user": "kubedouble", "namespace": "default"},
        }],
    });
    format!("{config:#}\n")
}
