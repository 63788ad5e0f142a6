//! What expressions of webhooks and policies may refer to: the request, its objects, and the authorizer.

use std::sync::{Arc, LazyLock};

use crate::cel::{Declared, Environment, LibraryType, Ordering, Program, Shape, Type};
use crate::object::{FieldError, Path};

/// The variables of a match condition.
pub static MATCH_CONDITION: LazyLock<Environment> = LazyLock::new(|| {
    let library = |of| Arc::new(Declared::of(Shape::Library(of)));
    Environment::new()
        .with("object", Declared::dynamic())
        .with("oldObject", Declared::dynamic())
        .with("request", Arc::clone(&REQUEST))
        .with("authorizer", library(LibraryType::Authorizer))
        .with("authorizer.requestResource", library(LibraryType::ResourceCheck))
});

/// The variable `request`. Its id is not for expressions.
pub static REQUEST: LazyLock<Arc<Declared>> = LazyLock::new(|| {
    let text = || Arc::new(Declared::string(None));
    let texts = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), text())).collect::<Vec<_>>();
    let object = |name: &str, fields| Arc::new(Declared::object(name, fields, &[]));
    let kind = object("kubernetes.GroupVersionKind", texts(&["group", "version", "kind"]));
    let resource = object("kubernetes.GroupVersionResource", texts(&["group", "version", "resource"]));
    let mut user = texts(&["username", "uid"]);
    let list = || Arc::new(Declared::list(text(), Ordering::Atomic, None));
    user.push(("groups".to_owned(), list()));
    user.push(("extra".to_owned(), Arc::new(Declared::map(list(), None))));
    let mut fields = texts(&["subResource", "requestSubResource", "name", "namespace", "operation"]);
    fields.extend([
        ("kind".to_owned(), Arc::clone(&kind)),
        ("resource".to_owned(), Arc::clone(&resource)),
        ("requestKind".to_owned(), kind),
        ("requestResource".to_owned(), resource),
        ("userInfo".to_owned(), object("kubernetes.UserInfo", user)),
        ("dryRun".to_owned(), Arc::new(Declared::of(Shape::Bool))),
        ("options".to_owned(), Declared::dynamic()),
    ]);
    object("kubernetes.AdmissionRequest", fields)
});

/// What is wrong with an expression that has to be true or false.
pub fn condition_error(path: &Path, expression: &str, environment: &Environment) -> Option<FieldError> {
    match Program::compile(expression, environment) {
        Err(problems) => Some(FieldError::invalid(path, expression, &format!("compilation failed: {problems}"))),
        Ok(program) => match program.result_type() {
            Type::Bool => None,
            other => Some(FieldError::invalid(path, expression, &format!("must evaluate to bool but got {other}"))),
        },
    }
}
