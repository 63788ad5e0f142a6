//! Operators and the functions of comprehensions.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Row, time};
use crate::cel::declared;
use jiff::SignedDuration;

use crate::cel::error::Error;
use crate::cel::value::{Index, Key, List, Map, Value, compare, equal};

type Outcome<'a> = Result<Value<'a>, Error>;

/// The overloads of an operator that compares.
macro_rules! ordered {
    ($name:literal) => {
        &[
            concat!($name, "(bool, bool) bool"),
            concat!($name, "(int, int) bool"),
            concat!($name, "(int, double) bool"),
            concat!($name, "(int, uint) bool"),
            concat!($name, "(uint, uint) bool"),
            concat!($name, "(uint, double) bool"),
            concat!($name, "(uint, int) bool"),
            concat!($name, "(double, double) bool"),
            concat!($name, "(double, int) bool"),
            concat!($name, "(double, uint) bool"),
            concat!($name, "(string, string) bool"),
            concat!($name, "(bytes, bytes) bool"),
            concat!($name, "(timestamp, timestamp) bool"),
            concat!($name, "(duration, duration) bool"),
        ]
    };
}
pub const FUNCTIONS: &[Row] = &[
    (&["_&&_(bool, bool) bool"], |_| Err(Error::no_such_overload())),
    (&["_||_(bool, bool) bool"], |_| Err(Error::no_such_overload())),
    (&["_?_:_(bool, A, A) A"], |_| Err(Error::no_such_overload())),
    (&["@not_strictly_false(bool) bool"], |_| Err(Error::no_such_overload())),
    (&["!_(bool) bool"], |args| match args {
        [Value::Bool(value)] => Ok(Value::Bool(!value)),
        _ => Err(Error::no_such_overload()),
    }),
    (&["-_(int) int", "-_(double) double"], |args| match args {
        [Value::Int(number)] => number.checked_neg().map(Value::Int).ok_or_else(int_overflow),
        [Value::Double(number)] => Ok(Value::Double(-number)),
        _ => Err(Error::no_such_overload()),
    }),
    (
        &[
            "_+_(bytes, bytes) bytes",
            "_+_(double, double) double",
            "_+_(duration, duration) duration",
            "_+_(duration, timestamp) timestamp",
            "_+_(timestamp, duration) timestamp",
            "_+_(int, int) int",
            "_+_(list(A), list(A)) list(A)",
            "_+_(string, string) string",
            "_+_(uint, uint) uint",
        ],
        add,
    ),
    (
        &[
            "_-_(double, double) double",
            "_-_(duration, duration) duration",
            "_-_(int, int) int",
            "_-_(timestamp, duration) timestamp",
            "_-_(timestamp, timestamp) duration",
            "_-_(uint, uint) uint",
        ],
        subtract,
    ),
    (&["_*_(double, double) double", "_*_(int, int) int", "_*_(uint, uint) uint"], |args| match args {
        [Value::Int(a), Value::Int(b)] => a.checked_mul(*b).map(Value::Int).ok_or_else(int_overflow),
        [Value::Uint(a), Value::Uint(b)] => a.checked_mul(*b).map(Value::Uint).ok_or_else(uint_overflow),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a * b)),
        _ => Err(Error::no_such_overload()),
    }),
    (&["_/_(double, double) double", "_/_(int, int) int", "_/_(uint, uint) uint"], |args| match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Error::new("division by zero")),
        [Value::Int(a), Value::Int(b)] => a.checked_div(*b).map(Value::Int).ok_or_else(int_overflow),
        [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(a / b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a / b)),
        _ => Err(Error::no_such_overload()),
    }),
    (&["_%_(int, int) int", "_%_(uint, uint) uint"], |args| match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => Err(Error::new("modulus by zero")),
        [Value::Int(a), Value::Int(b)] => a.checked_rem(*b).map(Value::Int).ok_or_else(int_overflow),
        [Value::Uint(a), Value::Uint(b)] => Ok(Value::Uint(a % b)),
        _ => Err(Error::no_such_overload()),
    }),
    (&["_==_(A, A) bool"], |args| match args {
        [a, b] => equal(a, b).map(Value::Bool),
        _ => Err(Error::no_such_overload()),
    }),
    (&["_!=_(A, A) bool"], |args| match args {
        [a, b] => equal(a, b).map(|equal| Value::Bool(!equal)),
        _ => Err(Error::no_such_overload()),
    }),
    (ordered!("_<_"), |args| order(args, |order| order == Ordering::Less)),
    (ordered!("_<=_"), |args| order(args, |order| order != Ordering::Greater)),
    (ordered!("_>_"), |args| order(args, |order| order == Ordering::Greater)),
    (ordered!("_>=_"), |args| order(args, |order| order != Ordering::Less)),
    (
        &[
            "_[_](list(A), int) A",
            "_[_](map(A, B), A) B",
            "_[_](optional(list(A)), int) optional(A)",
            "_[_](optional(map(A, B)), A) optional(B)",
        ],
        |args| match args {
            [Value::Optional(None), _] => Ok(Value::Optional(None)),
            [Value::Optional(Some(of)), key] => Ok(Value::Optional(find_item(of, key)?.map(Arc::new))),
            [of, key] => find_item(of, key)?.ok_or_else(|| missing(of, key)),
            _ => Err(Error::no_such_overload()),
        },
    ),
    (
        &[
            "_[?_](list(A), int) optional(A)",
            "_[?_](optional(list(A)), int) optional(A)",
            "_[?_](map(A, B), A) optional(B)",
            "_[?_](optional(map(A, B)), A) optional(B)",
        ],
        |args| match args {
            [Value::Optional(None), _] => Ok(Value::Optional(None)),
            [Value::Optional(Some(of)), key] => Ok(Value::Optional(find_item(of, key)?.map(Arc::new))),
            [of, key] => Ok(Value::Optional(find_item(of, key)?.map(Arc::new))),
            _ => Err(Error::no_such_overload()),
        },
    ),
    (&["@in(A, list(A)) bool", "@in(A, map(A, B)) bool"], |args| match args {
        [value, Value::List(list)] => {
            for item in list.iter() {
                if equal(&item?, value)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        [key, Value::Map(map)] => Ok(Value::Bool(map.get(key).is_some())),
        _ => Err(Error::no_such_overload()),
    }),
    (&["size(bytes) int", "size(list(A)) int", "size(map(A, B)) int", "size(string) int"], size),
    (&["(bytes).size() int", "(list(A)).size() int", "(map(A, B)).size() int", "(string).size() int"], size),
    (
        &["cel.@mapInsert(map(A, B), map(A, B)) map(A, B)", "cel.@mapInsert(map(A, B), A, B) map(A, B)"],
        |args| match args {
            [Value::Map(map), entries] => insert(map.clone(), std::slice::from_ref(entries)),
            [Value::Map(map), key, value] => insert(map.clone(), &[key.clone(), value.clone()]),
            _ => Err(Error::no_such_overload()),
        },
    ),
];

fn int_overflow() -> Error {
    Error::new("integer overflow")
}

fn uint_overflow() -> Error {
    Error::new("unsigned integer overflow")
}

fn order<'a>(args: &[Value<'a>], holds: fn(Ordering) -> bool) -> Outcome<'a> {
    let [a, b] = args else { return Err(Error::no_such_overload()) };
    match compare(a, b) {
        Some(order) => Ok(Value::Bool(holds(order))),
        None if is_number(a) && is_number(b) => Ok(Value::Bool(false)),
        None => Err(Error::no_such_overload()),
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_))
}

