//! The expressions of policies and of match conditions: their variables, and how they are compiled.

use std::sync::{Arc, LazyLock};

use crate::cel::{Declared, Environment, Field, LibraryType, ObjectType, Ordering, Program, Shape, Type};
use crate::object::{FieldError, Path};

/// The type of objects that mutations make.
pub const OBJECT: &str = "Object";
/// The type of operations that mutations make.
pub const JSON_PATCH: &str = "JSONPatch";

/// What an expression may use beside the objects and the request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uses<'a> {
    pub params: bool,
    pub authorizer: bool,
    /// The variables before it, which `variables` holds; `None` where there is no such variable.
    pub variables: Option<&'a [(String, Arc<Declared>)]>,
    /// Whether it makes objects and patches.
    pub mutates: bool,
}

/// The types that an expression may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Bool,
    String,
    StringOrNull,
    Any,
    Object,
    JsonPatch,
}

/// The environment of an expression.
pub fn environment(uses: Uses<'_>) -> Environment {
    let mut environment = BASE.clone();
    if uses.params {
        environment = environment.with("params", Declared::dynamic());
    }
    if uses.authorizer {
        let library = |of| Arc::new(Declared::of(Shape::Library(of)));
        environment = environment
            .with("authorizer", library(LibraryType::Authorizer))
            .with("authorizer.requestResource", library(LibraryType::ResourceCheck));
    }
    if let Some(variables) = uses.variables {
        let of = Declared::object("kubernetes.variables", variables.to_vec(), &[]);
        environment = environment.with("variables", Arc::new(of));
        // Each is a variable of its own, so that it is only evaluated where it is needed.
        for (name, of) in variables {
            environment = environment.with(&format!("variables.{name}"), of.clone());
        }
    }
    if uses.mutates {
        environment = environment.with_open_object(OBJECT).with_object(json_patch());
    }
    environment
}

/// Compiles an expression that is at `path`.
pub fn compile(path: &Path, text: &str, environment: &Environment, wanted: Wanted) -> Result<Program, FieldError> {
    let invalid = |why: &str| FieldError::invalid(path, text, why);
    let program = Program::compile(text, environment).map_err(|why| invalid(&format!("compilation failed: {why}")))?;
    if let Some(expected) = wanted.unless(program.result_type()) {
        return Err(invalid(&format!("must evaluate to {expected} but got {}", program.result_type())));
    }
    Ok(program)
}

/// The declaration of what an expression returns.
pub fn declared(of: &Type) -> Arc<Declared> {
    let shape = match of {
        Type::Null => Shape::Null,
        Type::Bool => Shape::Bool,
        Type::Int => Shape::Int,
        Type::Uint => Shape::Uint,
        Type::Double => Shape::Double,
        Type::String => Shape::String,
        Type::Bytes => Shape::Bytes,
        Type::Timestamp => Shape::Timestamp,
        Type::Duration => Shape::Duration,
        Type::List(items) => Shape::List(declared(items), Ordering::Atomic),
        Type::Map(key, values) if matches!(**key, Type::String) => Shape::Map(declared(values)),
        Type::Object(object) => Shape::Object(object.clone()),
        Type::Library(library) => Shape::Library(*library),
        Type::Optional(inside) => Shape::Optional(declared(inside)),
        _ => Shape::Dyn,
    };
    Arc::new(Declared::of(shape))
}

impl Wanted {
    /// What was wanted, unless the type is that.
    fn unless(self, of: &Type) -> Option<&'static str> {
        let (fits, wanted) = match self {
            Self::Bool => (matches!(of, Type::Bool), "bool"),
            Self::String => (matches!(of, Type::String), "string"),
            Self::StringOrNull => (matches!(of, Type::String | Type::Null), "one of [string null_type]"),
            Self::Any => (true, "any"),
            Self::Object => (is_object(of, OBJECT), OBJECT),
            Self::JsonPatch => {
                let fits = matches!(of, Type::List(items) if is_object(items, JSON_PATCH));
                (fits, "list(JSONPatch)")
            }
        };
        (!fits).then_some(wanted)
    }
}

