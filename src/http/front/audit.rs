//! The audit log: one line of JSON for every request, an `audit.k8s.io/v1.Event` at the level Metadata.
//!
//! A thread of its own writes the file. Its queue is bounded: when the disk can't keep up, lines are lost, not requests
//! held up.

use std::{
    io::{self, Write as _},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use axum::{
    body::Body,
    http::{Response, header, request::Parts},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{audit_file::RotatedFile, audit_policy::Policy};
use crate::http::{request::negotiate, response::holding::holding};
use crate::{
    identity::Peer,
    object::{
        User,
        access::{Attributes, Decision, Subject},
    },
    text::time::rfc3339_micro,
    verbs::{Api, AuditAnnotations},
};

/// How many lines may wait to be written.
const WAITING_MAX: usize = 16_384;

/// Lines are written together up to so many bytes.
const WRITE_MAX: usize = 64 * 1024;

/// An open audit log.
pub struct AuditLog {
    queue: SyncSender<String>,
    lost: AtomicU64,
    /// Which requests are recorded; without one, all.
    policy: Option<Policy>,
}

impl AuditLog {
    /// Appends to a file what the policy says.
    pub fn open(file: RotatedFile, policy: Option<Policy>) -> io::Result<Arc<Self>> {
        let (queue, lines) = sync_channel(WAITING_MAX);
        let log = Arc::new(Self { queue, lost: AtomicU64::new(0), policy });
        // The thread ends with the log, whose queue it therefore must not hold.
        let log_of_thread = Arc::downgrade(&log);
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || write(&lines, file, &log_of_thread))?;
        Ok(log)
    }

    /// Begins the record of a request.
    pub fn begin(self: &Arc<Self>, api: &Api, id: &str, parts: &Parts) -> Record {
        let mut event = Map::new();
        let mut set = |member: &str, value: Value| event.insert(member.to_owned(), value);
        set("kind", "Event".into());
        set("apiVersion", "audit.k8s.io/v1".into());
        set("level", "Metadata".into());
        set("auditID", id.into());
        set("stage", "ResponseComplete".into());
        set("requestURI", parts.uri.path_and_query().map_or("/", |uri| uri.as_str()).into());
        set("verb", Value::Null);
        set("user", json!({}));
        if let Some(peer) = parts.extensions.get::<Peer>() {
            set("sourceIPs", json!([peer.address.ip().to_canonical()]));
        }
        if let Some(agent) = negotiate::text(&parts.headers, header::USER_AGENT) {
            set("userAgent", agent.into());
        }
        Record {
            log: Arc::clone(self),
            api: api.clone(),
            received: api.now(),
            is_recorded: self.policy.is_none(),
            event,
            annotations: Arc::default(),
        }
    }

    fn push(&self, line: String) {
        if self.queue.try_send(line).is_err() {
            self.lose(1, &"the disk cannot keep up");
        }
    }

    /// Counts lines as lost. The first of a row is logged.
    fn lose(&self, lines: u64, why: &dyn std::fmt::Display) {
        if self.lost.fetch_add(lines, Relaxed) == 0 {
            tracing::warn!(%why, "the audit log loses lines");
        }
    }

    /// Says how many lines were lost, once lines can be written again.
    fn recover(&self) {
        let lost = self.lost.swap(0, Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "the audit log goes on; lines were lost");
        }
    }
}

/// The record of a request. It is written when it is dropped: once the response is complete.
pub struct Record {
    log: Arc<AuditLog>,
    api: Api,
    received: Timestamp,
    /// Whether the policy wants it.
    is_recorded: bool,
    event: Map<String, Value>,
    /// What admission adds.
    annotations: Arc<AuditAnnotations>,
}

impl Record {
    /// Where admission adds annotations while the request runs.
    pub fn annotations(&self) -> Arc<AuditAnnotations> {
        Arc::clone(&self.annotations)
    }

    /// Notes what is asked for.
    pub fn asks(&mut self, attributes: &Attributes) {
        self.set("verb", attributes.verb.into());
        let Subject::Resource(at) = &attributes.subject else { return };
        let members = [
            ("resource", at.resource),
            ("namespace", at.namespace),
            ("name", at.name),
            ("apiGroup", at.group),
            ("apiVersion", at.version),
            ("subresource", at.subresource),
        ];
        let given = members.into_iter().filter(|(_, text)| !text.is_empty());
        let reference: Map<_, _> = given.map(|(member, text)| (member.to_owned(), text.into())).collect();
        self.set("objectRef", reference.into());
    }

    /// Asks the policy whether the request is recorded.
    pub fn consider(&mut self, user: &User, attributes: &Attributes) {
        if let Some(policy) = &self.log.policy {
            self.is_recorded = policy.records(user, attributes);
        }
    }

    /// Notes who asks.
    pub fn user(&mut self, user: &User) {
        self.set("user", user.to_value());
    }

    /// Notes as whom the user asks.
    pub fn impersonates(&mut self, user: &User) {
        self.set("impersonatedUser", user.to_value());
    }

    /// Notes whether it may be done.
    pub fn decided(&mut self, decision: &Decision) {
        let verdict = if decision.allowed { "allow" } else { "forbid" };
        let annotations = json!({
            "authorization.k8s.io/decision": verdict,
            "authorization.k8s.io/reason": decision.reason,
        });
        self.set("annotations", annotations);
    }

    /// Stays with a response until all of it has been sent.
    pub fn follow(mut self, response: Response<Body>) -> Response<Body> {
        self.set("responseStatus", json!({"metadata": {}, "code": response.status().as_u16()}));
        response.map(|body| holding(body, self))
    }

    fn set(&mut self, member: &str, value: Value) {
        self.event.insert(member.to_owned(), value);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_recorded {
            return;
        }
        let annotations = self.event.shift_remove("annotations");
        self.set("requestReceivedTimestamp", rfc3339_micro(self.received).into());
        self.set("stageTimestamp", rfc3339_micro(self.api.now()).into());
        let decided =
            annotations.into_iter().filter_map(|value| if let Value::Object(all) = value { Some(all) } else { None });
        let mut annotations: Map<String, Value> = decided.flatten().collect();
        annotations.extend(self.annotations.take().into_iter().map(|(key, value)| (key, value.into())));
        if !annotations.is_empty() {
            annotations.sort_keys();
            self.set("annotations", annotations.into());
        }
        let event = std::mem::take(&mut self.event);
        self.log.push(format!("{}\n", Value::Object(event)));
    }
}

/// Writes lines until no more can come; all that wait at once. What cannot be written, because the disk is full for
/// example, is lost, and counted. A line that is half written is ended before the next one.
fn write(lines: &Receiver<String>, mut file: RotatedFile, log: &Weak<AuditLog>) {
    let mut torn = false;
    while let Ok(first) = lines.recv() {
        let (mut text, mut count) = (String::new(), 1);
        if torn {
            text.push('\n');
        }
        text += &first;
        while text.len() < WRITE_MAX
            && let Ok(line) = lines.try_recv()
        {
            text += &line;
            count += 1;
        }
        let written = file.write_all(text.as_bytes());
        torn = written.is_err();
        if let Some(log) = log.upgrade() {
            match written {
                Ok(()) => log.recover(),
                Err(error) => log.lose(count, &error),
            }
        }
    }
}
