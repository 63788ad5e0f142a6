//! Request bodies: what kind a body says it is, whether it may be decoded as the kind of the route, and how strictly.

use serde_json::Value;

use super::{
    decode::{DecodeError, Decoded, decode_node},
    json,
    media::MediaType,
    protobuf::{self, Envelope},
    tree::Node,
    yaml::{self, Document},
};
use crate::object::{
    GroupVersionKind, Status,
    gvk::{api_version, split_api_version},
    status::Result,
};
use crate::schema::{self, ObjectType, internal_package};
use crate::text::go_quote;

/// Where a Go server keeps its kinds, which it names when it knows no such kind.
fn scheme(gvk: &GroupVersionKind) -> &'static str {
    match &*gvk.group {
        "apiextensions.k8s.io" => "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55",
        _ => "pkg/api/legacyscheme/scheme.go:30",
    }
}
/// The members of an object that say of what kind it is.
const TYPE_MEMBERS: [&str; 2] = ["apiVersion", "kind"];

/// What happens to unknown and duplicate fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validation {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the client is warned.
    #[default]
    Warn,
    /// They make the request fail.
    Strict,
}

impl Validation {
    /// The level that a `fieldValidation` parameter names.
    pub fn from_parameter(text: &str) -> Option<Self> {
        match text {
            "Ignore" => Some(Self::Ignore),
            "" | "Warn" => Some(Self::Warn),
            "Strict" => Some(Self::Strict),
            _ => None,
        }
    }
}

/// A request body, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedObject {
    /// The object in canonical form, `kind` and `apiVersion` set.
    pub value: Value,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
}

impl From<Value> for DecodedObject {
    /// An object that did not come from a client: there is nothing to warn about.
    fn from(value: Value) -> Self {
        Self { value, warnings: Vec::new() }
    }
}

/// Decodes a body that a route takes as a kind; a missing `kind` or `apiVersion` is the route's.
pub fn decode_object(
    body: &[u8],
    media: MediaType,
    object: &ObjectType,
    gvk: &GroupVersionKind,
    validation: Validation,
) -> Result<DecodedObject> {
    let source = read(body, media).map_err(|error| unrecognized(body, gvk, &error))?;
    let stated = source.stated.with_defaults(gvk);
    let cannot = |error: &str| {
        let Stated { version, kind, .. } = &stated;
        let version = go_quote(version);
        Status::bad_request(format!("{kind} in version {version} cannot be handled as a {}: {error}", gvk.kind))
    };
    let own = stated.group == gvk.group && stated.version == gvk.version && stated.kind == gvk.kind;
    if !own && is_former(&stated, gvk) {
        return Err(other_version(&stated, gvk));
    }
    let stated_type = if own { object } else { registered(&stated, scheme(gvk)).map_err(|e| cannot(&e))? };
    let decoded = source.body.decode(stated_type).map_err(|e| cannot(&e.0))?;
    if !own {
        return Err(foreign(&stated, stated_type, gvk).unwrap_or_else(|error| cannot(&error)));
    }
    let errors: Vec<String> = source.strict.iter().map(Strict::error).chain(decoded.strict.iter().cloned()).collect();
    if validation == Validation::Strict && !errors.is_empty() {
        return Err(cannot(&strict_error(&errors)));
    }
    let warnings = match validation {
        Validation::Warn => source.strict.into_iter().flat_map(Strict::warnings).chain(decoded.strict).collect(),
        Validation::Ignore | Validation::Strict => Vec::new(),
    };
    Ok(DecodedObject { value: typed(decoded.value, gvk), warnings })
}

/// Checks that a patched object still is of its kind.
pub fn check_kind(object: &Value, gvk: &GroupVersionKind) -> std::result::Result<(), String> {
    let names_type = |name: &str| TYPE_MEMBERS.iter().any(|member| member.eq_ignore_ascii_case(name));
    let types = match object {
        Value::Object(members) => {
            let types = members.iter().filter(|(name, _)| names_type(name));
            Node::Object(types.map(|(name, value)| (name.clone(), value.clone().into())).collect())
        }
        other => other.clone().into(),
    };
    let stated = interpret(&types)?.with_defaults(gvk);
    if stated.group == gvk.group && stated.version == gvk.version && stated.kind == gvk.kind {
        return Ok(());
    }
    if is_former(&stated, gvk) {
        return Err(other_version(&stated, gvk).message);
    }
    let stated_type = registered(&stated, scheme(gvk))?;
    Err(foreign(&stated, stated_type, gvk).map_or_else(|error| error, |status| status.message))
}

