//! Watch streams: one frame for each event, in the encoding and shape the client asked for, until the watch ends.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{
    partial,
    reply::push_complete,
    table::{self, Include},
};
use crate::http::{
    App,
    request::negotiate::{self, Output, Shape},
};
use crate::{
    kinds::Kind,
    object::{Revision, Status},
    schema,
    verbs::{EventType, Watch, WatchEvent, splices, view_bytes, with_type},
    wire::{self, MediaType},
};

/// The annotation of the bookmark that ends the initial events.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// The answer to a watch. Its headers are sent at once, its body as things happen.
pub fn answer(frames: Frames) -> Response<Body> {
    let content_type = match frames.media() {
        MediaType::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        MediaType::Json | MediaType::Yaml => negotiate::JSON,
    };
    let pieces = stream::unfold(frames, |mut frames| async move {
        let events = frames.events().await?;
        let piece = frames.piece(&events);
        Some((Ok::<_, std::convert::Infallible>(piece), frames))
    });
    super::reply::response(StatusCode::OK, content_type, Body::from_stream(pieces))
}

/// A watch, and how its events are written.
pub struct Frames {
    watch: Watch,
    encoder: Encoder,
    stopping: watch::Receiver<bool>,
}

impl Frames {
    /// Reads this watch of a kind, and writes what it tells.
    pub fn new(app: Arc<App>, def: &Kind, watch: Watch, output: Output, include: Include) -> Self {
        let tag = def.id() << 8 | u64::from(tag(output));
        let stopping = app.settings.stopping.clone();
        Self { watch, encoder: Encoder { app, def: def.clone(), output, include, tag, headings: true }, stopping }
    }

    /// The encoding of the frames.
    pub fn media(&self) -> MediaType {
        self.encoder.output.media
    }

    /// What has happened; `None` when the watch is over or the server stops.
    pub async fn events(&mut self) -> Option<Vec<WatchEvent>> {
        tokio::select! {
            biased;
            // The sender lives as long as the server, so an error means the same.
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
            events = self.watch.next() => events,
        }
    }

    /// One event, as it stands in a stream.
    pub fn frame(&mut self, event: &WatchEvent) -> Bytes {
        self.encoder.frame(event)
    }

    /// Counts events as sent.
    pub fn count(&self, events: &[WatchEvent]) {
        self.encoder.app.metrics.watch_events(events.len());
    }

    /// The frames of a batch, as one piece.
    fn piece(&mut self, events: &[WatchEvent]) -> Bytes {
        self.count(events);
        if let [event] = events {
            return self.frame(event);
        }
        let mut out = Vec::new();
        for event in events {
            out.extend_from_slice(&self.frame(event));
        }
        out.into()
    }
}

/// Writes the events of one watch.
struct Encoder {
    app: Arc<App>,
    def: Kind,
    output: Output,
    include: Include,
    /// Names this encoding of this kind among all that an event may be kept in.
    tag: u64,
    /// The next table names its columns.
    headings: bool,
}

impl Encoder {
    fn frame(&mut self, event: &WatchEvent) -> Bytes {
        match event {
            WatchEvent::Object { kind, bytes, event } => match event.as_ref().filter(|_| self.is_shared()) {
                Some(event) => event.frame(self.tag | *kind as u64, || self.object(*kind, bytes)),
                None => self.object(*kind, bytes),
            },
            WatchEvent::Bookmark { revision, initial_events_end } => {
                let object = with_type(&self.def, bookmark(*revision, *initial_events_end));
                let object = match schema::message(&self.def.message) {
                    Some(message) => wire::normalise(object, message),
                    None => object,
                };
                let object = self.shaped(object);
                self.encode("BOOKMARK", &object)
            }
            WatchEvent::Error(status) => self.encode("ERROR", &Status::to_value(status)),
        }
    }

    /// Tables show ages, which differ from watcher to watcher.
    fn is_shared(&self) -> bool {
        !matches!(self.output.shape, Shape::Table(_))
    }

    fn object(&mut self, kind: EventType, bytes: &Bytes) -> Bytes {
        if self.output.shape == Shape::Whole && self.output.media == MediaType::Json && splices(&self.def) {
            let mut out = Vec::with_capacity(bytes.len() + 96);
            open(&mut out, kind.name());
            push_complete(&mut out, &self.def, bytes);
            out.extend_from_slice(b"}\n");
            return out.into();
        }
        let object = self.shaped(view_bytes(&self.def, bytes));
        self.encode(kind.name(), &object)
    }

    fn shaped(&mut self, object: Value) -> Value {
        match self.output.shape {
            Shape::Whole => object,
            Shape::Metadata(version) | Shape::MetadataList(version) => partial::of_object(version, &object),
            Shape::Table(version) => {
                let headings = std::mem::take(&mut self.headings);
                table::of_event(&self.def, version, &object, self.include, self.app.api.now(), headings)
            }
        }
    }

    fn encode(&self, kind: &str, object: &Value) -> Bytes {
        match self.output.media {
            MediaType::Protobuf => {
                wire::protobuf::watch_frame(kind, &wire::encode(object, MediaType::Protobuf, false)).into()
            }
            MediaType::Json | MediaType::Yaml => {
                let mut out = Vec::new();
                open(&mut out, kind);
                out.extend_from_slice(&wire::to_json(object));
                out.extend_from_slice(b"}\n");
                out.into()
            }
        }
    }
}

/// An object that carries nothing but how far the watch has got.
fn bookmark(revision: Revision, initial_events_end: bool) -> Value {
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".into(), revision.to_string().into());
    if initial_events_end {
        metadata.insert("annotations".into(), json!({INITIAL_EVENTS_END: "true"}));
    }
    json!({"metadata": metadata})
}

fn open(out: &mut Vec<u8>, kind: &str) {
    out.extend_from_slice(br#"{"type":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","object":"#);
}

/// A number for each encoding and shape; the two lowest bits are left for the type of the event.
fn tag(output: Output) -> u8 {
    let media = match output.media {
        MediaType::Json | MediaType::Yaml => 0,
        MediaType::Protobuf => 1,
    };
    let shape = match output.shape {
        Shape::Whole | Shape::Table(_) => 0,
        Shape::Metadata("v1") | Shape::MetadataList("v1") => 1,
        Shape::Metadata(_) | Shape::MetadataList(_) => 2,
    };
    (media << 2) | (shape << 3)
}
