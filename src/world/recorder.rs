//! Events: what a controller records about an object for people to read. One that is recorded again is counted, not
//! repeated.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::correlator::Correlator;
use crate::{
    kinds::{core::event, rules::check},
    object::{Reason, meta},
    verbs::{Api, DecodedObject, Patch, PatchKind, Target, WriteOptions, rfc3339},
};

/// What is recorded.
#[derive(Clone, Copy)]
pub struct Note<'a> {
    /// Who records it.
    pub component: &'a str,
    /// `Normal` or `Warning`.
    pub kind: &'a str,
    /// A word for programs.
    pub reason: &'a str,
    /// A sentence for people.
    pub message: &'a str,
}

/// Records Events.
pub struct Recorder {
    api: Api,
    correlator: Mutex<Correlator>,
}

impl Recorder {
    /// A recorder that has recorded nothing.
    pub fn new(api: Api) -> Self {
        Self { api, correlator: Mutex::default() }
    }

    /// Records something about an object. An Event that cannot be written is lost: nothing may depend on it.
    pub async fn record(&self, about: &Value, note: Note<'_>) {
        let now = self.api.now();
        let source = [note.component, meta::uid(about), meta::namespace(about), meta::name(about)].join("\0");
        let topic = [&source, note.kind, note.reason].join("\0");
        let correlated = {
            let mut correlator = self.correlator.lock().unwrap_or_else(PoisonError::into_inner);
            correlator.correlate(&source, &topic, note.message, now)
        };
        let Some((message, is_combined)) = correlated else { return };
        // The same Event has the same name; Events that stand for others are the same whatever their message.
        let identity = if is_combined { topic } else { [topic.as_str(), &message].join("\0") };
        let note = Note { message: &message, ..note };
        self.write(about, note, &name(about, &identity), &rfc3339(now)).await;
    }

    async fn write(&self, about: &Value, note: Note<'_>, name: &str, now: &str) {
        let namespace = match meta::namespace(about) {
            "" => "default",
            namespace => namespace,
        };
        let target = Target::new(&event::DEF, namespace, name);
        let options = WriteOptions::internal(note.component);
        let known = self.api.get(&target, None, "").await.ok().map(|answer| answer.into_value(&event::DEF));
        let outcome = match known {
            Some(known) => {
                let count = check::integer(&known, "count") + 1;
                let seen = json!({"count": count, "lastTimestamp": now, "message": note.message});
                let patch = Patch { kind: PatchKind::Merge, body: Bytes::from(seen.to_string()) };
                self.api.patch(&target, None, patch, &options).await
            }
            None => {
                let event = DecodedObject::from(new_event(about, note, namespace, name, now));
                self.api.create(&Target { name: None, ..target }, event, &options).await
            }
        };
        if let Err(error) = outcome
            && !matches!(error.reason, Reason::Forbidden | Reason::NotFound)
        {
            tracing::debug!(%error, "an event is lost");
        }
    }
}

fn new_event(about: &Value, note: Note<'_>, namespace: &str, name: &str, now: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace},
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
    })
}

/// The object's name and what identifies the Event.
fn name(about: &Value, identity: &str) -> String {
    let digest = Sha256::digest(identity);
    let suffix: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{suffix}", meta::name(about))
}
