//! Optional values.

use std::sync::Arc;

use super::Row;
use crate::cel::error::Error;
use crate::cel::value::Value;

pub const FUNCTIONS: &[Row] = &[
    (&["optional.of(A) optional(A)"], |args| match args {
        [value] => Ok(Value::some(value.clone())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["optional.ofNonZeroValue(A) optional(A)"], |args| match args {
        [value] if value.is_zero() => Ok(Value::Optional(None)),
        [value] => Ok(Value::some(value.clone())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["optional.none() optional(A)"], |_| Ok(Value::Optional(None))),
    (&["(optional(A)).hasValue() bool"], |args| match args {
        [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(optional(A)).value() A"], |args| match args {
        [Value::Optional(Some(value))] => Ok((**value).clone()),
        [Value::Optional(None)] => Err(Error::new("optional.none() dereference")),
        _ => Err(Error::no_such_overload()),
    }),
    // These two are lazy; the evaluation knows them and asks for the second value only if there is no first one.
    (&["(optional(A)).or(optional(A)) optional(A)"], |args| match args {
        [Value::Optional(Some(value)), _] => Ok(Value::Optional(Some(Arc::clone(value)))),
        [Value::Optional(None), other @ Value::Optional(_)] => Ok(other.clone()),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(optional(A)).orValue(A) A"], |args| match args {
        [Value::Optional(Some(value)), _] => Ok((**value).clone()),
        [Value::Optional(None), other] => Ok(other.clone()),
        _ => Err(Error::no_such_overload()),
    }),
    (&["_?._(dyn, string) optional(dyn)"], |_| Err(Error::no_such_overload())),
];
