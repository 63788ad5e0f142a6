//! Objects that admission has changed: they are read as a body is, and get their defaults again.

use serde_json::{Map, Value};

use super::{Attributes, request::Shape};
use crate::{
    kinds::{Behaviour, Kind},
    object::{Status, meta},
    schema::{self, internal_package},
    verbs::read::stored,
    wire,
};

/// A changed object that was read as one of its kind, without its unknown fields.
pub(super) struct Patched {
    pub(super) object: Value,
    /// What strict decoding complains about.
    pub(super) strict: Vec<String>,
}

/// Why a changed object is none of its kind, in the words of a Go server.
pub(super) enum Unreadable {
    Decode(String),
    /// It is one of another kind.
    Convert(String),
}

impl Unreadable {
    pub(super) fn text(self) -> String {
        match self {
            Self::Decode(why) | Self::Convert(why) => why,
        }
    }
}

/// Reads a changed object as one of its kind; unknown fields go.
pub(super) fn read(shape: &Shape<'_>, changed: Value) -> Result<Patched, Unreadable> {
    let text = |member: &str, default: String| match meta::text(&changed, &[member]) {
        "" => default,
        given => given.to_owned(),
    };
    let own_version = shape.gvk.api_version();
    let (kind, version) = (text("kind", shape.gvk.kind.to_string()), text("apiVersion", own_version.clone()));
    if kind == shape.gvk.kind && version == own_version {
        let decoded = wire::recheck(changed, &shape.schema).map_err(|error| Unreadable::Decode(error.0))?;
        let mut whole = Map::new();
        whole.insert("kind".into(), kind.into());
        whole.insert("apiVersion".into(), version.into());
        if let Value::Object(members) = decoded.value {
            whole.extend(members);
        }
        return Ok(Patched { object: whole.into(), strict: decoded.strict });
    }
    let Some(other) = schema::by_gvk(&version, &kind) else {
        let why = wire::body::check_kind(&changed, shape.gvk).err().unwrap_or_default();
        return Err(Unreadable::Decode(why));
    };
    wire::recheck(changed, other).map_err(|error| Unreadable::Decode(error.0))?;
    let found = version.rsplit('/').next().unwrap_or_default();
    let (package, own) = (internal_package(&shape.gvk.group), &shape.gvk.kind);
    Err(Unreadable::Convert(format!("converting ({found}.{kind}) to ({package}.{own}): unknown conversion")))
}

/// The object of a request, from a changed view of it: with defaults, and in the request's own version. One that would have
/// to wait for its conversion stays in the other one.
pub(super) fn accept(shape: &Shape<'_>, attributes: &Attributes<'_>, changed: Value) -> Value {
    let own = &attributes.target.def;
    let changed = with_defaults(shape, attributes, changed);
    complete(
        shape,
        own,
        match shape.kind {
            Some(kind) if kind != own => stored::at_once(kind, own, changed),
            _ => changed,
        },
    )
}

/// As [`accept`], after the conversion, which may be another webhook's work.
pub(super) async fn convert(
    shape: &Shape<'_>,
    attributes: &Attributes<'_>,
    changed: Value,
) -> Result<Value, Box<Status>> {
    let own = &attributes.target.def;
    let changed = with_defaults(shape, attributes, changed);
    Ok(complete(
        shape,
        own,
        match shape.kind {
            Some(kind) if kind != own => stored::converted(kind, own, changed).await?,
            _ => changed,
        },
    ))
}

fn with_defaults(shape: &Shape<'_>, attributes: &Attributes<'_>, mut changed: Value) -> Value {
    match (shape.kind, attributes.sub.map(|sub| &sub.behaviour)) {
        (Some(kind), _) => kind.strategy.default(&mut changed),
        (None, Some(Behaviour::Issue(request))) => request.default(&mut changed),
        _ => {}
    }
    changed
}

fn complete(shape: &Shape<'_>, own: &Kind, object: Value) -> Value {
    if shape.kind.is_some() { stored::with_type(own, object) } else { object }
}
