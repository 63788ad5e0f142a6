//! `KindDef`: everything the engine must know of a kind. Routes, discovery, tables, OpenAPI and protobuf follow from it.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use serde_json::Value;

use super::{
    admission::AdmissionPlugin,
    column::Column,
    conversion::Conversion,
    strategy::{Moment, Plain, Strategy, name_and_age},
    subresource::{Behaviour, Subresource},
    verb::Verb,
};
use crate::{
    object::{GroupVersionKind, Key, Prefix, meta, status::Result},
    schema::{self, ObjectRef, ObjectType, Text},
};

/// A kind that is served: a cheap handle on its definition.
///
/// Two handles are equal if they come from the same [`Kind::new`], so a kind that was replaced by another of the same
/// name is told from its successor.
#[derive(Clone)]
pub struct Kind(Arc<Inner>);

struct Inner {
    id: u64,
    def: KindDef,
}

/// The definition of a kind. Written as `KindDef { …, ..KindDef::default() }`.
pub struct KindDef {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// Plural resource name, as in URLs.
    pub plural: Text,
    /// Singular name.
    pub singular: Text,
    /// Short names for the command line.
    pub short_names: Vec<Text>,
    /// Categories such as `all`.
    pub categories: Vec<Text>,
    /// Namespaced or cluster-wide.
    pub scope: Scope,
    /// What clients may do.
    pub verbs: Vec<Verb>,
    /// Subresources.
    pub subresources: Vec<Subresource>,
    /// The type of an object: the name of a built-in one, e.g. `api.core.v1.Service`, or one made at run time.
    pub schema: ObjectRef,
    /// The type of a list of objects, where it is not the built-in one that has the object's name and `List`.
    pub list_schema: Option<ObjectRef>,
    /// The table's columns.
    pub columns: Vec<Column>,
    /// The cells of one row, one per column, ages included.
    pub cells: Cells,
    /// `conditions` of a table row.
    pub row_conditions: RowConditions,
    /// Selectable fields beyond `metadata.name` and `metadata.namespace`.
    pub fields: Vec<SelectableField>,
    /// Old spellings of selectable fields, each with the one of today.
    pub field_aliases: Vec<(Text, Text)>,
    /// How an unknown field label is refused.
    pub field_labels: FieldLabels,
    /// Where objects are kept.
    pub storage: Storage,
    /// Between the form of this kind and that of stored objects, where they differ or may do so.
    pub conversion: Option<Arc<dyn Conversion>>,
    /// An object that has to be there for others of this kind to be created.
    pub requires: Option<Key>,
    /// A definition made the kind. kube-apiserver serves all such kinds by a handler of their own, which differs from that
    /// of built-in kinds in many small things: objects state their kind and version also in lists and in the store.
    pub is_custom: bool,
    /// The kind of a list of objects, if it is not the kind's name and `List`.
    pub list_kind: Option<Text>,
    /// What follows `/registry/` in the keys that error messages show, if it is not the plural name.
    pub registry_path: Option<Text>,
    /// Rule for `metadata.name`.
    pub name_rule: NameRule,
    /// No rule of the kind's is for `metadata.generateName`.
    pub any_generate_name: bool,
    /// A new object that names neither itself nor a prefix gets a UUID as its name.
    pub names_itself: bool,
    /// Nobody is recorded to own fields: kube-apiserver has no schema by which it could read these objects.
    pub untracked: bool,
    /// Finalizers need no domain in front.
    pub any_finalizer: bool,
    /// PUT on a missing object creates it.
    pub create_on_update: bool,
    /// PUT without a resourceVersion is allowed.
    pub unconditional_update: bool,
    /// What DELETE returns when the object is gone at once.
    pub deletion_result: DeletionResult,
    /// A delete that does not say what becomes of dependents keeps them.
    pub orphans_by_default: bool,
    /// The `Warning` of such a delete.
    pub orphan_warning: Option<Text>,
    /// The server keeps `metadata.generation`.
    pub has_generation: bool,
    /// The version in which a real server keeps objects, where that is none of those that are served.
    pub kept_version: Option<&'static str>,
    /// A new object gets `status` emptied and updates keep it: the kind has a status subresource.
    pub has_status: bool,
    /// A new object keeps the `status` it came with although the kind has a status subresource.
    pub status_on_create: bool,
    /// The `Warning` attached to every request, if the kind is deprecated.
    pub deprecation: Option<Text>,
    /// What comes before the kind's own steps, in this order.
    pub admission: Vec<Arc<dyn AdmissionPlugin>>,
    /// The kind's own steps.
    pub strategy: Arc<dyn Strategy>,
}

/// Makes the cells of a table row from an object and the current time.
pub type Cells = Arc<dyn Fn(&Value, Moment) -> Vec<Value> + Send + Sync>;

/// Makes the `conditions` of a table row from an object.
pub type RowConditions = Arc<dyn Fn(&Value) -> Vec<Value> + Send + Sync>;

/// A field that selectors can name.
#[derive(Clone)]
pub struct SelectableField {
    /// Its path, e.g. `spec.nodeName`.
    pub path: Text,
    /// The value that an object has there.
    pub value: Arc<dyn Fn(&Value) -> String + Send + Sync>,
}

/// Namespaced or cluster-wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Namespaced,
    Cluster,
}

