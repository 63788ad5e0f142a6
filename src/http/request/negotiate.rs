//! Content negotiation: what a client accepts, and what it says it sends. Pure.
//!
//! Two layers look at `Accept`. The router compares bare media types with what a route produces; the handler then
//! looks at quality and parameters. Each refuses in its own words.

use axum::http::{HeaderMap, HeaderName, Method, header};

use super::path::Operation;
use crate::{
    object::{Reason, Status, status::Result},
    verbs::PatchKind,
    wire::MediaType,
};

/// JSON's media type.
pub const JSON: &str = "application/json";

const STREAMS: [&str; 2] = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const PATCHES: [(&str, PatchKind); 4] = [
    ("application/json-patch+json", PatchKind::Json),
    ("application/merge-patch+json", PatchKind::Merge),
    ("application/strategic-merge-patch+json", PatchKind::Strategic),
    ("application/apply-patch+yaml", PatchKind::Apply),
];

/// One clause of an `Accept` header.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause<'a> {
    /// What stands before the slash.
    pub kind: &'a str,
    /// What stands after it.
    pub subtype: &'a str,
    /// How much the client wants it.
    pub quality: f32,
    /// The other parameters.
    pub params: Vec<(&'a str, &'a str)>,
}

/// How a response is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// The encoding.
    pub media: MediaType,
    /// The object itself, or something made from it.
    pub shape: Shape,
    /// The clause asks for indented JSON.
    pub pretty: bool,
}

