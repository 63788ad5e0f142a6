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
    flow::Paced,
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
    verbs::{EventType, Watch, WatchEvent, parse, with_type},
    wire::{self, MediaType},
};

/// The annotation of the bookmark that ends the initial events.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// A piece of the stream is sent when it has this many bytes.
const PIECE: usize = 64 * 1024;

/// The response to a watch. Its headers are sent at once, its body as things happen and the client reads.
pub fn response(frames: Frames, pace: Option<Paced>) -> Response<Body> {
    let content_type = match frames.media() {
        MediaType::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        MediaType::Json | MediaType::Yaml => negotiate::JSON,
    };
    let pieces = stream::unfold((frames, pace), |(mut frames, mut pace)| async move {
        if let Some(pace) = &pace {
            tokio::select! {
                () = pace.ready() => {}
                () = frames.stopping() => return None,
            }
        }
        let piece = frames.piece().await?;
        if let Some(pace) = &mut pace {
            pace.made(piece.len());
        }
        Some((Ok::<_, std::convert::Infallible>(piece), (frames, pace)))
    });
    super::reply::response(StatusCode::OK, content_type, Body::from_stream(pieces))
}

/// A watch, and how its events are written.
pub struct Frames {
    watch: Watch,
    /// Events that wait for the client to read. They are references: only what is sent next is written out.
    events: std::vec::IntoIter<WatchEvent>,
    encoder: Encoder,
    stopping: watch::Receiver<bool>,
}

impl Frames {
    /// Writes the events of this watch of a kind.
    pub fn new(app: Arc<App>, def: &Kind, watch: Watch, output: Output, include: Include) -> Self {
        let tag = def.id() << 8 | u64::from(tag(output));
        let stopping = app.settings.stopping.clone();
        let encoder = Encoder { app, def: def.clone(), output, include, tag, headings: true };
        Self { watch, events: Vec::new().into_iter(), encoder, stopping }
    }

    /// The encoding of the frames.
    pub fn media(&self) -> MediaType {
        self.encoder.output.media
    }

    /// The next event, as it stands in a stream; `None` when the watch is over or the server stops.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.ready().await?;
        self.written()
    }

    /// The frames of the events that are there, as one piece of a bounded size.
    async fn piece(&mut self) -> Option<Bytes> {
        self.ready().await?;
        let first = self.written()?;
        if first.len() >= PIECE || self.events.len() == 0 {
            return Some(first);
        }
        let mut piece = first.to_vec();
        while piece.len() < PIECE
            && let Some(frame) = self.written()
        {
            piece.extend_from_slice(&frame);
        }
        Some(piece.into())
    }

    async fn stopping(&mut self) {
        // The sender lives as long as the server, so an error means the same.
        let _ = self.stopping.wait_for(|stopping| *stopping).await;
    }

    /// Waits until there is an event. Giving up in between loses nothing.
    async fn ready(&mut self) -> Option<()> {
        if self.events.len() == 0 {
            let events = tokio::select! {
                biased;
                // The sender lives as long as the server, so an error means the same.
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                events = self.watch.next() => events?,
            };
            self.encoder.app.metrics.watch_events(events.len());
            self.events = events.into_iter();
        }
        Some(())
    }

    fn written(&mut self) -> Option<Bytes> {
        self.events.next().map(|event| self.encoder.frame(&event))
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
                let object = self.shaped(wire::normalise(object, self.def.schema()));
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
        if self.output.shape == Shape::Whole && self.output.media == MediaType::Json {
            let mut out = Vec::with_capacity(bytes.len() + 96);
            open(&mut out, kind.name());
            push_complete(&mut out, &self.def, bytes);
            out.extend_from_slice(b"}\n");
            return out.into();
        }
        let object = self.shaped(with_type(&self.def, parse(bytes)));
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