fn size<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [of @ (Value::String(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_))] => {
            Ok(Value::Int(of.size() as i64))
        }
        _ => Err(Error::no_such_overload()),
    }
}

pub fn add<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(a), Value::Int(b)] => a.checked_add(*b).map(Value::Int).ok_or_else(int_overflow),
        [Value::Uint(a), Value::Uint(b)] => a.checked_add(*b).map(Value::Uint).ok_or_else(uint_overflow),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a + b)),
        [Value::String(a), Value::String(b)] => Ok(Value::string(format!("{}{}", &**a, &**b))),
        [Value::Bytes(a), Value::Bytes(b)] => Ok(Value::Bytes(Arc::from([&**a, &**b].concat()))),
        [Value::List(a), Value::List(b)] => add_lists(a, b),
        [Value::Duration(a), Value::Duration(b)] => time::duration(a.checked_add(*b)),
        [Value::Timestamp(at), Value::Duration(by)] | [Value::Duration(by), Value::Timestamp(at)] => {
            time::shifted(*at, SignedDuration::from_nanos(*by))
        }
        _ => Err(Error::no_such_overload()),
    }
}

/// Items after items. Sets keep one of each value, and a list by keys takes what has the keys of an item in its place.
fn add_lists<'a>(a: &List<'a>, b: &List<'a>) -> Outcome<'a> {
    let mut index = match a.order() {
        declared::Ordering::Atomic => {
            let mut items = a.items()?;
            items.extend(b.items()?);
            return Ok(Value::list(items));
        }
        declared::Ordering::Set => Index::new(),
        declared::Ordering::ByKeys(keys) => Index::by_keys(keys),
    }
    .with(a.items()?)?;
    for item in b.iter() {
        let item = item?;
        match index.find(&item)? {
            Some(place) => index.replace(place, item),
            None => index.push(item)?,
        }
    }
    Ok(Value::list(index.into_items()))
}

