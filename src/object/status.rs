//! `meta/v1.Status`: how a Kubernetes API server says what went wrong.

use serde_json::{Map, Value, json};

use super::{
    field::{FieldError, aggregate},
    gvk::GroupVersionKind,
};

/// The machine-readable reason of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An untyped error: no reason is given.
    Unknown,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Gone,
    Invalid,
    Timeout,
    ServerTimeout,
    TooManyRequests,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    InternalError,
    Expired,
    ServiceUnavailable,
}

/// One detail of a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    pub reason: String,
    pub message: String,
    pub field: String,
}

/// What a failure is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    pub name: String,
    pub group: String,
    /// The resource's plural name, or the kind for [`Reason::Invalid`].
    pub kind: String,
    pub uid: String,
    pub causes: Vec<Cause>,
    pub retry_after_seconds: u32,
}

/// A failure as the client sees it. It is the error type of `verbs` and of the pure rooms above `object`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    pub reason: Reason,
    pub message: String,
    /// A reason that is none of Kubernetes' own, as webhooks give it; empty for a failure that has one or none.
    pub own_reason: String,
    /// `Warning` headers that come with it.
    pub warnings: Vec<String>,
    /// `None` leaves `details` out; an empty one is written as `{}`.
    pub details: Option<Details>,
    /// The token with which an expired list can be continued (`metadata.continue`).
    pub continue_token: String,
    pub code: u16,
}

/// Shorthand for the rooms whose errors are statuses. Boxed, since a Status is large and rare.
pub type Result<T> = std::result::Result<T, Box<Status>>;

