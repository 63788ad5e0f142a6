//! The functions that expressions may call: CEL's own, cel-go's extensions and Kubernetes' libraries. A file declares its
//! functions by signatures, as documentation writes them, beside the code that runs them.

pub mod authorizer;
mod convert;
pub mod format;
mod lists;
mod named;
mod network;
mod operators;
mod optional;
pub mod quantity;
pub mod regex;
mod semver;
mod signature;
mod strings;
pub mod time;
mod url;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

pub use operators::{has, insert};
pub use signature::Overload;

use super::error::Error;
use super::library_type::LibraryType;
use super::value::Value;

/// Runs a function; the target of a member call is the first argument.
pub type Run = for<'a> fn(&[Value<'a>]) -> Result<Value<'a>, Error>;

/// A function by its name, with everything that it can be called with.
pub struct Function {
    pub name: &'static str,
    pub overloads: Vec<Overload>,
    pub run: Run,
}

/// A row of a library: the signatures of one function, and the code.
pub type Row = (&'static [&'static str], Run);

static FUNCTIONS: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    let libraries: [&[Row]; 15] = [
        operators::FUNCTIONS,
        convert::FUNCTIONS,
        time::FUNCTIONS,
        strings::FUNCTIONS,
        lists::FUNCTIONS,
        lists::OF_SETS,
        optional::FUNCTIONS,
        regex::FUNCTIONS,
        url::FUNCTIONS,
        network::FUNCTIONS,
        quantity::FUNCTIONS,
        semver::FUNCTIONS,
        named::FUNCTIONS,
        authorizer::FUNCTIONS,
        SHARED,
    ];
    let mut functions: HashMap<&str, Function> = HashMap::new();
    for (signatures, run) in libraries.into_iter().flatten() {
        for text in *signatures {
            let (name, overload) = signature::parse(text);
            let function = Function { name, overloads: Vec::new(), run: *run };
            functions.entry(name).or_insert(function).overloads.push(overload);
        }
    }
    functions
});

/// The functions whose names several libraries use for values of their own.
const SHARED: &[Row] = &[
    (&["(string).indexOf(string) int", "(string).indexOf(string, int) int", "(list(A)).indexOf(A) int"], |args| {
        match args {
            [Value::List(_), _] => lists::index_of(args),
            _ => strings::index_of(args),
        }
    }),
    (
        &["(string).lastIndexOf(string) int", "(string).lastIndexOf(string, int) int", "(list(A)).lastIndexOf(A) int"],
        |args| match args {
            [Value::List(_), _] => lists::last_index_of(args),
            _ => strings::last_index_of(args),
        },
    ),
    (&["(quantity).isLessThan(quantity) bool", "(semver).isLessThan(semver) bool"], |args| {
        order(args).map(|order| Value::Bool(order.is_lt()))
    }),
    (&["(quantity).isGreaterThan(quantity) bool", "(semver).isGreaterThan(semver) bool"], |args| {
        order(args).map(|order| Value::Bool(order.is_gt()))
    }),
    (&["(quantity).compareTo(quantity) int", "(semver).compareTo(semver) int"], |args| {
        order(args).map(|order| Value::Int(order as i64))
    }),
];

fn order(args: &[Value]) -> Result<Ordering, Error> {
    match args {
        [Value::Library(Library::Semver(_)), _] => semver::order(args),
        _ => quantity::order(args),
    }
}

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.get(name)
}

/// A value of a library.
#[derive(Clone, Debug)]
pub enum Library {
    Url(Arc<url::Url>),
    Quantity(Arc<quantity::Quantity>),
    Ip(std::net::IpAddr),
    Cidr(network::Cidr),
    Semver(Arc<semver::Semver>),
    Format(&'static named::Format),
    Authorizer(authorizer::Subject),
    Check(Arc<authorizer::Check>),
    Decision(Arc<authorizer::Decision>),
}

impl Library {
    pub fn kind(&self) -> LibraryType {
        match self {
            Library::Url(_) => LibraryType::Url,
            Library::Quantity(_) => LibraryType::Quantity,
            Library::Ip(_) => LibraryType::Ip,
            Library::Cidr(_) => LibraryType::Cidr,
            Library::Semver(_) => LibraryType::Semver,
            Library::Format(_) => LibraryType::Format,
            Library::Authorizer(_) => LibraryType::Authorizer,
            Library::Check(check) => check.kind(),
            Library::Decision(_) => LibraryType::Decision,
        }
    }

    /// The size that costs are counted with: addresses have their bytes, the others one.
    pub fn size(&self) -> usize {
        match self {
            Library::Ip(ip) => network::bytes_of(ip),
            Library::Cidr(cidr) => network::bytes_of(&cidr.address).min(usize::from(cidr.length.div_ceil(8))),
            _ => 1,
        }
    }
}

impl PartialEq for Library {
    fn eq(&self, other: &Library) -> bool {
        match (self, other) {
            (Library::Url(a), Library::Url(b)) => a == b,
            (Library::Quantity(a), Library::Quantity(b)) => a == b,
            (Library::Ip(a), Library::Ip(b)) => a == b,
            (Library::Cidr(a), Library::Cidr(b)) => a == b,
            (Library::Semver(a), Library::Semver(b)) => a == b,
            (Library::Format(a), Library::Format(b)) => a.name == b.name,
            (Library::Check(a), Library::Check(b)) => a == b,
            (Library::Decision(a), Library::Decision(b)) => a == b,
            _ => false,
        }
    }
}