/// Decodes the body of a delete, which must be `DeleteOptions` of any group.
pub fn decode_delete_options(body: &[u8], media: MediaType) -> Result<Value> {
    const DELETE_OPTIONS: GroupVersionKind = GroupVersionKind::new("meta.k8s.io", "v1", "DeleteOptions");
    const SCHEME: &str = "pkg/apis/meta/internalversion/scheme/register.go:27";
    let source = read(body, media).map_err(Status::bad_request)?;
    let stated = source.stated.with_defaults(&DELETE_OPTIONS);
    let is_known = stated.group == DELETE_OPTIONS.group || registered(&stated, SCHEME).is_ok();
    if stated.kind != DELETE_OPTIONS.kind || !is_known {
        return Err(Status::bad_request(not_registered(&stated, SCHEME)));
    }
    let object = schema::built_in("apimachinery.pkg.apis.meta.v1.DeleteOptions").expect("the facts hold DeleteOptions");
    let decoded = source.body.decode(object).map_err(|e| Status::bad_request(e.0))?;
    Ok(decoded.value)
}

/// What strict decoding says when it refuses: `strict decoding error: …`.
pub fn strict_error(errors: &[String]) -> String {
    format!("strict decoding error: {}", errors.join(", "))
}

/// Sets `kind` and `apiVersion` and puts them first.
fn typed(value: Value, gvk: &GroupVersionKind) -> Value {
    let mut members = serde_json::Map::new();
    members.insert("kind".into(), (&*gvk.kind).into());
    members.insert("apiVersion".into(), gvk.api_version().into());
    if let Value::Object(rest) = value {
        members.extend(rest.into_iter().filter(|(name, _)| name != "kind" && name != "apiVersion"));
    }
    Value::Object(members)
}

/// A body whose kind is known.
pub(super) struct Source<'a> {
    stated: Stated,
    body: Body<'a>,
    strict: Vec<Strict>,
}

/// What a body holds besides its kind.
enum Body<'a> {
    Node(Node),
    Protobuf(&'a [u8]),
}

impl Source<'_> {
    /// The kind that the body states.
    pub fn stated(&self) -> &Stated {
        &self.stated
    }

    /// What was parsed, and the complaints of the parser.
    pub fn into_node(self) -> std::result::Result<(Node, Vec<String>), String> {
        match self.body {
            Body::Node(node) => Ok((node, self.strict.into_iter().flat_map(Strict::warnings).collect())),
            Body::Protobuf(_) => Err("a custom kind has no form in protobuf".to_owned()),
        }
    }
}

impl Body<'_> {
    fn decode(self, object: &ObjectType) -> std::result::Result<Decoded, DecodeError> {
        match self {
            Body::Node(node) => decode_node(node, object),
            Body::Protobuf(raw) => {
                let value = protobuf::decode_message(raw, object)?.into();
                Ok(Decoded { value, strict: Vec::new() })
            }
        }
    }
}

/// Complaints of the parser, of which strict validation makes one error and warnings one text each.
struct Strict {
    lines: Vec<String>,
}

impl Strict {
    fn error(&self) -> String {
        format!("yaml: unmarshal errors:\n  {}", self.lines.join("\n  "))
    }

    fn warnings(self) -> Vec<String> {
        self.lines
    }
}

/// The kind that a body states.
#[derive(Clone)]
pub(super) struct Stated {
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Stated {
    fn new(api_version: &str, kind: String) -> std::result::Result<Self, String> {
        if api_version.matches('/').count() > 1 {
            return Err(format!("unexpected GroupVersion string: {api_version}"));
        }
        let (group, version) = if api_version == "/" { ("", "") } else { split_api_version(api_version) };
        Ok(Self { group: group.to_owned(), version: version.to_owned(), kind })
    }

    fn with_defaults(mut self, gvk: &GroupVersionKind) -> Self {
        if self.kind.is_empty() {
            self.kind = gvk.kind.to_string();
        }
        if self.version.is_empty() && (self.group.is_empty() || self.group == gvk.group) {
            self.group = gvk.group.to_string();
            self.version = gvk.version.to_string();
        }
        self
    }
}

pub(super) fn read(body: &[u8], media: MediaType) -> std::result::Result<Source<'_>, String> {
    match media {
        MediaType::Json => {
            let node = json::parse(body).map_err(parse_error)?;
            Ok(Source { stated: interpret(&node)?, body: Body::Node(node), strict: Vec::new() })
        }
        MediaType::Protobuf => {
            let Envelope { api_version, kind, raw } = protobuf::open(body).map_err(|e| e.0)?;
            Ok(Source { stated: Stated::new(&api_version, kind)?, body: Body::Protobuf(raw), strict: Vec::new() })
        }
        MediaType::Yaml => {
            let Document { node, duplicates } = yaml::parse(body)?;
            let strict = if duplicates.is_empty() { Vec::new() } else { vec![Strict { lines: duplicates }] };
            Ok(Source { stated: interpret(&node)?, body: Body::Node(node), strict })
        }
    }
}

