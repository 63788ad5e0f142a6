//! Responses: objects and errors in the encoding that was negotiated, and the headers that go with them.

use std::collections::HashSet;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    partial,
    spliced::Spliced,
    table::{self, Include},
};
use crate::http::request::{
    negotiate::{self, Output, Shape},
    query::Query,
};
use crate::{
    kinds::{Form, KindDef, model::strategy::Moment},
    object::{Status, status::Result},
    verbs::{Answer, Api},
    wire::{self, MediaType},
};

/// How many characters all warnings of a response may have before each is cut.
const WARNINGS_MAX: usize = 4096;
/// How many characters a warning keeps when it is cut.
const WARNING_CUT: usize = 256;
/// How many headers most responses have in the end.
const HEADERS: usize = 6;
/// User agents of people, who get indented JSON.
const PEOPLE: [&str; 3] = ["curl", "Wget", "Mozilla/5.0"];

/// The response to a request that takes too long, which kube-apiserver does not write like other errors.
pub fn timed_out() -> Response<Body> {
    let status = json!({
        "metadata": {}, "status": "Failure",
        "message": "Timeout: request did not complete within the allotted timeout",
        "reason": "Timeout", "details": {}, "code": 504,
    });
    let body = Body::from(format!("{status}\n"));
    response(StatusCode::GATEWAY_TIMEOUT, "text/plain; charset=utf-8", body)
}

/// How a response is written.
#[derive(Clone, Copy)]
pub struct Format {
    /// What was negotiated.
    pub output: Output,
    /// JSON is indented.
    pub pretty: bool,
}

impl Format {
    /// What was negotiated, and whether a person is reading.
    pub fn new(output: Output, query: &Query, headers: &HeaderMap) -> Self {
        Self { output, pretty: output.pretty || is_pretty(query, headers) }
    }

    /// Whether stored bytes are sent as they are.
    pub fn is_plain(&self) -> bool {
        self.output.shape == Shape::Whole && self.output.media == MediaType::Json && !self.pretty
    }

    /// One object, as a client of the kind asked for it.
    pub fn object(
        &self,
        code: StatusCode,
        def: &KindDef,
        answer: Answer,
        options: &TableOptions,
    ) -> Result<Response<Body>> {
        if let Answer::Stored(stored) = &answer
            && self.is_plain()
        {
            return Ok(response(code, negotiate::JSON, complete(def, stored.bytes())));
        }
        let value = answer.into_value(def);
        if value["kind"] == "Status" && value["apiVersion"] == "v1" {
            return Ok(self.value(code, &value));
        }
        let value = match self.output.shape {
            Shape::Whole => value,
            Shape::Table(version) => table::of_object(def, version, &value, options.include()?, options.now()),
            Shape::Metadata(version) => partial::of_object(version, &value),
            Shape::MetadataList(_) => return Err(partial::not_a_list(def)),
        };
        Ok(self.value(code, &value))
    }

    /// As [`Format::object`], of an object's form.
    pub fn form(
        &self,
        code: StatusCode,
        form: &dyn Form,
        def: &KindDef,
        answer: Answer,
        options: &TableOptions,
    ) -> Result<Response<Body>> {
        let Shape::Table(version) = self.output.shape else { return self.object(code, def, answer, options) };
        let value = answer.into_value(def);
        Ok(self.value(code, &table::of_form(form, version, &value, options.include()?, options.now())))
    }

    /// A complete object.
    pub fn value(&self, code: StatusCode, value: &Value) -> Response<Body> {
        let bytes = wire::encode(value, self.output.media, self.pretty);
        response(code, self.output.media.name(), bytes.into())
    }
}

/// What a client options of a table, looked up only if there is to be one.
pub struct TableOptions<'a> {
    /// The request's parameters.
    pub query: &'a Query,
    /// Where the time comes from.
    pub api: &'a Api,
}

