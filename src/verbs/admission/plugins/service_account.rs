//! `ServiceAccount`: a pod acts as a service account, whose token is mounted into its containers.

use std::time::Duration;

use serde_json::{Value, json};

use super::namespace_lifecycle::shown_name;
use crate::{
    kinds::{core::service_account, pod},
    object::{Status, meta, status::Result},
    verbs::{
        Api, Target,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};

/// The account of pods that name none. Every namespace gets one soon after it has been made.
const DEFAULT: &str = "default";
/// How often a default account that is missing is looked for again, and how long that takes each time.
const ATTEMPTS: usize = 10;
const INTERVAL: Duration = Duration::from_millis(100);
/// Where containers expect the token.
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// What the names of volumes with a token begin with.
const VOLUME: &str = "kube-api-access-";
/// How long a token holds, in seconds. Kubelets recognize tokens that were not asked for by this odd number.
const EXPIRATION_SECONDS: i64 = 3607;
/// Pods that a kubelet has without asking the server.
const MIRROR: &str = "kubernetes.io/config.mirror";
/// On an account: its pods may use those Secrets only that it lists.
const ENFORCED: &str = "kubernetes.io/enforce-mountable-secrets";

/// The plugin.
pub struct ServiceAccount;

impl Admission for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        let def = &attributes.target.def;
        attributes.operation == Operation::Create && attributes.sub.is_none() && def.gvk == pod::DEF.gvk
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(admit(api, review))
    }
}

async fn admit(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let namespace = review.attributes.target.namespace.as_deref().unwrap_or_default();
    let Some(pod) = review.object.as_deref_mut() else { return Ok(()) };
    if meta::at(pod, &["metadata", "annotations", MIRROR]).is_some() {
        return check_mirror(pod);
    }
    if meta::text(pod, &["spec", "serviceAccountName"]).is_empty() {
        let spec = meta::map_mut(pod, "spec");
        spec.insert("serviceAccountName".to_owned(), DEFAULT.into());
        spec.insert("serviceAccount".to_owned(), DEFAULT.into());
    }
    let name = meta::text(pod, &["spec", "serviceAccountName"]).to_owned();
    let Some(account) = find(api, namespace, &name).await else {
        let why = format!("error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found");
        return Err(forbidden(pod, &why));
    };
    let setting = |object: &Value, path: &[&str]| meta::at(object, path).and_then(Value::as_bool);
    let mounts = setting(pod, &["spec", "automountServiceAccountToken"])
        .or_else(|| setting(&account, &["automountServiceAccountToken"]))
        .unwrap_or(true);
    if mounts {
        let prefix = review.attributes.target.prefix();
        mount(pod, || api.0.context.generate_name(prefix.as_str(), VOLUME));
    }
    let secrets = meta::items(&account, &["imagePullSecrets"]);
    if !secrets.is_empty() && meta::items(pod, &["spec", "imagePullSecrets"]).is_empty() {
        meta::map_mut(pod, "spec").insert("imagePullSecrets".to_owned(), secrets.to_vec().into());
    }
    if meta::text(&account, &["metadata", "annotations", ENFORCED]) == "true" {
        check_secrets(pod, &account)?;
    }
    Ok(())
}

/// The account. The default one is waited for, since a namespace may be younger than its account.
async fn find(api: &Api, namespace: &str, name: &str) -> Option<Value> {
    let key = Target::new(&service_account::DEF, namespace, name).key();
    for attempt in 1.. {
        if let Some(found) = api.0.store.get(&key) {
            return Some(stored::parse(found.bytes()));
        }
        if name != DEFAULT || attempt == ATTEMPTS {
            break;
        }
        tokio::time::sleep(INTERVAL).await;
    }
    None
}

/// Mounts a token into each container that has nothing at the path.
fn mount(pod: &mut Value, new_name: impl FnOnce() -> String) {
    let volumes = meta::items(pod, &["spec", "volumes"]).iter().map(|volume| meta::text(volume, &["name"]));
    let known = volumes.into_iter().find(|name| name.starts_with(VOLUME)).map(str::to_owned);
    let is_known = known.is_some();
    let name = known.unwrap_or_else(new_name);
    let mut is_used = false;
    let spec = meta::map_mut(pod, "spec");
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
            if mounts.is_null() {
                *mounts = json!([]);
            }
            let Some(mounts) = mounts.as_array_mut() else { continue };
            if !mounts.iter().any(|mount| meta::text(mount, &["mountPath"]) == MOUNT_PATH) {
                mounts.push(json!({"name": name, "readOnly": true, "mountPath": MOUNT_PATH}));
                is_used = true;
            }
        }
    }
    if is_known || !is_used {
        return;
    }
    let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
    if volumes.is_null() {
        *volumes = json!([]);
    }
    if let Some(volumes) = volumes.as_array_mut() {
        volumes.push(token_volume(&name));
    }
}

