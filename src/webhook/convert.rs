//! Conversion webhooks: make an object of one version of a custom kind from that of another.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Client, Deadline, Destination, Form, Review, VERSIONS};
use crate::{
    kinds::{Converting, apiextensions::custom::Converter, rules::metadata_errors},
    object::{Path, Status, meta, status::Result},
    text::{go_quote, go_type, json_type},
    wire,
};

const REVIEW: Review = Review {
    group: "apiextensions.k8s.io",
    kind: "ConversionReview",
    response: "ConversionResponse",
    members: &[
        ("uid", Form::Text("types.UID")),
        ("convertedObjects", Form::List("[]runtime.RawExtension")),
        ("result", Form::Object("v1.Status")),
    ],
};

/// How long a conversion may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Makes ids for reviews.
pub type Ids = Arc<dyn Fn() -> String + Send + Sync>;

/// Converts by a webhook.
pub struct WebhookConverter {
    client: Arc<Client>,
    ids: Ids,
    destination: Destination,
    version: &'static str,
}

impl WebhookConverter {
    /// A converter as the `spec.conversion` of a definition asks for; `None` if its webhook cannot be called.
    pub fn new(client: &Arc<Client>, ids: &Ids, conversion: &Value) -> Option<Self> {
        let destination = Destination::of(meta::at(conversion, &["webhook", "clientConfig"])?)?;
        client.check(&destination).ok()?;
        let accepted = meta::items(conversion, &["webhook", "conversionReviewVersions"]).iter();
        let mut known =
            accepted.filter_map(|version| VERSIONS.into_iter().find(|known| version.as_str() == Some(*known)));
        let version = known.next().unwrap_or(VERSIONS[0]);
        let (client, ids) = (Arc::clone(client), Arc::clone(ids));
        Some(Self { client, ids, destination, version })
    }

    async fn ask(&self, object: Value, to: &str) -> Result<Value> {
        let (found, kind) = (meta::text(&object, &["apiVersion"]), meta::text(&object, &["kind"]));
        let by = format!("conversion webhook for {found}, Kind={kind}");
        let failed = |why: String| Status::untyped(format!("{by} failed: {why}"));
        let uid = (self.ids)();
        let mut sent = object.clone();
        meta::metadata_mut(&mut sent).shift_remove("resourceVersion");
        let review = json!({
            "kind": REVIEW.kind,
            "apiVersion": REVIEW.api_version(self.version),
            "request": {"uid": uid, "desiredAPIVersion": to, "objects": [sent]},
            "response": {"uid": "", "convertedObjects": null, "result": {"metadata": {}}},
        });
        let body = wire::to_json(&review).into();
        let received = self.client.post(&self.destination, Deadline::Client(TIMEOUT), body).await;
        let received = received.map_err(|error| failed(error.to_string()))?;
        let review = REVIEW.read(&received, self.version).map_err(failed)?;
        let mut objects = response(review, self.version, &uid).map_err(failed)?;
        if objects.len() != 1 {
            return Err(Status::untyped(format!("{by} returned {} objects, expected 1", objects.len())));
        }
        let converted = read(objects.remove(0))?;
        checked(&object, converted, to, kind).map_err(|why| Status::untyped(format!("{by} returned invalid {why}")))
    }
}

impl Converter for WebhookConverter {
    fn convert<'a>(&'a self, object: Value, to: &'a str) -> Converting<'a> {
        Box::pin(self.ask(object, to))
    }
}

