//! Events: what a controller tells people about an object. One that is told again is counted, not repeated.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    kinds::{core::event, rules::check},
    object::{Reason, meta},
    verbs::{Api, DecodedObject, Patch, PatchKind, Target, WriteOptions, rfc3339},
};

/// What is told.
#[derive(Clone, Copy)]
pub struct Note<'a> {
    /// Who tells it.
    pub component: &'a str,
    /// `Normal` or `Warning`.
    pub kind: &'a str,
    /// A word for programs.
    pub reason: &'a str,
    /// A sentence for people.
    pub message: &'a str,
}

/// Tells something about an object. An Event that cannot be recorded is lost: nothing may depend on it.
pub async fn record(api: &Api, about: &Value, note: Note<'_>) {
    let namespace = match meta::namespace(about) {
        "" => "default",
        namespace => namespace,
    };
    let target = Target::new(&event::DEF, namespace, &name(about, note));
    let now = rfc3339(api.now());
    let options = WriteOptions::internal(note.component);
    let known = api.get(&target, None, "").await.ok().map(|answer| answer.into_value(&event::DEF));
    let outcome = match known {
        Some(known) => {
            let seen = json!({"count": check::integer(&known, "count") + 1, "lastTimestamp": now});
            let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(seen.to_string()) };
            api.patch(&target, None, patch, &options).await
        }
        None => {
            let event = json!({
                "metadata": {"name": target.name(), "namespace": namespace},
                "involvedObject": {
                    "kind": about["kind"],
                    "namespace": meta::namespace(about),
                    "name": meta::name(about),
                    "uid": meta::uid(about),
                    "apiVersion": about["apiVersion"],
                    "resourceVersion": meta::resource_version(about),
                },
                "reason": note.reason,
                "message": note.message,
                "source": {"component": note.component},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": note.kind,
                "reportingComponent": note.component,
            });
            api.create(&Target { name: None, ..target }, DecodedObject::from(event), &options).await
        }
    };
    if let Err(error) = outcome
        && !matches!(error.reason, Reason::Forbidden | Reason::NotFound)
    {
        tracing::debug!(%error, "an event is lost");
    }
}

/// The object's name and what identifies the note, so that the same note has the same name.
fn name(about: &Value, note: Note<'_>) -> String {
    let digest = Sha256::digest([meta::uid(about), note.component, note.kind, note.reason, note.message].join("\0"));
    let suffix: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{suffix}", meta::name(about))
}