impl Status {
    /// A failure with this reason and text and no details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            reason,
            message: message.into(),
            own_reason: String::new(),
            warnings: Vec::new(),
            details: None,
            continue_token: String::new(),
            code: reason.code(),
        })
    }

    /// `services "web" not found`.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Box<Self> {
        Self::about(Reason::NotFound, group, resource, name, |r| format!("{r} \"{name}\" not found"))
    }

    /// `services "web" already exists`.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Box<Self> {
        Self::about(Reason::AlreadyExists, group, resource, name, |r| format!("{r} \"{name}\" already exists"))
    }

    /// `Operation cannot be fulfilled on services "web": …`.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Box<Self> {
        Self::about(Reason::Conflict, group, resource, name, |r| {
            format!("Operation cannot be fulfilled on {r} \"{name}\": {why}")
        })
    }

    /// The conflict of a write based on a stale resourceVersion.
    pub fn modified(group: &str, resource: &str, name: &str) -> Box<Self> {
        Self::conflict(
            group,
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// `services "web" is forbidden: …`.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Box<Self> {
        Self::about(Reason::Forbidden, group, resource, name, |r| {
            if name.is_empty() {
                format!("{r} is forbidden: {why}")
            } else {
                format!("{r} \"{name}\" is forbidden: {why}")
            }
        })
    }

    /// `Service "web" is invalid: …`, with a cause for each error.
    pub fn invalid(gvk: &GroupVersionKind, name: &str, errors: &[FieldError]) -> Box<Self> {
        Self::invalid_named(&gvk.group, &gvk.kind, name, errors)
    }

    /// As [`Status::invalid`], for callers that have no [`GroupVersionKind`].
    pub fn invalid_named(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Box<Self> {
        let mut status = Self::about(Reason::Invalid, group, kind, name, |k| {
            format!("{k} \"{name}\" is invalid: {}", aggregate(errors))
        });
        if let Some(details) = &mut status.details {
            details.causes = errors.iter().map(FieldError::cause).collect();
        }
        status
    }

    /// 400 with free text.
    pub fn bad_request(message: impl Into<String>) -> Box<Self> {
        Self::new(Reason::BadRequest, message)
    }

    /// 500 `Internal error occurred: …`.
    pub fn internal(why: impl std::fmt::Display) -> Box<Self> {
        let mut status = Self::new(Reason::InternalError, format!("Internal error occurred: {why}"));
        let cause = Cause { message: why.to_string(), ..Cause::default() };
        status.details = Some(Details { causes: vec![cause], ..Details::default() });
        status
    }

    /// 500 without a reason: what kube-apiserver makes of a plain Go error.
    pub fn untyped(message: impl Into<String>) -> Box<Self> {
        Self::new(Reason::Unknown, message)
    }

    /// 422 without causes, the answer to a patch that does not apply.
    pub fn unprocessable() -> Box<Self> {
        Self::new(Reason::Invalid, "the server rejected our request due to an error in our request").empty_details()
    }

    /// 404 for a path that names no resource.
    pub fn no_such_resource() -> Box<Self> {
        Self::new(Reason::NotFound, "the server could not find the requested resource").empty_details()
    }

    /// 405 for a resource that has no such route.
    pub fn method_not_allowed() -> Box<Self> {
        Self::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
            .empty_details()
    }

    /// 405 of a custom resource.
    pub fn unsupported_verb(group: &str, resource: &str, verb: &str) -> Box<Self> {
        Self::about(Reason::MethodNotAllowed, group, resource, "", |r| {
            format!("{verb} is not supported on resources of kind \"{r}\"")
        })
    }

    /// 405 of a custom resource whose definition is being deleted.
    pub fn terminating(group: &str, resource: &str) -> Box<Self> {
        let mut status = Self::unsupported_verb(group, resource, "create");
        "create not allowed while custom resource definition is terminating".clone_into(&mut status.message);
        status
    }

    /// 504 for a resourceVersion that lies in the future.
    pub fn too_large_resource_version(asked: u64, current: u64) -> Box<Self> {
        let text = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let mut status = Self::new(Reason::Timeout, text);
        status.details = Some(Details {
            causes: vec![Cause {
                reason: "ResourceVersionTooLarge".into(),
                message: "Too large resource version".into(),
                field: String::new(),
            }],
            retry_after_seconds: 1,
            ..Details::default()
        });
        status
    }

    /// 410 with free text.
    pub fn expired(message: impl Into<String>) -> Box<Self> {
        Self::new(Reason::Expired, message)
    }

    /// The same failure, after which the client should try again in so many seconds.
    pub fn retry_after(mut self: Box<Self>, seconds: u32) -> Box<Self> {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// The same failure, of which the client is warned like this too.
    pub fn with_warnings(mut self: Box<Self>, warnings: &[String]) -> Box<Self> {
        self.warnings.splice(0..0, warnings.iter().cloned());
        self
    }

    /// The same failure with `details: {}`.
    pub fn empty_details(mut self: Box<Self>) -> Box<Self> {
        self.details = Some(Details::default());
        self
    }

    /// The body, without `kind` and `apiVersion` being left out: a complete `Status` object.
    pub fn to_value(&self) -> Value {
        let mut metadata = Map::new();
        if !self.continue_token.is_empty() {
            metadata.insert("continue".into(), self.continue_token.clone().into());
        }
        let mut body = Map::new();
        body.insert("kind".into(), "Status".into());
        body.insert("apiVersion".into(), "v1".into());
        body.insert("metadata".into(), metadata.into());
        body.insert("status".into(), "Failure".into());
        body.insert("message".into(), self.message.clone().into());
        if self.reason != Reason::Unknown {
            body.insert("reason".into(), format!("{:?}", self.reason).into());
        } else if !self.own_reason.is_empty() {
            body.insert("reason".into(), self.own_reason.clone().into());
        }
        if let Some(details) = &self.details {
            body.insert("details".into(), details.to_value());
        }
        body.insert("code".into(), self.code.into());
        body.into()
    }

    fn about(reason: Reason, group: &str, kind: &str, name: &str, text: impl FnOnce(&str) -> String) -> Box<Self> {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut status = Self::new(reason, text(&qualified));
        status.details = Some(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            ..Details::default()
        });
        status
    }
}

impl Details {
    /// `details` as JSON; empty members are left out.
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        for (key, text) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)] {
            if !text.is_empty() {
                out.insert(key.into(), text.clone().into());
            }
        }
        if !self.causes.is_empty() {
            out.insert("causes".into(), self.causes.iter().map(Cause::to_value).collect());
        }
        if self.retry_after_seconds > 0 {
            out.insert("retryAfterSeconds".into(), self.retry_after_seconds.into());
        }
        out.into()
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        for (key, text) in [("reason", &self.reason), ("message", &self.message), ("field", &self.field)] {
            if !text.is_empty() {
                out.insert(key.into(), text.clone().into());
            }
        }
        out.into()
    }
}

impl Reason {
    /// The `code` that `Status` carries for this reason.
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Gone | Self::Expired => 410,
            Self::RequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::Unknown | Self::InternalError | Self::ServerTimeout => 500,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
        }
    }
}

/// The `Status` of a success, as deletes of most kinds answer it.
pub fn success(details: &Details) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details.to_value()})
}