/// Where a kind's objects are kept.
#[derive(Clone)]
pub enum Storage {
    /// Under the kind's own prefix.
    Own,
    /// Under the prefix and in the form of another kind, of which this one is a version.
    VersionOf(Kind),
    /// Nothing is kept: create computes a result (reviews).
    Nothing,
    /// Nothing is kept: to create an object of this kind is to send it to a subresource of another.
    RequestTo {
        /// The other kind; the object has its namespace and name.
        kind: Kind,
        /// The subresource's name.
        subresource: Text,
    },
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

/// What DELETE returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionResult {
    Object,
    Status,
}

/// Which text refuses an unknown field label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldLabels {
    /// `field label not supported: X`.
    Converted,
    /// `field label "X" not supported for <type>`.
    Quoted(&'static str),
    /// `field label not supported for <type>: X`.
    Typed(&'static str),
    /// `"X" is not a known field selector: only "metadata.name", "metadata.namespace"`.
    MetadataOnly,
}

impl Kind {
    /// Takes a definition.
    pub fn new(def: KindDef) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Inner { id: IDS.fetch_add(1, Relaxed), def }))
    }

    /// The same kind with another definition, in which its objects look as before.
    pub fn with(&self, def: KindDef) -> Self {
        Self(Arc::new(Inner { id: self.0.id, def }))
    }

    /// A number that no other kind of this process has.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The kind whose form the store keeps: the kind itself unless it is a version of another.
    pub fn stored(&self) -> &Kind {
        match &self.storage {
            Storage::VersionOf(kind) => kind,
            _ => self,
        }
    }
}

impl Deref for Kind {
    type Target = KindDef;

    fn deref(&self) -> &KindDef {
        &self.0.def
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.gvk)
    }
}

impl Default for KindDef {
    /// A namespaced kind with every verb and nothing special, whose names are still missing.
    fn default() -> Self {
        Self {
            gvk: GroupVersionKind::new("", "v1", ""),
            plural: "".into(),
            singular: "".into(),
            short_names: Vec::new(),
            categories: Vec::new(),
            scope: Scope::Namespaced,
            verbs: Verb::ALL.to_vec(),
            subresources: Vec::new(),
            schema: "".into(),
            list_schema: None,
            columns: vec![Column::NAME, Column::AGE],
            cells: Arc::new(name_and_age),
            row_conditions: Arc::new(|_| Vec::new()),
            fields: Vec::new(),
            field_aliases: Vec::new(),
            field_labels: FieldLabels::MetadataOnly,
            storage: Storage::Own,
            conversion: None,
            requires: None,
            is_custom: false,
            list_kind: None,
            registry_path: None,
            name_rule: NameRule::Subdomain,
            any_generate_name: false,
            names_itself: false,
            untracked: false,
            any_finalizer: false,
            create_on_update: false,
            unconditional_update: true,
            deletion_result: DeletionResult::Status,
            orphans_by_default: false,
            orphan_warning: None,
            has_generation: false,
            kept_version: None,
            has_status: false,
            status_on_create: false,
            deprecation: None,
            admission: Vec::new(),
            strategy: Arc::new(Plain),
        }
    }
}

impl KindDef {
    /// The prefix under which the kind's objects are stored.
    pub fn prefix(&self) -> Prefix {
        let (group, plural) = self.resource();
        Prefix::resource(group, plural)
    }

    /// Group and plural under which the kind's objects are stored.
    pub fn resource(&self) -> (&str, &str) {
        match &self.storage {
            Storage::VersionOf(kind) => kind.resource(),
            _ => (&self.gvk.group, &self.plural),
        }
    }

    /// Whether there are objects of the kind, in one form or another.
    pub fn has_objects(&self) -> bool {
        matches!(self.storage, Storage::Own | Storage::VersionOf(_))
    }

    /// The kind of a list of objects.
    pub fn list_kind(&self) -> Text {
        self.list_kind.clone().unwrap_or_else(|| format!("{}List", self.gvk.kind).into())
    }

    /// Whether the kind's objects are stored under its own prefix.
    pub fn is_stored(&self) -> bool {
        matches!(self.storage, Storage::Own)
    }

    /// What the schema says of the kind.
    pub fn schema(&self) -> &ObjectType {
        &self.schema
    }

    /// Whether objects of the kind can be written in protobuf, which takes a built-in type.
    pub fn has_protobuf(&self) -> bool {
        !self.is_custom && schema::by_gvk(&self.gvk.api_version(), &self.gvk.kind).is_some()
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

    /// How many pods an object of the kind wants, if the kind has a scale.
    pub fn scale_of(&self, object: &Value) -> Result<Option<i64>> {
        match self.subresource("scale").map(|sub| &sub.behaviour) {
            Some(Behaviour::Form(form)) => {
                let scale = form.of(object)?;
                Ok(Some(meta::at(&scale, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or_default()))
            }
            _ => Ok(None),
        }
    }

    /// What follows `/registry/` in the keys that error messages show.
    pub fn registry_path(&self) -> &str {
        self.registry_path.as_deref().unwrap_or(&self.plural)
    }
}

impl SelectableField {
    /// A field and the value that an object has there.
    pub fn new(path: impl Into<Text>, value: impl Fn(&Value) -> String + Send + Sync + 'static) -> Self {
        Self { path: path.into(), value: Arc::new(value) }
    }
}

/// The texts of a built-in definition.
pub fn texts<const N: usize>(list: [&'static str; N]) -> Vec<Text> {
    list.into_iter().map(Text::Borrowed).collect()
}