/// What is made of an object before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The object itself.
    Whole,
    /// A `Table` of this version of `meta.k8s.io`.
    Table(&'static str),
    /// A `PartialObjectMetadata`.
    Metadata(&'static str),
    /// A `PartialObjectMetadataList`.
    MetadataList(&'static str),
}

impl Output {
    /// Compact JSON of the object itself.
    pub const PLAIN: Self = Self { media: MediaType::Json, shape: Shape::Whole, pretty: false };
}

/// Reads an `Accept` header; the best clauses come first.
pub fn parse_accept(header: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<_> = header.split(',').filter_map(parse_clause).collect();
    clauses.sort_by(|a, b| {
        let rank = |c: &Clause| (c.kind == "*", c.subtype == "*");
        b.quality.total_cmp(&a.quality).then(rank(a).cmp(&rank(b)))
    });
    clauses
}

/// What the router checks before a handler sees the request.
pub fn route(headers: &HeaderMap, method: &Method, operation: Operation) -> Result<()> {
    if operation == Operation::Patch && content_length(headers) > 0 && patch_kind(headers).is_none() {
        return Err(Status::new(Reason::UnsupportedMediaType, "415: Unsupported Media Type").empty_details());
    }
    if operation == Operation::Connect {
        return Ok(());
    }
    if matches!(operation, Operation::List | Operation::Watch) {
        return accepts(headers, method, &[names().as_slice(), &STREAMS].concat());
    }
    accepts(headers, method, &names())
}

/// What the router checks before a page that is written in these media types: a client must name one of them, or
/// accept everything. `application/*` is neither: kube-apiserver's router compares whole names, so such a client is
/// refused before the handler, which would understand it, is asked.
pub fn accepts(headers: &HeaderMap, method: &Method, produced: &[&str]) -> Result<()> {
    let accept = text(headers, header::ACCEPT).unwrap_or_default();
    if matches!(accept, "" | "*/*" | JSON) {
        return Ok(());
    }
    let wanted = |clause: &str| {
        let bare = clause.split(';').next().unwrap_or_default().trim();
        bare == "*/*" || produced.contains(&bare)
    };
    if accept.split(',').any(wanted) {
        return Ok(());
    }
    let bodiless = [Method::POST, Method::PUT, Method::PATCH].contains(method) && content_length(headers) == 0;
    let (reason, title) = if bodiless {
        (Reason::UnsupportedMediaType, "415: Unsupported Media Type")
    } else {
        (Reason::NotAcceptable, "406: Not Acceptable")
    };
    let text = format!("{title}\n\nAvailable representations: {}", produced.join(", "));
    Err(Status::new(reason, text).empty_details())
}

/// What documents about kinds are written in.
pub fn documents(headers: &HeaderMap) -> Result<()> {
    accepts(headers, &Method::GET, &names())
}

/// How the handler writes its response; `tables` says whether the resource can be shown as a table.
pub fn output(headers: &HeaderMap, tables: bool) -> Result<Output> {
    negotiate(text(headers, header::ACCEPT), tables).ok_or_else(|| not_acceptable(&names()))
}

/// How a watch writes its events: as it would write a response, but never as YAML.
pub fn stream(output: Output) -> Result<Output> {
    if output.media == MediaType::Yaml { Err(not_acceptable(&STREAMS)) } else { Ok(output) }
}

/// How an error is written; `None` if the client accepts nothing that an error can be written as.
pub fn error_output(headers: &HeaderMap) -> Option<Output> {
    negotiate(text(headers, header::ACCEPT), false).filter(|output| output.shape == Shape::Whole)
}

/// The encoding of a request body.
pub fn input(headers: &HeaderMap) -> Result<MediaType> {
    match content_type(headers) {
        "" => Ok(MediaType::Json),
        name if has_valid_parameters(headers) => MediaType::from_name(name).ok_or_else(|| unsupported(&names())),
        _ => Err(unsupported(&names())),
    }
}

/// The kind of patch a request carries. A custom kind has no strategies for a strategic one.
pub fn patch(headers: &HeaderMap, is_custom: bool) -> Result<PatchKind> {
    let understood = |kind: &PatchKind| !is_custom || *kind != PatchKind::Strategic;
    patch_kind(headers).filter(understood).ok_or_else(|| {
        let names = PATCHES.iter().filter(|(_, kind)| understood(kind)).map(|(name, _)| *name);
        unsupported(&names.collect::<Vec<_>>())
    })
}

/// The first value of a header, as text.
pub fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Handler-level 406.
pub fn not_acceptable(accepted: &[&str]) -> Box<Status> {
    let text = format!("only the following media types are accepted: {}", accepted.join(", "));
    Status::new(Reason::NotAcceptable, text)
}

/// 406 for an object that exists in JSON and YAML only.
pub fn not_in_protobuf() -> Box<Status> {
    let text = "object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be \
                encoded to a protobuf message";
    Status::new(Reason::NotAcceptable, text)
}

fn names() -> [&'static str; 3] {
    MediaType::ALL.map(MediaType::name)
}

fn negotiate(accept: Option<&str>, tables: bool) -> Option<Output> {
    let accept = accept.unwrap_or_default();
    if accept.is_empty() || accept == JSON {
        return Some(Output::PLAIN);
    }
    parse_accept(accept).iter().find_map(|clause| {
        let matching = |name: &str| {
            let (kind, subtype) = name.split_once('/').unwrap_or_default();
            (clause.kind == kind && (clause.subtype == subtype || clause.subtype == "*"))
                || (clause.kind == "*" && clause.subtype == "*")
        };
        let mut encodings = MediaType::ALL.into_iter().filter(|media| matching(media.name()));
        encodings.find_map(|media| options(clause, media, tables))
    })
}

/// The output a clause asks for; `None` if its parameters can't be met.
fn options(clause: &Clause, media: MediaType, tables: bool) -> Option<Output> {
    let param = |name: &str| clause.params.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let stream = param("stream").unwrap_or_default();
    if !stream.is_empty() && (stream != "watch" || media == MediaType::Yaml) {
        return None;
    }
    if !matches!(param("sv"), None | Some("" | "v1")) {
        return None;
    }
    let pretty = param("pretty") == Some("1");
    let (kind, group, version) = (param("as"), param("g"), param("v"));
    if kind.is_none() && group.is_none() && version.is_none() {
        return Some(Output { media, shape: Shape::Whole, pretty });
    }
    let version = match (group, version) {
        (Some("meta.k8s.io"), Some("v1")) => "v1",
        (Some("meta.k8s.io"), Some("v1beta1")) => "v1beta1",
        _ => return None,
    };
    let shape = match kind? {
        "Table" if tables && media != MediaType::Protobuf => Shape::Table(version),
        "PartialObjectMetadata" => Shape::Metadata(version),
        "PartialObjectMetadataList" => Shape::MetadataList(version),
        _ => return None,
    };
    Some(Output { media, shape, pretty })
}

fn parse_clause(clause: &str) -> Option<Clause<'_>> {
    let mut parts = clause.split(';');
    let media = parts.next().unwrap_or_default().trim();
    let (kind, subtype) = match media.split_once('/') {
        Some((_, subtype)) if subtype.contains('/') => return None,
        Some((kind, subtype)) => (kind.trim(), subtype.trim()),
        None if media == "*" => ("*", "*"),
        None => return None,
    };
    let mut found = Clause { kind, subtype, quality: 1.0, params: Vec::new() };
    for (key, value) in parts.filter_map(|part| part.split_once('=')).filter(|(_, value)| !value.contains('=')) {
        match key.trim() {
            "q" => found.quality = value.trim().parse().unwrap_or(0.0),
            key => found.params.push((key, value.trim())),
        }
    }
    Some(found)
}

fn patch_kind(headers: &HeaderMap) -> Option<PatchKind> {
    let name = content_type(headers);
    PATCHES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

fn content_type(headers: &HeaderMap) -> &str {
    text(headers, header::CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// Whether every parameter of the content type has a name and a value. The last `;` may stand alone.
fn has_valid_parameters(headers: &HeaderMap) -> bool {
    let mut parameters = text(headers, header::CONTENT_TYPE).unwrap_or_default().split(';').skip(1).peekable();
    while let Some(parameter) = parameters.next() {
        let is_last = parameters.peek().is_none();
        let named = parameter.split_once('=').is_some_and(|(name, value)| !name.trim().is_empty() && !value.is_empty());
        if !(named || is_last && parameter.trim().is_empty()) {
            return false;
        }
    }
    true
}

fn content_length(headers: &HeaderMap) -> u64 {
    text(headers, header::CONTENT_LENGTH).and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn unsupported(accepted: &[&str]) -> Box<Status> {
    let text = format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        accepted.join(", ")
    );
    Status::new(Reason::UnsupportedMediaType, text)
}
