//! What every namespace contains from the start: the `default` ServiceAccount and the cluster's root certificate.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Controller, informer::Informers};
use crate::{
    kinds::{KindDef, config_map, namespace, service_account},
    object::{Reason, meta, status::Result},
    verbs::{DecodedObject, Target, WriteOptions},
};

/// The annotation kube-controller-manager puts on the certificate's ConfigMap.
const ROOT_CA_DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

pub(super) struct NamespaceContents;

impl Controller for NamespaceContents {
    fn name(&self) -> &'static str {
        "kube-controller-manager"
    }

    fn follows(&self) -> &'static [&'static KindDef] {
        &[&namespace::DEF, &service_account::DEF, &config_map::DEF]
    }

    fn keys(&self, def: &KindDef, old: Option<&Value>, new: Option<&Value>, _world: &Informers) -> Vec<String> {
        if def.gvk == namespace::DEF.gvk {
            return new.map(|object| meta::name(object).to_owned()).into_iter().collect();
        }
        // Either content is put back when somebody removes it.
        let published = |object: &&Value| matches!(meta::name(object), "default" | "kube-root-ca.crt");
        let gone = if new.is_none() { old } else { None };
        gone.filter(published).map(|object| meta::namespace(object).to_owned()).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, key: &'a str, world: &'a Informers) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let active = world.get(&namespace::DEF, "", key).is_some_and(|found| !meta::is_deleting(&found));
            if !active {
                return Ok(());
            }
            let account = json!({"metadata": {"name": "default", "namespace": key}});
            publish(world, &service_account::DEF, account, self.name()).await?;
            let certificate = json!({
                "metadata": {
                    "name": "kube-root-ca.crt",
                    "namespace": key,
                    "annotations": {"kubernetes.io/description": ROOT_CA_DESCRIPTION},
                },
                "data": {"ca.crt": ""},
            });
            publish(world, &config_map::DEF, certificate, self.name()).await
        })
    }
}

async fn publish(world: &Informers, def: &'static KindDef, object: Value, manager: &str) -> Result<()> {
    let (namespace, name) = (meta::namespace(&object).to_owned(), meta::name(&object).to_owned());
    if world.get(def, &namespace, &name).is_some() {
        return Ok(());
    }
    let target = Target::new(def, &namespace, "");
    match world.api.create(&target, DecodedObject::from(object), &WriteOptions::internal(manager)).await {
        Ok(_) => Ok(()),
        // Somebody else was first, or the namespace is going away: either way there is nothing left to do.
        Err(status) if matches!(status.reason, Reason::AlreadyExists | Reason::Forbidden | Reason::NotFound) => Ok(()),
        Err(status) => Err(status),
    }
}