fn subtract<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    match args {
        [Value::Int(a), Value::Int(b)] => a.checked_sub(*b).map(Value::Int).ok_or_else(int_overflow),
        [Value::Uint(a), Value::Uint(b)] => a.checked_sub(*b).map(Value::Uint).ok_or_else(uint_overflow),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a - b)),
        [Value::Duration(a), Value::Duration(b)] => time::duration(a.checked_sub(*b)),
        [Value::Timestamp(at), Value::Duration(by)] => time::shifted(*at, -SignedDuration::from_nanos(*by)),
        [Value::Timestamp(a), Value::Timestamp(b)] => {
            time::duration(i64::try_from(a.duration_since(*b).as_nanos()).ok())
        }
        _ => Err(Error::no_such_overload()),
    }
}

/// The item at an index or a key; `None` if there is none.
pub fn find_item<'a>(of: &Value<'a>, key: &Value<'a>) -> Result<Option<Value<'a>>, Error> {
    match of {
        Value::List(list) => {
            let Some(Key::Number(index)) = Key::of(key) else {
                return Err(Error::new(format!("unsupported index type '{}' in list", key.type_name())));
            };
            usize::try_from(index).ok().and_then(|index| list.get(index)).transpose()
        }
        Value::Map(map) => map.get(key).transpose(),
        Value::Optional(Some(of)) => find_item(of, key),
        _ => Ok(None),
    }
}

fn missing(of: &Value, key: &Value) -> Error {
    let shown = key.to_text().unwrap_or_default();
    match of {
        Value::List(_) => Error::new(format!("index out of bounds: {shown}")),
        _ => Error::no_such_key(shown),
    }
}

/// Whether a field is there, as `has()` asks.
pub fn has(of: &Value, field: &str) -> Result<bool, Error> {
    match of {
        Value::Map(map) => map.field(field).map_or(Ok(false), |value| value.map(|_| true)),
        Value::Optional(Some(of)) => has(of, field),
        _ => Ok(false),
    }
}

/// A map with one entry more, or with all entries of another map. Copies only a map that somebody else holds.
pub fn insert<'a>(map: Map<'a>, added: &[Value<'a>]) -> Outcome<'a> {
    let mut entries = match map {
        Map::Made(entries) => entries,
        other => {
            let pairs = other.entries()?.into_iter().filter_map(|(key, value)| Some((Key::of(&key)?, (key, value))));
            Arc::new(pairs.collect())
        }
    };
    let into = Arc::make_mut(&mut entries);
    let added = match added {
        [Value::Map(more)] => more.entries()?,
        [key, value] => vec![(key.clone(), value.clone())],
        _ => return Err(Error::no_such_overload()),
    };
    for (key, value) in added {
        let Some(known) = Key::of(&key) else {
            return Err(Error::new(format!("unsupported key type: {}", key.type_name())));
        };
        if into.contains_key(&known) {
            return Err(Error::new(format!("insert failed: key {known} already exists")));
        }
        into.insert(known, (key, value));
    }
    Ok(Value::Map(Map::Made(entries)))
}