impl TableOptions<'_> {
    /// What each row carries beside its cells.
    pub fn include(&self) -> Result<Include> {
        Include::from_query(self.query)
    }

    /// The time that ages are counted to.
    pub fn now(&self) -> Moment {
        self.api.now()
    }
}

/// A response with a body; whoever sends it adds the headers that all responses have.
pub fn response(code: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().reserve(HEADERS);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A response without a body.
pub fn empty(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}

/// A failure, in the encoding the client accepts, else as indented JSON.
pub fn error(headers: &HeaderMap, query: &Query, status: &Status) -> Response<Body> {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let format = negotiate::error_output(headers)
        .map_or(Format { output: Output::PLAIN, pretty: true }, |output| Format::new(output, query, headers));
    let mut response = format.value(code, &status.to_value());
    let retry = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    if retry > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, retry.into());
    }
    response
}

/// A plain text, which browsers must not take for anything else.
pub fn text(code: StatusCode, text: impl Into<Body>) -> Response<Body> {
    let mut response = response(code, "text/plain; charset=utf-8", text.into());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The 404 of a path outside every API.
pub fn no_such_page() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Stored bytes with `kind` and `apiVersion` put in front, if they lack them, and a line's end behind.
pub fn complete(def: &KindDef, bytes: &Bytes) -> Body {
    if def.is_custom {
        return Body::new(Spliced::new([Bytes::new(), bytes.clone(), Bytes::from_static(b"\n")]));
    }
    let version = def.gvk.api_version();
    let front = [r#"{"kind":""#, &def.gvk.kind, r#"","apiVersion":""#, &version, r#"","#].concat();
    Body::new(Spliced::new([front.into(), bytes.slice(1..), Bytes::from_static(b"\n")]))
}

/// Stored bytes with `kind` and `apiVersion` put in front, if they lack them, onto the end of a buffer.
pub fn push_complete(out: &mut Vec<u8>, def: &KindDef, bytes: &[u8]) {
    if def.is_custom {
        return out.extend_from_slice(bytes);
    }
    push_type(out, &def.gvk.kind, def);
    out.push(b',');
    out.extend_from_slice(&bytes[1..]);
}

/// `{"kind":"<kind>","apiVersion":"…"`, the version being that of a definition.
pub fn push_type(out: &mut Vec<u8>, kind: &str, def: &KindDef) {
    out.extend_from_slice(br#"{"kind":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","apiVersion":""#);
    if !def.gvk.group.is_empty() {
        out.extend_from_slice(def.gvk.group.as_bytes());
        out.push(b'/');
    }
    out.extend_from_slice(def.gvk.version.as_bytes());
    out.push(b'"');
}

/// Adds `Warning` headers: each text once, without controls, and cut when all are too long together.
pub fn add_warnings(headers: &mut HeaderMap, warnings: &[String]) {
    let mut known = HashSet::new();
    let texts = warnings.iter().filter(|text| !text.is_empty() && known.insert(text.as_str()));
    let texts: Vec<&String> = texts.collect();
    let cut = texts.iter().map(|text| text.chars().count()).sum::<usize>() > WARNINGS_MAX;
    let mut sent = 0;
    for text in texts {
        let limit = if cut { WARNING_CUT } else { usize::MAX };
        let text: String = text.chars().filter(|c| !c.is_control()).take(limit).collect();
        sent += text.chars().count();
        if sent > WARNINGS_MAX {
            return;
        }
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()) {
            headers.append(header::WARNING, value);
        }
    }
}

/// Whether a person is reading: `?pretty` says so, or, if that is absent, the user agent.
fn is_pretty(query: &Query, headers: &HeaderMap) -> bool {
    match query.first("pretty").filter(|text| !text.is_empty()) {
        Some(text) => matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True"),
        None => {
            let agent = negotiate::text(headers, header::USER_AGENT).unwrap_or_default();
            PEOPLE.iter().any(|person| agent.starts_with(person))
        }
    }
}
