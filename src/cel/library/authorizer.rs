//! The authorizer: expressions check whether a user may do something. The caller of this room decides that.

use std::fmt;
use std::sync::Arc;

use super::{Library, Row};
use crate::cel::error::Error;
use crate::cel::library_type::LibraryType;
use crate::cel::value::Value;

type Outcome<'a> = Result<Value<'a>, Error>;

/// Decides whether somebody may do something.
pub trait Authorizer: Send + Sync {
    /// Decides about a check that is complete, with its verb.
    fn decide(&self, check: &Check) -> Decision;
}

/// Whose permission is checked.
#[derive(Clone)]
pub struct Subject {
    pub authorizer: Arc<dyn Authorizer>,
    /// Namespace and name of a service account; without it, the user who sent the request.
    pub service_account: Option<(String, String)>,
}

/// A permission: on a resource or a path, with a verb.
#[derive(Clone, Debug)]
pub struct Check {
    pub subject: Subject,
    pub what: What,
    pub verb: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Path(String),
    Group(String),
    Resource(Resource),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub field_selector: String,
    pub label_selector: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    pub allowed: bool,
    pub reason: String,
    /// Why it could not be decided.
    pub error: Option<String>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.service_account).finish()
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Check) -> bool {
        self.what == other.what && self.subject.service_account == other.subject.service_account
    }
}

impl Check {
    pub fn kind(&self) -> LibraryType {
        match self.what {
            What::Path(_) => LibraryType::PathCheck,
            What::Group(_) => LibraryType::GroupCheck,
            What::Resource(_) => LibraryType::ResourceCheck,
        }
    }
}

/// The variable `authorizer`.
pub fn variable<'a>(authorizer: Arc<dyn Authorizer>) -> Value<'a> {
    Value::Library(Library::Authorizer(Subject { authorizer, service_account: None }))
}

/// The variable `authorizer.requestResource`.
pub fn resource_variable<'a>(authorizer: Arc<dyn Authorizer>, resource: Resource) -> Value<'a> {
    check(Subject { authorizer, service_account: None }, What::Resource(resource))
}

pub const FUNCTIONS: &[Row] = &[
    (&["(authorizer).path(string) pathCheck"], |args| match args {
        [Value::Library(Library::Authorizer(_)), Value::String(path)] if path.is_empty() => {
            Err(Error::new("path must not be empty"))
        }
        [Value::Library(Library::Authorizer(subject)), Value::String(path)] => {
            Ok(check(subject.clone(), What::Path((**path).to_owned())))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(authorizer).group(string) groupCheck"], |args| match args {
        [Value::Library(Library::Authorizer(subject)), Value::String(group)] => {
            Ok(check(subject.clone(), What::Group((**group).to_owned())))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(authorizer).serviceAccount(string, string) authorizer"], |args| match args {
        [Value::Library(Library::Authorizer(subject)), Value::String(namespace), Value::String(name)] => {
            let account = Some(((**namespace).to_owned(), (**name).to_owned()));
            Ok(Value::Library(Library::Authorizer(Subject { service_account: account, ..subject.clone() })))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(groupCheck).resource(string) resourceCheck"], |args| match args {
        [Value::Library(Library::Check(of)), Value::String(resource)] => match &of.what {
            What::Group(group) => {
                let resource =
                    Resource { group: group.clone(), resource: (**resource).to_owned(), ..Resource::default() };
                Ok(check(of.subject.clone(), What::Resource(resource)))
            }
            _ => Err(Error::no_such_overload()),
        },
        _ => Err(Error::no_such_overload()),
    }),
    (&["(resourceCheck).subresource(string) resourceCheck"], |args| with(args, |of, text| of.subresource = text)),
    (&["(resourceCheck).namespace(string) resourceCheck"], |args| with(args, |of, text| of.namespace = text)),
    (&["(resourceCheck).name(string) resourceCheck"], |args| with(args, |of, text| of.name = text)),
    (&["(resourceCheck).fieldSelector(string) resourceCheck"], |args| with(args, |of, text| of.field_selector = text)),
    (&["(resourceCheck).labelSelector(string) resourceCheck"], |args| with(args, |of, text| of.label_selector = text)),
    (&["(pathCheck).check(string) decision", "(resourceCheck).check(string) decision"], |args| match args {
        [Value::Library(Library::Check(of)), Value::String(verb)] => {
            let asked = Check { verb: (**verb).to_owned(), ..(**of).clone() };
            Ok(Value::Library(Library::Decision(Arc::new(asked.subject.authorizer.decide(&asked)))))
        }
        _ => Err(Error::no_such_overload()),
    }),
    (&["(decision).allowed() bool"], |args| of(args, |decision| Value::Bool(decision.allowed))),
    (&["(decision).errored() bool"], |args| of(args, |decision| Value::Bool(decision.error.is_some()))),
    (&["(decision).reason() string"], |args| of(args, |decision| Value::string(decision.reason.clone()))),
    (&["(decision).error() string"], |args| {
        of(args, |decision| Value::string(decision.error.clone().unwrap_or_default()))
    }),
];

fn check<'a>(subject: Subject, what: What) -> Value<'a> {
    Value::Library(Library::Check(Arc::new(Check { subject, what, verb: String::new() })))
}

fn with<'a>(args: &[Value<'a>], change: fn(&mut Resource, String)) -> Outcome<'a> {
    let [Value::Library(Library::Check(of)), Value::String(text)] = args else { return Err(Error::no_such_overload()) };
    let What::Resource(resource) = &of.what else { return Err(Error::no_such_overload()) };
    let mut resource = resource.clone();
    change(&mut resource, (**text).to_owned());
    Ok(check(of.subject.clone(), What::Resource(resource)))
}

fn of<'a>(args: &[Value<'a>], part: fn(&Decision) -> Value<'static>) -> Outcome<'a> {
    match args {
        [Value::Library(Library::Decision(decision))] => Ok(part(decision)),
        _ => Err(Error::no_such_overload()),
    }
}
