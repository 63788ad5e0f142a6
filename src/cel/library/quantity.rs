//! Kubernetes' quantities: `500m`, `1Gi`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Library, Row};
use crate::cel::error::Error;
use crate::cel::value::Value;
use crate::text;

type Outcome<'a> = Result<Value<'a>, Error>;

const NANOS: i128 = 1_000_000_000;

pub const FUNCTIONS: &[Row] = &[
    (&["quantity(string) quantity"], |args| match args {
        [Value::String(text)] => match parse(text) {
            Ok(quantity) => Ok(value(quantity)),
            Err(why) => Err(Error::new(why)),
        },
        _ => Err(Error::no_such_overload()),
    }),
    (&["isQuantity(string) bool"], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(parse(text).is_ok())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(quantity).sign() int"], |args| one(args, |quantity| Ok(Value::Int(quantity.nanos.signum() as i64)))),
    (&["(quantity).isInteger() bool"], |args| one(args, |quantity| Ok(Value::Bool(quantity.integer().is_some())))),
    (&["(quantity).asInteger() int"], |args| {
        one(args, |quantity| match quantity.integer() {
            Some(number) => Ok(Value::Int(number)),
            None => Err(Error::new("cannot convert value to integer")),
        })
    }),
    (&["(quantity).asApproximateFloat() double"], |args| {
        one(args, |quantity| Ok(Value::Double(quantity.nanos as f64 / NANOS as f64)))
    }),
    (&["(quantity).add(quantity) quantity", "(quantity).add(int) quantity"], |args| {
        combine(args, |a, b| a.checked_add(b))
    }),
    (&["(quantity).sub(quantity) quantity", "(quantity).sub(int) quantity"], |args| {
        combine(args, |a, b| a.checked_sub(b))
    }),
];

/// An amount in thousand-millionths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    pub nanos: i128,
}

impl Quantity {
    fn integer(self) -> Option<i64> {
        if self.nanos % NANOS == 0 { i64::try_from(self.nanos / NANOS).ok() } else { None }
    }
}

fn parse(text: &str) -> Result<Quantity, &'static str> {
    text::quantity::canonical(text)?;
    text::quantity::nanos(text).map(|nanos| Quantity { nanos }).ok_or("quantity is too large")
}

fn value<'a>(quantity: Quantity) -> Value<'a> {
    Value::Library(Library::Quantity(Arc::new(quantity)))
}

fn one<'a>(args: &[Value<'a>], of: fn(Quantity) -> Outcome<'static>) -> Outcome<'a> {
    match args {
        [Value::Library(Library::Quantity(quantity))] => of(**quantity),
        _ => Err(Error::no_such_overload()),
    }
}

fn combine<'a>(args: &[Value<'a>], with: fn(i128, i128) -> Option<i128>) -> Outcome<'a> {
    let (a, b) = match args {
        [Value::Library(Library::Quantity(a)), Value::Library(Library::Quantity(b))] => (a.nanos, b.nanos),
        [Value::Library(Library::Quantity(a)), Value::Int(b)] => (a.nanos, i128::from(*b) * NANOS),
        _ => return Err(Error::no_such_overload()),
    };
    with(a, b).map(|nanos| value(Quantity { nanos })).ok_or_else(|| Error::new("quantity is too large"))
}

/// How the first argument compares with the second.
pub fn order(args: &[Value]) -> Result<Ordering, Error> {
    match args {
        [Value::Library(Library::Quantity(a)), Value::Library(Library::Quantity(b))] => Ok(a.nanos.cmp(&b.nanos)),
        _ => Err(Error::no_such_overload()),
    }
}
