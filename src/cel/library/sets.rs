//! Lists taken as sets.

use super::Row;
use crate::cel::error::Error;
use crate::cel::value::{Index, Value};

pub const FUNCTIONS: &[Row] = &[
    (&["sets.contains(list(A), list(A)) bool"], |args| {
        let (a, b) = two(args)?;
        all_in(&b, &a).map(Value::Bool)
    }),
    (&["sets.equivalent(list(A), list(A)) bool"], |args| {
        let (a, b) = two(args)?;
        Ok(Value::Bool(all_in(&a, &b)? && all_in(&b, &a)?))
    }),
    (&["sets.intersects(list(A), list(A)) bool"], |args| {
        let (a, b) = two(args)?;
        for item in a.items() {
            if b.find(item)?.is_some() {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
];

fn two<'a>(args: &[Value<'a>]) -> Result<(Index<'a>, Index<'a>), Error> {
    match args {
        [Value::List(a), Value::List(b)] => Ok((Index::new().with(a.items()?)?, Index::new().with(b.items()?)?)),
        _ => Err(Error::no_such_overload()),
    }
}

fn all_in(some: &Index, all: &Index) -> Result<bool, Error> {
    for item in some.items() {
        if all.find(item)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