fn parse_error(error: String) -> String {
    format!("couldn't get version/kind; json parse error: {error}")
}

/// Finds `apiVersion` and `kind` the lenient way in which a Go server first looks for them: in any case of letters.
fn interpret(node: &Node) -> std::result::Result<Stated, String> {
    const TARGET: &str =
        r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    let members = match node {
        Node::Null => &[],
        Node::Object(members) => members.as_slice(),
        other => {
            let error = format!("json: cannot unmarshal {} into Go value of type {TARGET}", other.go_kind());
            return Err(parse_error(error));
        }
    };
    let text = |name: &str| {
        let mut found = String::new();
        for (_, value) in members.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)) {
            match value {
                Node::String(s) => s.clone_into(&mut found),
                Node::Null => {}
                other => {
                    let kind = other.go_kind();
                    let error = format!("json: cannot unmarshal {kind} into Go struct field .{name} of type string");
                    return Err(parse_error(error));
                }
            }
        }
        Ok(found)
    };
    let [api_version, kind] = TYPE_MEMBERS;
    let (stated, kind) = (text(api_version)?, text(kind)?);
    Stated::new(&stated, kind)
}

/// The type of a kind other than the route's.
fn registered(stated: &Stated, scheme: &str) -> std::result::Result<&'static ObjectType, String> {
    let found = schema::by_gvk(&api_version(&stated.group, &stated.version), &stated.kind);
    found.ok_or_else(|| not_registered(stated, scheme))
}

/// How a Go server says that it does not know a kind.
fn not_registered(stated: &Stated, scheme: &str) -> String {
    let (kind, version) = (go_quote(&stated.kind), go_quote(&api_version(&stated.group, &stated.version)));
    format!("no kind {kind} is registered for version {version} in scheme \"{scheme}\"")
}

/// Whether a body states a version of the route's kind that is read no more, but known.
fn is_former(stated: &Stated, gvk: &GroupVersionKind) -> bool {
    let home = schema::former_home(&api_version(&stated.group, &stated.version), &stated.kind);
    stated.kind == gvk.kind && home.is_some_and(|home| internal_package(home) == internal_package(&gvk.group))
}

/// The refusal of a body in another version of the route's kind.
fn other_version(stated: &Stated, gvk: &GroupVersionKind) -> Box<Status> {
    let (found, expected) = (api_version(&stated.group, &stated.version), gvk.api_version());
    Status::bad_request(format!(
        "the API version in the data ({found}) does not match the expected API version ({expected})"
    ))
}

/// Why an object of another kind is refused: a status where the kinds are versions of one another, else an error text.
fn foreign(stated: &Stated, object: &ObjectType, gvk: &GroupVersionKind) -> std::result::Result<Box<Status>, String> {
    let package = internal_package(&gvk.group);
    if stated.kind == gvk.kind && internal_package(&stated.group) == package {
        return Ok(other_version(stated, gvk));
    }
    Err(format!("converting ({}) to ({package}.{}): unknown conversion", object.go_name(), gvk.kind))
}

/// The refusal of a body of which not even the kind can be read.
pub(super) fn unrecognized(body: &[u8], gvk: &GroupVersionKind, error: &str) -> Box<Status> {
    let shown = summary(body);
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {error} ({shown})",
        gvk.kind
    ))
}

/// The start of a body as errors show it.
fn summary(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    let head = &body[..body.len().min(SHOWN)];
    let more = if body.len() > SHOWN { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(head)),
        Some(_) => {
            let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}
