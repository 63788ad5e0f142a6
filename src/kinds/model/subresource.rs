//! `Subresource`: a path below an object, such as `status` or `scale`, and what is done there.

use std::{fmt, ops::Deref, sync::Arc};

use serde_json::Value;

use super::{
    authority::Issuer,
    column::Column,
    connection::Connection,
    strategy::{Moment, Strategy, name_and_age},
    verb::Verb,
};
use crate::{
    object::{FieldErrors, GroupVersionKind, Status, meta, status::Result},
    schema::{self, ObjectRef, Text},
};

/// A path below an object: a cheap handle on its definition.
#[derive(Clone)]
pub struct Subresource(Arc<SubresourceDef>);

/// The definition of a subresource.
pub struct SubresourceDef {
    /// Last path segment.
    pub name: Text,
    /// The kind that discovery names for it.
    pub gvk: GroupVersionKind,
    /// What clients may do with it.
    pub verbs: Vec<Verb>,
    /// What is done there.
    pub behaviour: Behaviour,
}

/// What is done at a subresource.
pub enum Behaviour {
    /// Shows the object itself; a write changes a part of it.
    Part(Arc<dyn SubresourceStrategy>),
    /// Shows a form of its own of the object, and takes it for a write.
    Form(Arc<dyn Form>),
    /// Takes a request to change or delete the object.
    Edit(Arc<dyn EditRequest>),
    /// Takes a request for something that is made from the object.
    Issue(Arc<dyn IssueRequest>),
    /// Connects to a node or a pod, of which this server has none.
    Connect {
        /// What is done there.
        to: Arc<dyn Connection>,
        /// Whether a path may go on after the subresource.
        with_path: bool,
    },
}

/// The steps of a write that changes a part of an object; `kind` is the strategy of the object's kind.
pub trait SubresourceStrategy: Send + Sync {
    /// Limits what the write may change.
    fn prepare(&self, kind: &dyn Strategy, object: &mut Value, old: &Value);

    /// Writes into the object when something in it changed.
    fn stamp(&self, _kind: &dyn Strategy, _object: &mut Value, _old: &Value, _now: Moment) {}

    /// Checks the object.
    fn validate(&self, kind: &dyn Strategy, object: &Value, old: &Value) -> FieldErrors;

    /// `Warning` headers.
    fn warnings(&self, kind: &dyn Strategy, object: &Value, old: &Value) -> Vec<String> {
        kind.warnings(object, Some(old))
    }

    /// Whether a change may raise `metadata.generation`.
    fn changes_spec(&self) -> bool {
        false
    }

    /// The fields that nobody comes to own by such a write.
    fn reset_fields(&self, _kind: &dyn Strategy) -> &'static [&'static [&'static str]] {
        &[&["status"]]
    }
}

/// A form of an object that all kinds have in common, such as its scale.
pub trait Form: Send + Sync {
    /// The object in this form.
    fn of(&self, object: &Value) -> Result<Value>;

    /// As [`Form::of`], for a write, which may give what the object lacks.
    fn before(&self, object: &Value) -> Result<Value> {
        self.of(object)
    }

    /// The field of the object whose managers also manage the form, as `spec.replicas`.
    fn managed(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Changes the object as a write in this form asks for.
    fn apply(&self, object: &mut Value, form: &Value) -> Result<()>;

    /// The fields that nobody comes to own by a write in this form of such an object, since the form does not show them.
    fn hidden_fields(&self, _object: &Value) -> &'static [&'static [&'static str]] {
        &[]
    }

    /// What tables show of it.
    fn columns(&self) -> Vec<Column> {
        vec![Column::NAME, Column::AGE]
    }

    /// The cells of its row.
    fn cells(&self, form: &Value, now: Moment) -> Vec<Value> {
        name_and_age(form, now)
    }

    /// The field of the form that stands for a field of the object, as conflicts name it.
    fn field(&self) -> &'static str;

    /// The part of an object that an applied configuration in this form stands for.
    fn configuration(&self, form: &Value) -> Result<Value>;
}

/// A request to change or delete an object.
pub trait EditRequest: Send + Sync {
    /// Changes the object.
    fn edit(&self, object: &mut Value, request: &Value, now: Moment) -> Result<()>;

    /// The options of the delete that follows, if one does.
    fn deletion<'a>(&self, _request: &'a Value) -> Option<&'a Value> {
        None
    }

    /// The kind whose objects, in the same namespace, limit the deletes that such requests lead to.
    fn limited_by(&self) -> Option<GroupVersionKind> {
        None
    }

    /// Decides whether an object may be deleted under these limits.
    fn permit(&self, _object: &Value, _limits: Vec<Value>, _now: Moment) -> Result<Permit> {
        Ok(Permit::default())
    }
}

/// Under which conditions a request is granted.
#[derive(Default)]
pub struct Permit {
    /// The limit that the request uses up, as it is to become. Its status is stored before the request is granted.
    pub charge: Option<Value>,
    /// What if the object has changed since it was looked at.
    pub if_changed: IfChanged,
}