fn token_volume(name: &str) -> Value {
    let namespace = json!({"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}});
    let certificate = json!({"key": "ca.crt", "path": "ca.crt"});
    json!({
        "name": name,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": EXPIRATION_SECONDS, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [certificate]}},
                {"downwardAPI": {"items": [namespace]}},
            ],
            "defaultMode": 420,
        },
    })
}

/// A mirror pod may not take from the cluster what its kubelet has not got.
fn check_mirror(pod: &Value) -> Result<()> {
    if !meta::text(pod, &["spec", "serviceAccountName"]).is_empty() {
        return Err(forbidden(pod, "a mirror pod may not reference service accounts"));
    }
    let volumes = meta::items(pod, &["spec", "volumes"]);
    let has_secret = volumes.iter().any(|volume| volume.get("secret").is_some_and(|secret| !secret.is_null()));
    if has_secret || containers(pod).any(|(_, container)| uses(container).next().is_some()) {
        return Err(forbidden(pod, "a mirror pod may not reference secrets"));
    }
    let mut sources = volumes.iter().flat_map(|volume| meta::items(volume, &["projected", "sources"]));
    if sources.any(|source| source.get("serviceAccountToken").is_some_and(|token| !token.is_null())) {
        return Err(forbidden(pod, "a mirror pod may not use ServiceAccountToken volume projections"));
    }
    Ok(())
}

/// Refuses the first Secret that the account does not list.
fn check_secrets(pod: &Value, account: &Value) -> Result<()> {
    let name = meta::name(account);
    let listed = |list: &str, secret: &str| {
        meta::items(account, &[list]).iter().any(|entry| meta::text(entry, &["name"]) == secret)
    };
    let refuse = |what: String, kind: &str| {
        Err(forbidden(
            pod,
            &format!("{what} is not allowed because service account {name} does not reference that {kind}"),
        ))
    };
    for volume in meta::items(pod, &["spec", "volumes"]) {
        let secret = meta::text(volume, &["secret", "secretName"]);
        if !secret.is_empty() && !listed("secrets", secret) {
            return refuse(format!("volume with secret.secretName=\"{secret}\""), "secret");
        }
    }
    for (kind, container) in containers(pod) {
        for (by, secret) in uses(container) {
            if !listed("secrets", secret) {
                let container = meta::text(container, &["name"]);
                return refuse(
                    format!("{kind} {container} with {by} referencing secret.secretName=\"{secret}\""),
                    "secret",
                );
            }
        }
    }
    for (i, secret) in meta::items(pod, &["spec", "imagePullSecrets"]).iter().enumerate() {
        let secret = meta::text(secret, &["name"]);
        if !listed("imagePullSecrets", secret) {
            return refuse(format!("imagePullSecrets[{i}].name=\"{secret}\""), "imagePullSecret");
        }
    }
    Ok(())
}

/// All containers but ephemeral ones, each with what messages call it.
fn containers(pod: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    let of = |list: &str, kind| meta::items(pod, &["spec", list]).iter().map(move |container| (kind, container));
    of("initContainers", "init container").chain(of("containers", "container"))
}

/// The Secrets from which a container takes its environment, and how.
fn uses(container: &Value) -> impl Iterator<Item = (String, &str)> {
    let variables = meta::items(container, &["env"]).iter().map(|variable| {
        (
            format!("envVar {}", meta::text(variable, &["name"])),
            meta::text(variable, &["valueFrom", "secretKeyRef", "name"]),
        )
    });
    let sources = meta::items(container, &["envFrom"])
        .iter()
        .map(|source| ("envFrom".to_owned(), meta::text(source, &["secretRef", "name"])));
    variables.chain(sources).filter(|(_, secret)| !secret.is_empty())
}

fn forbidden(pod: &Value, why: &str) -> Box<Status> {
    Status::forbidden("", &pod::DEF.plural, shown_name(pod), why)
}
