//! Where a webhook is, as the client configuration of a webhook or a conversion says.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::text::url::Url;

/// A webhook that can be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// Scheme, host, port and path: everything but the query.
    pub(super) url: String,
    /// The service that the host stands for, if it is one.
    pub(super) service: Option<ServiceReference>,
    /// The certificates to trust, in PEM; empty for the system's.
    pub(super) ca_bundle: Arc<[u8]>,
}

/// A service of the cluster, and its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ServiceReference {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) port: u16,
}

impl Destination {
    /// Reads a valid client configuration.
    pub fn of(config: &Value) -> Option<Self> {
        let text = |value: &Value, member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
        let ca_bundle = BASE64_STANDARD.decode(text(config, "caBundle").unwrap_or_default()).ok()?.into();
        let Some(service) = config.get("service").filter(|service| !service.is_null()) else {
            let url = text(config, "url")?;
            let url = Url::parse(&url).ok()?;
            let url = format!("{}://{}{}", url.scheme, url.host, clean(url.path));
            return Some(Self { url, service: None, ca_bundle });
        };
        let port = service.get("port").and_then(Value::as_u64).unwrap_or(443);
        let reference = ServiceReference {
            namespace: text(service, "namespace")?,
            name: text(service, "name")?,
            port: u16::try_from(port).ok()?,
        };
        let path = clean(&text(service, "path").unwrap_or_default());
        let url = format!("https://{}:{port}{path}", reference.host());
        Some(Self { url, service: Some(reference), ca_bundle })
    }
}

impl ServiceReference {
    /// The name that the service's certificate is for.
    pub(super) fn host(&self) -> String {
        format!("{}.{}.svc", self.name, self.namespace)
    }
}

/// A path without empty and dotted segments.
fn clean(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