/// What becomes of a request whose object has changed since it was granted.
#[derive(Default)]
pub enum IfChanged {
    /// It is granted all the same.
    #[default]
    GoOn,
    /// It has to be granted anew.
    AskAgain,
    /// It is refused.
    Refuse(Box<Status>),
}

/// A request for something that is made from an object, such as a token.
pub trait IssueRequest: Send + Sync {
    /// Fills in what the request leaves out.
    fn default(&self, request: &mut Value);

    /// Checks the name in the request against that of the object.
    fn check_name(&self, name: &str, request: &Value) -> Result<()>;

    /// Fills in what the request asks for.
    fn issue(&self, request: &mut Value, object: &Value, issuer: &dyn Issuer) -> Result<()>;
}

impl Subresource {
    /// Defines a subresource.
    pub fn new(name: impl Into<Text>, gvk: GroupVersionKind, verbs: &[Verb], behaviour: Behaviour) -> Self {
        Self(Arc::new(SubresourceDef { name: name.into(), gvk, verbs: verbs.to_vec(), behaviour }))
    }

    /// The `status` of a kind, written as the kind's [`Strategy`] says.
    pub fn status(gvk: GroupVersionKind) -> Self {
        Self::new("status", gvk, Verb::STATUS, Behaviour::Part(Arc::new(StatusPart)))
    }

    /// A part of an object.
    pub fn part(
        name: impl Into<Text>,
        gvk: GroupVersionKind,
        verbs: &[Verb],
        strategy: impl SubresourceStrategy + 'static,
    ) -> Self {
        Self::new(name, gvk, verbs, Behaviour::Part(Arc::new(strategy)))
    }

    /// A connection to a node or a pod.
    pub fn connect(
        name: impl Into<Text>,
        gvk: GroupVersionKind,
        verbs: &[Verb],
        to: impl Connection + 'static,
    ) -> Self {
        Self::new(name, gvk, verbs, Behaviour::Connect { to: Arc::new(to), with_path: false })
    }

    /// A connection that takes any path.
    pub fn proxy(gvk: GroupVersionKind, to: impl Connection + 'static) -> Self {
        Self::new("proxy", gvk, Verb::PROXY, Behaviour::Connect { to: Arc::new(to), with_path: true })
    }

    /// The steps of a write to a part of the object, if that is what this is.
    pub fn strategy(&self) -> Option<&dyn SubresourceStrategy> {
        match &self.behaviour {
            Behaviour::Part(strategy) => Some(&**strategy),
            _ => None,
        }
    }

    /// Whether it connects to a node or a pod.
    pub fn connects(&self) -> bool {
        matches!(self.behaviour, Behaviour::Connect { .. })
    }

    /// Whether a path may go on after it.
    pub fn takes_path(&self) -> bool {
        matches!(self.behaviour, Behaviour::Connect { with_path: true, .. })
    }

    /// Whether bodies are of the kind that discovery names, and not of the object's.
    pub fn has_own_body(&self) -> bool {
        matches!(self.behaviour, Behaviour::Form(_) | Behaviour::Edit(_) | Behaviour::Issue(_))
    }

    /// What the schema says of the kind that discovery names.
    pub fn schema(&self) -> Result<ObjectRef> {
        // The options of connections are objects that no document calls a kind.
        let options = || schema::built_ins().find(|name| name.ends_with(&format!("core.v1.{}", self.gvk.kind)));
        let object = ObjectRef::of_kind(&self.gvk.api_version(), &self.gvk.kind);
        let object = object.or_else(|| options().filter(|_| self.connects()).map(ObjectRef::from));
        object.ok_or_else(|| Status::internal(format!("no schema for {}", self.gvk)))
    }
}

impl Deref for Subresource {
    type Target = SubresourceDef;

    fn deref(&self) -> &SubresourceDef {
        &self.0
    }
}

impl fmt::Debug for Subresource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The `status` of any kind.
struct StatusPart;

impl SubresourceStrategy for StatusPart {
    fn prepare(&self, kind: &dyn Strategy, object: &mut Value, old: &Value) {
        kind.prepare_for_status(object, old);
    }

    fn stamp(&self, kind: &dyn Strategy, object: &mut Value, old: &Value, now: Moment) {
        kind.stamp_status(object, old, now);
    }

    fn validate(&self, kind: &dyn Strategy, object: &Value, old: &Value) -> FieldErrors {
        kind.validate_status(object, old)
    }

    fn warnings(&self, kind: &dyn Strategy, object: &Value, _old: &Value) -> Vec<String> {
        kind.status_warnings(object)
    }

    fn reset_fields(&self, kind: &dyn Strategy) -> &'static [&'static [&'static str]] {
        kind.status_reset_fields()
    }
}

/// Refuses a request that names another object than its path; it may name none.
pub fn check_subject(kind: &str, name: &str, request: &Value) -> Result<()> {
    match meta::name(request) {
        "" => Ok(()),
        named if named == name => Ok(()),
        _ => Err(Status::bad_request(format!("name in URL does not match name in {kind} object"))),
    }
}