/// The objects in a review that says it has succeeded.
fn response(mut review: Value, version: &str, uid: &str) -> std::result::Result<Vec<Value>, String> {
    let text = |path: &[&str]| meta::text(&review, path).to_owned();
    let (group_version, kind) = (text(&["apiVersion"]), text(&["kind"]));
    if version == "v1" && (group_version.is_empty() || kind.is_empty()) {
        let shown = if group_version.is_empty() { "/" } else { &group_version };
        let wanted = format!("{}, Kind={}", REVIEW.api_version(version), REVIEW.kind);
        return Err(format!("expected webhook response of {wanted}, got {shown}, Kind={kind}"));
    }
    if review.get("response").is_none_or(Value::is_null) {
        return Err("no response provided".to_owned());
    }
    let given = text(&["response", "uid"]);
    if version == "v1" && given != uid {
        return Err(format!("expected response.uid={}, got {}", go_quote(uid), go_quote(&given)));
    }
    let (status, message) = (text(&["response", "result", "status"]), text(&["response", "result", "message"]));
    match status.as_str() {
        "Success" => {}
        _ if !message.is_empty() => return Err(message),
        _ => return Err(format!("response.result.status was '{status}', not 'Success'")),
    }
    match review.pointer_mut("/response/convertedObjects").map(Value::take) {
        Some(Value::Array(objects)) => Ok(objects),
        _ => Ok(Vec::new()),
    }
}

/// A converted object has to be an object with a kind; the error is a Go decoder's alone.
fn read(object: Value) -> Result<Value> {
    if object.is_null() {
        return Err(Status::untyped("unexpected end of JSON input"));
    }
    if !object.is_object() {
        let found = json_type(&object);
        let text = format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
        return Err(Status::untyped(text));
    }
    if meta::text(&object, &["kind"]).is_empty() {
        return Err(Status::untyped(format!("Object 'Kind' is missing in '{object}'")));
    }
    Ok(object)
}

/// The converted object with the metadata of the original: only labels and annotations may differ. The error follows
/// `returned invalid`.
fn checked(original: &Value, mut converted: Value, to: &str, kind: &str) -> std::result::Result<Value, String> {
    let (version, found) = (meta::text(&converted, &["apiVersion"]), meta::text(&converted, &["kind"]));
    if version != to {
        return Err(format!("object at index 0: invalid groupVersion (expected {to}, received {version})"));
    }
    if found != kind {
        return Err(format!("object at index 0: invalid kind (expected {kind}, received {found})"));
    }
    for (name, shown) in [("name", "name"), ("namespace", "namespace"), ("uid", "UID")] {
        let (was, is) = (meta::text(original, &["metadata", name]), meta::text(&converted, &["metadata", name]));
        if was != is {
            return Err(format!("object: must have the same {shown}: {was} != {is}"));
        }
    }
    let Some(given) = converted.get("metadata") else {
        return Err("metadata: missing metadata in converted object".to_owned());
    };
    if !given.is_object() {
        return Err(format!("metadata: invalid metadata of type {} in converted object", go_type(given)));
    }
    let mut metadata = original.get("metadata").cloned().unwrap_or_else(|| json!({}));
    for name in ["labels", "annotations"] {
        let new = given.get(name).filter(|value| !value.is_null());
        let members = metadata.as_object_mut().expect("metadata is an object");
        let Some(new) = new else {
            members.shift_remove(name);
            continue;
        };
        changeable(name, members.get(name), new).map_err(|why| format!("metadata: {why}"))?;
        members.insert(name.to_owned(), new.clone());
    }
    members_of(&mut converted).insert("metadata".to_owned(), metadata);
    Ok(converted)
}

/// Checks labels or annotations that a webhook has given.
fn changeable(name: &str, old: Option<&Value>, new: &Value) -> std::result::Result<(), String> {
    let Value::Object(entries) = new else {
        return Err(format!("invalid metadata.{name} of type {} in converted object", go_type(new)));
    };
    if let Some((key, value)) = entries.iter().find(|(_, value)| !value.is_string()) {
        return Err(format!("metadata.{name}[{key}] must be a string, but is {} in converted object", go_type(value)));
    }
    if old == Some(new) {
        return Ok(());
    }
    let path = Path::new("metadata");
    let errors = match name {
        "labels" => metadata_errors::labels(&path.child(name), entries),
        _ => metadata_errors::annotations(&path.child("annotation"), entries),
    };
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    if texts.is_empty() { Ok(()) } else { Err(texts.join("; ")) }
}

fn members_of(object: &mut Value) -> &mut meta::Object {
    object.as_object_mut().expect("a converted object is an object")
}