fn is_object(of: &Type, name: &str) -> bool {
    matches!(of, Type::Object(object) if object.name == name)
}

/// What every expression may use.
static BASE: LazyLock<Environment> = LazyLock::new(|| {
    Environment::new()
        .with("object", Declared::dynamic())
        .with("oldObject", Declared::dynamic())
        .with("namespaceObject", NAMESPACE.clone())
        .with("request", REQUEST.clone())
});

/// Values of which nothing is known before.
pub static DYNAMIC: LazyLock<Arc<Declared>> = LazyLock::new(Declared::dynamic);

/// The variable `namespaceObject`.
pub static NAMESPACE: LazyLock<Arc<Declared>> = LazyLock::new(|| Arc::new(namespace()));

/// The variable `request`.
pub static REQUEST: LazyLock<Arc<Declared>> = LazyLock::new(|| {
    let kind = |name: &str, last: &str| object(name, [("group", text()), ("version", text()), (last, text())]);
    let texts = || list(text());
    let extra = Arc::new(Declared::map(texts(), None));
    let user =
        object("kubernetes.UserInfo", [("username", text()), ("uid", text()), ("groups", texts()), ("extra", extra)]);
    object(
        "kubernetes.AdmissionRequest",
        [
            ("kind", kind("kubernetes.GroupVersionKind", "kind")),
            ("resource", kind("kubernetes.GroupVersionResource", "resource")),
            ("subResource", text()),
            ("requestKind", kind("kubernetes.GroupVersionKind", "kind")),
            ("requestResource", kind("kubernetes.GroupVersionResource", "resource")),
            ("requestSubResource", text()),
            ("name", text()),
            ("namespace", text()),
            ("operation", text()),
            ("userInfo", user),
            ("dryRun", Arc::new(Declared::of(Shape::Bool))),
            ("options", Declared::dynamic()),
        ],
    )
});

/// What of a namespace policies see.
fn namespace() -> Declared {
    let texts = || Arc::new(Declared::map(text(), None));
    let time = || Arc::new(Declared::of(Shape::Timestamp));
    let metadata = object(
        "kubernetes.NamespaceMetadata",
        [
            ("name", text()),
            ("generateName", text()),
            ("namespace", text()),
            ("labels", texts()),
            ("annotations", texts()),
            ("UID", text()),
            ("creationTimestamp", time()),
            ("deletionGracePeriodSeconds", Arc::new(Declared::of(Shape::Int))),
            ("deletionTimestamp", time()),
            ("generation", Arc::new(Declared::of(Shape::Int))),
            ("resourceVersion", text()),
            ("finalizers", list(text())),
        ],
    );
    let condition = object(
        "kubernetes.NamespaceCondition",
        [("status", text()), ("type", text()), ("lastTransitionTime", time()), ("message", text()), ("reason", text())],
    );
    let spec = object("kubernetes.NamespaceSpec", [("finalizers", list(text()))]);
    let status = object("kubernetes.NamespaceStatus", [("conditions", list(condition)), ("phase", text())]);
    let fields = vec![("metadata".to_owned(), metadata), ("spec".to_owned(), spec), ("status".to_owned(), status)];
    Declared::object("kubernetes.Namespace", fields, &[])
}

fn json_patch() -> Arc<ObjectType> {
    let text_fields = ["op", "path", "from"].map(|name| (name, text()));
    let fields = text_fields.into_iter().chain([("value", Declared::dynamic())]);
    let fields = fields.map(|(name, declared)| (name.to_owned(), Field { key: name.to_owned(), declared }));
    Arc::new(ObjectType { name: JSON_PATCH.to_owned(), fields: fields.collect() })
}

fn object<const N: usize>(name: &str, fields: [(&str, Arc<Declared>); N]) -> Arc<Declared> {
    let fields = fields.into_iter().map(|(name, of)| (name.to_owned(), of)).collect();
    Arc::new(Declared::object(name, fields, &[]))
}

fn text() -> Arc<Declared> {
    Arc::new(Declared::string(None))
}

fn list(of: Arc<Declared>) -> Arc<Declared> {
    Arc::new(Declared::list(of, Ordering::Atomic, None))
}
