//! `KindDef`: everything the engine must know of a kind. Routes, discovery, tables, OpenAPI and protobuf follow from it.

use serde_json::Value;

use super::strategy::{Moment, Plain, Strategy};
use crate::{
    object::{GroupVersionKind, Prefix},
    schema::{self, Message},
};

/// A kind. Written as `KindDef { …, ..KindDef::BASE }`.
pub struct KindDef {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// Plural resource name, as in URLs.
    pub plural: &'static str,
    /// Singular name.
    pub singular: &'static str,
    /// Short names for the command line.
    pub short_names: &'static [&'static str],
    /// Categories such as `all`.
    pub categories: &'static [&'static str],
    /// Namespaced or cluster-wide.
    pub scope: Scope,
    /// What clients may do, in discovery's order.
    pub verbs: &'static [Verb],
    /// Subresources, in discovery's order.
    pub subresources: &'static [Subresource],
    /// The message in the schema, e.g. `api.core.v1.Service`.
    pub message: &'static str,
    /// The table's columns.
    pub columns: &'static [Column],
    /// The cells of one row, one per column, ages included.
    pub cells: fn(&Value, Moment) -> Vec<Value>,
    /// `conditions` of a table row.
    pub row_conditions: fn(&Value) -> Vec<Value>,
    /// Selectable fields beyond `metadata.name` and `metadata.namespace`, with the value an object has there.
    pub fields: &'static [SelectableField],
    /// Old spellings of selectable fields.
    pub field_aliases: &'static [(&'static str, &'static str)],
    /// How an unknown field label is refused.
    pub field_labels: FieldLabels,
    /// Where objects are kept.
    pub storage: Storage,
    /// Rule for `metadata.name`.
    pub name_rule: NameRule,
    /// PUT on a missing object creates it.
    pub create_on_update: bool,
    /// PUT without a resourceVersion is allowed.
    pub unconditional_update: bool,
    /// What DELETE answers when the object is gone at once.
    pub delete_answer: DeleteAnswer,
    /// The server keeps `metadata.generation`.
    pub has_generation: bool,
    /// A new object gets `status` emptied and updates keep it: the kind has a status subresource.
    pub has_status: bool,
    /// A new object keeps the `status` it came with although the kind has a status subresource.
    pub status_on_create: bool,
    /// The `Warning` attached to every request, if the kind is deprecated.
    pub deprecation: Option<&'static str>,
    /// The kind's own steps.
    pub strategy: &'static dyn Strategy,
}

/// A field that selectors can name, and the value an object has there.
pub type SelectableField = (&'static str, fn(&Value) -> String);

/// Namespaced or cluster-wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Namespaced,
    Cluster,
}

/// A verb as discovery and authorization name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    /// All verbs, in discovery's order.
    pub const ALL: &'static [Verb] = &[
        Verb::Create,
        Verb::Delete,
        Verb::DeleteCollection,
        Verb::Get,
        Verb::List,
        Verb::Patch,
        Verb::Update,
        Verb::Watch,
    ];

    /// What can be done to a status.
    pub const STATUS: &'static [Verb] = &[Verb::Get, Verb::Patch, Verb::Update];

    /// What can be done through a proxy.
    pub const PROXY: &'static [Verb] = &[Verb::Create, Verb::Delete, Verb::Get, Verb::Patch, Verb::Update];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Patch => "patch",
            Verb::Update => "update",
            Verb::Watch => "watch",
        }
    }
}

/// A path below an object.
pub struct Subresource {
    /// Last path segment.
    pub name: &'static str,
    /// The kind that discovery names for it.
    pub gvk: GroupVersionKind,
    /// What clients may do with it.
    pub verbs: &'static [Verb],
    /// What the engine does.
    pub action: Action,
}

/// What a subresource does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Reads the object, writes its status (and what [`Strategy::prepare_for_status`] lets through).
    Status,
    /// Replaces a namespace's `spec.finalizers`.
    Finalize,
    /// Assigns a pod to a node.
    Binding,
    /// Deletes a pod as the eviction API does.
    Eviction,
    /// Changes a pod's spec in a way the main resource forbids (`ephemeralcontainers`, `resize`).
    Spec,
    /// Reads and writes how many pods there should be, as a `Scale`.
    Scale,
    /// Issues a service account token.
    Token,
    /// Listed by discovery, but needs a node to answer (`log`, `exec`, `proxy`, …).
    NeedsNode,
}

