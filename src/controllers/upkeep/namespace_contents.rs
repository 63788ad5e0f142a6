//! What every namespace contains from the start: the `default` ServiceAccount and the cluster's root certificate.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::{change::Change, informer::Informers},
};
use crate::{
    kinds::{
        Kind,
        core::{config_map, namespace, service_account},
    },
    object::{meta, status::Result},
};

/// The ServiceAccount of pods that name none.
const ACCOUNT: &str = "default";
/// The ConfigMap with the root certificate.
const CERTIFICATE: &str = "kube-root-ca.crt";
/// The annotation kube-controller-manager puts on the certificate's ConfigMap.
const DESCRIPTION_ANNOTATION: &str = "kubernetes.io/description";
/// What it says there.
const ROOT_CA_DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/// What one controller puts into every namespace.
pub enum NamespaceContents {
    /// The ServiceAccount of pods that name none.
    Account,
    /// The cluster's root certificate.
    Certificate,
}

impl Controller for NamespaceContents {
    fn name(&self) -> &'static str {
        match self {
            Self::Account => "serviceaccount-controller",
            Self::Certificate => "root-ca-certificate-publisher-controller",
        }
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        if change.is(&namespace::DEF) {
            return if change.is_removal() { Vec::new() } else { vec![change.key.name().to_owned()] };
        }
        // Either is put back when somebody removes it, the certificate also when somebody changes it.
        let concerned = match self {
            Self::Account => change.is(&service_account::DEF) && change.key.name() == ACCOUNT && change.is_removal(),
            Self::Certificate => change.is(&config_map::DEF) && change.key.name() == CERTIFICATE,
        };
        change.key.namespace().filter(|_| concerned).map(str::to_owned).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let found = world.get(&namespace::DEF, "", key).await?;
            if found.is_none_or(|found| meta::is_deleting(&found)) {
                return Ok(());
            }
            match self {
                Self::Account => {
                    let account = json!({"metadata": {"name": ACCOUNT, "namespace": key}});
                    publish(world, &service_account::DEF, account).await
                }
                Self::Certificate => publish_certificate(world, key).await,
            }
        })
    }
}

/// Brings the certificate's ConfigMap to what it has to be; other annotations stay.
async fn publish_certificate(world: &Informers, namespace: &str) -> Result<()> {
    let data = json!({"ca.crt": world.api.settings().root_ca});
    let Some(mut found) = world.get(&config_map::DEF, namespace, CERTIFICATE).await? else {
        let annotations = json!({DESCRIPTION_ANNOTATION: ROOT_CA_DESCRIPTION});
        let metadata = json!({"name": CERTIFICATE, "namespace": namespace, "annotations": annotations});
        return publish(world, &config_map::DEF, json!({"metadata": metadata, "data": data})).await;
    };
    let described = !meta::text(&found, &["metadata", "annotations", DESCRIPTION_ANNOTATION]).is_empty();
    if described && meta::at(&found, &["data"]) == Some(&data) {
        return Ok(());
    }
    found["data"] = data;
    found["metadata"]["annotations"][DESCRIPTION_ANNOTATION] = json!(ROOT_CA_DESCRIPTION);
    writes::update(&world.api, &config_map::DEF, None, found).await?;
    Ok(())
}

async fn publish(world: &Informers, kind: &Kind, object: Value) -> Result<()> {
    writes::ensure(&world.api, writes::MANAGER, kind, object).await?;
    Ok(())
}
