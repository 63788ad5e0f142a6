//! What an API server says of itself in kube-system: the Lease that shows that it is there, and the ConfigMap by which
//! extension API servers know its clients.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::{change::Change, informer::Informers},
};
use crate::{
    kinds::{
        core::{config_map, namespace},
        lease,
    },
    object::status::Result,
    text::time::rfc3339_micro,
    verbs::{Patch, PatchKind, Target, WriteOptions},
};

/// Where both are.
const NAMESPACE: &str = "kube-system";
/// The ConfigMap.
const AUTHENTICATION: &str = "extension-apiserver-authentication";
/// How often the Lease is renewed, and how long it is good for.
const RENEWAL: Duration = Duration::from_secs(10);
const LEASE_SECONDS: i64 = 3600;
/// So many bytes of a hash tell API servers apart.
const HASH_BYTES: usize = 16;
/// The digits of base 32, in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Who this API server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiServer {
    /// The machine it runs on.
    pub host: String,
    /// The CA whose client certificates it believes, in PEM.
    pub client_ca: Option<String>,
}

impl ApiServer {
    /// The name of its Lease.
    pub fn lease(&self) -> String {
        let hash = Sha256::digest(&self.host);
        format!("apiserver-{}", base32(&hash[..HASH_BYTES]))
    }

    async fn renew(&self, world: &Informers) -> Result<()> {
        let (name, now) = (self.lease(), rfc3339_micro(world.api.now()));
        let labels = json!({"apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": self.host});
        let holder = format!("{name}_{}", world.api.new_request_id());
        let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now});
        let lease = json!({"metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}, "spec": spec});
        if writes::ensure(&world.api, writes::APISERVER, &lease::DEF, lease).await?.is_some() {
            return Ok(());
        }
        // Not counted as work: it never comes to an end.
        let body = json!({"spec": {"renewTime": now}}).to_string().into();
        let patch = Patch { kind: PatchKind::Merge, body };
        let target = Target::new(&lease::DEF, NAMESPACE, &name);
        let renewed = world.api.patch(&target, None, patch, &WriteOptions::internal(writes::APISERVER)).await;
        writes::unless_gone(renewed).map(drop)
    }

    async fn publish(&self, world: &Informers) -> Result<()> {
        let Some(ca) = &self.client_ca else { return Ok(()) };
        let (api, kind) = (&world.api, &config_map::DEF);
        let data = json!({"client-ca-file": ca});
        let map = json!({"metadata": {"name": AUTHENTICATION, "namespace": NAMESPACE}, "data": data});
        if writes::ensure(api, writes::APISERVER, kind, map).await?.is_some() {
            return Ok(());
        }
        match world.get(kind, NAMESPACE, AUTHENTICATION).await? {
            Some(found) if found["data"]["client-ca-file"] != data["client-ca-file"] => {
                writes::merge(api, writes::APISERVER, kind, &found, "", &json!({"data": data})).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl Controller for ApiServer {
    fn name(&self) -> &'static str {
        "kube-apiserver-identity"
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        let own = change.is(&config_map::DEF) && change.key.name() == AUTHENTICATION;
        let home = change.is(&namespace::DEF) && change.key.name() == NAMESPACE && !change.is_removal();
        let concerned = home || (own && change.key.namespace() == Some(NAMESPACE));
        if concerned { vec![NAMESPACE.to_owned()] } else { Vec::new() }
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, queue }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.publish(world).await?;
            self.renew(world).await?;
            queue.requeue_after(key.to_owned(), RENEWAL);
            Ok(())
        })
    }
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut group = [0u8; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(group);
        let digits = (chunk.len() * 8).div_ceil(5);
        text.extend((0..digits).map(|digit| char::from(DIGITS[(number >> (35 - 5 * digit) & 31) as usize])));
    }
    text
}