/// Where a kind's objects are kept.
#[derive(Clone, Copy)]
pub enum Storage {
    /// Under the kind's own prefix.
    Own,
    /// Under another kind's prefix: this kind is a view of that one.
    ViewOf {
        /// Group of the stored kind.
        group: &'static str,
        /// Its plural name; the view has the same.
        plural: &'static str,
        /// Stored form to this kind.
        from_stored: fn(Value) -> Value,
        /// This kind to the stored form.
        to_stored: fn(Value) -> Value,
    },
    /// Nothing is kept: create computes an answer (reviews).
    Nothing,
}

/// Rules for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    Subdomain,
    Label,
    /// A canonical IP address.
    Ip,
    /// Anything that fits in a path segment (RBAC names).
    PathSegment,
}

/// What DELETE answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteAnswer {
    Object,
    Status,
}

/// Which text refuses an unknown field label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldLabels {
    /// `field label not supported: X`.
    Converted,
    /// `"X" is not a known field selector: only "metadata.name", "metadata.namespace"`.
    MetadataOnly,
}

/// A table column.
pub struct Column {
    /// Heading.
    pub name: &'static str,
    /// `string`, `integer`, `date`.
    pub kind: &'static str,
    /// `name` for the name column, else empty.
    pub format: &'static str,
    /// Its description.
    pub doc: Doc,
    /// 0 is always shown, 1 with `-o wide`.
    pub priority: u8,
}

/// A column's description.
#[derive(Clone, Copy)]
pub enum Doc {
    /// The description of this field of this message, joined at run time.
    Field(&'static str, &'static str),
    /// A text.
    Text(&'static str),
}

impl Column {
    /// A column of strings that is always shown.
    pub const fn new(name: &'static str, doc: Doc) -> Self {
        Self { name, kind: "string", format: "", doc, priority: 0 }
    }

    /// The same column holding whole numbers.
    pub const fn integer(mut self) -> Self {
        self.kind = "integer";
        self
    }

    /// The name column.
    pub const NAME: Self =
        Self { format: "name", ..Self::new("Name", Doc::Field("apimachinery.pkg.apis.meta.v1.ObjectMeta", "name")) };

    /// The age column.
    pub const AGE: Self = Self::new("Age", Doc::Field("apimachinery.pkg.apis.meta.v1.ObjectMeta", "creationTimestamp"));

    /// The same column shown only with `-o wide`.
    pub const fn wide(mut self) -> Self {
        self.priority = 1;
        self
    }
}

impl KindDef {
    /// A namespaced kind with every verb and nothing special.
    pub const BASE: KindDef = KindDef {
        gvk: GroupVersionKind::new("", "v1", ""),
        plural: "",
        singular: "",
        short_names: &[],
        categories: &[],
        scope: Scope::Namespaced,
        verbs: Verb::ALL,
        subresources: &[],
        message: "",
        columns: &[Column::NAME, Column::AGE],
        cells: super::strategy::name_and_age,
        row_conditions: |_| Vec::new(),
        fields: &[],
        field_aliases: &[],
        field_labels: FieldLabels::MetadataOnly,
        storage: Storage::Own,
        name_rule: NameRule::Subdomain,
        create_on_update: false,
        unconditional_update: true,
        delete_answer: DeleteAnswer::Status,
        has_generation: false,
        has_status: false,
        status_on_create: false,
        deprecation: None,
        strategy: &Plain,
    };

    /// The prefix under which the kind's objects are stored.
    pub fn prefix(&self) -> Prefix {
        let (group, plural) = self.place();
        Prefix::resource(group, plural)
    }

    /// Group and plural under which the kind's objects are stored.
    pub fn place(&self) -> (&'static str, &'static str) {
        match self.storage {
            Storage::ViewOf { group, plural, .. } => (group, plural),
            Storage::Own | Storage::Nothing => (self.gvk.group, self.plural),
        }
    }

    /// What the schema says of the kind.
    pub fn schema(&self) -> &'static Message {
        schema::message(self.message).expect("every kind's message is in the schema")
    }

    /// Whether clients may do this.
    pub fn allows(&self, verb: Verb) -> bool {
        self.verbs.contains(&verb)
    }

    /// Whether objects live in namespaces.
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// The subresource of this name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }
}
