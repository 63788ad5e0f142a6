//! Lists: stored bytes copied once into chunks, or a value when the client wants something else.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde_json::{Map, Value};

use super::{
    list_meta::list_meta,
    partial,
    reply::{self, Format, TableOptions, push_type},
    table,
};
use crate::http::request::negotiate::{self, Shape};
use crate::{
    kinds::KindDef,
    object::{gvk::api_version, status::Result},
    verbs::{Page, Stored, view},
};

/// A chunk of a body is sent when it has this many bytes.
const CHUNK: usize = 64 * 1024;

/// A page of a list, as the client asked for it.
pub fn response(format: &Format, def: &KindDef, page: Page, options: &TableOptions) -> Result<Response<Body>> {
    let output = format.output;
    if format.is_plain() {
        return Ok(reply::response(StatusCode::OK, negotiate::JSON, Body::new(Chunks::new(def, page))));
    }
    let value = match output.shape {
        Shape::Whole => value(def, &page),
        Shape::Table(version) => table::of_list(def, version, &page, options.include()?, options.now()),
        Shape::MetadataList(version) => partial::of_list(def, version, &page),
        Shape::Metadata(_) => return Err(partial::is_a_list(def)),
    };
    Ok(format.value(StatusCode::OK, &value))
}

fn value(def: &KindDef, page: &Page) -> Value {
    let item = |stored: &Arc<Stored>| {
        let mut object = view(def, stored);
        if let Some(members) = object.as_object_mut().filter(|_| !def.is_custom) {
            members.shift_remove("kind");
            members.shift_remove("apiVersion");
        }
        object
    };
    let mut list = Map::new();
    list.insert("kind".into(), (*def.list_kind()).into());
    list.insert("apiVersion".into(), api_version(&def.gvk.group, &def.gvk.version).into());
    list.insert("metadata".into(), list_meta(page, def.is_custom).into());
    list.insert("items".into(), page.items.iter().map(item).collect());
    list.into()
}

/// The body of a JSON list: its length is known, its bytes are copied as they are sent.
struct Chunks {
    /// What comes before the next item: the head at first.
    before: Vec<u8>,
    items: std::vec::IntoIter<Arc<Stored>>,
    first: bool,
    left: u64,
}

const TAIL: &[u8] = b"]}\n";

impl Chunks {
    fn new(def: &KindDef, page: Page) -> Self {
        let mut head = Vec::with_capacity(CHUNK.min(256 + page.items.first().map_or(0, |item| item.bytes().len())));
        push_type(&mut head, &def.list_kind(), def);
        head.extend_from_slice(br#","metadata":"#);
        head.extend_from_slice(Value::from(list_meta(&page, def.is_custom)).to_string().as_bytes());
        head.extend_from_slice(br#","items":["#);
        let items: usize = page.items.iter().map(|item| item.bytes().len()).sum();
        let commas = page.items.len().saturating_sub(1);
        let left = (head.len() + items + commas + TAIL.len()) as u64;
        Self { before: head, items: page.items.into_iter(), first: true, left }
    }

    fn next_chunk(&mut self) -> Bytes {
        let mut chunk = std::mem::take(&mut self.before);
        chunk.reserve(CHUNK.min(usize::try_from(self.left).unwrap_or(CHUNK)).saturating_sub(chunk.len()));
        for item in self.items.by_ref() {
            if !std::mem::take(&mut self.first) {
                chunk.push(b',');
            }
            chunk.extend_from_slice(item.bytes());
            if chunk.len() >= CHUNK {
                break;
            }
        }
        if self.items.len() == 0 {
            chunk.extend_from_slice(TAIL);
        }
        self.left -= chunk.len() as u64;
        chunk.into()
    }
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(self.next_chunk()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
