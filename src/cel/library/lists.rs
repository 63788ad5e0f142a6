//! Functions of lists.

use std::cmp::Ordering;

use super::Row;
use crate::cel::error::Error;
use crate::cel::value::{Index, List, Value, compare, equal};

type Outcome<'a> = Result<Value<'a>, Error>;

/// The longest list that `lists.range` makes, which costs nothing by itself.
const LONGEST_RANGE: i64 = 1_000_000;

/// The types that have an order.
macro_rules! sortable {
    ($name:literal) => {
        &[
            concat!("(list(int)).", $name, "() int"),
            concat!("(list(uint)).", $name, "() uint"),
            concat!("(list(double)).", $name, "() double"),
            concat!("(list(bool)).", $name, "() bool"),
            concat!("(list(duration)).", $name, "() duration"),
            concat!("(list(timestamp)).", $name, "() timestamp"),
            concat!("(list(string)).", $name, "() string"),
            concat!("(list(bytes)).", $name, "() bytes"),
        ]
    };
}

pub const FUNCTIONS: &[Row] = &[
    (
        &[
            "(list(int)).isSorted() bool",
            "(list(uint)).isSorted() bool",
            "(list(double)).isSorted() bool",
            "(list(bool)).isSorted() bool",
            "(list(duration)).isSorted() bool",
            "(list(timestamp)).isSorted() bool",
            "(list(string)).isSorted() bool",
            "(list(bytes)).isSorted() bool",
        ],
        |args| {
            let items = items(args)?;
            let mut sorted = true;
            for pair in items.windows(2) {
                let order = compare(&pair[0], &pair[1]).ok_or_else(Error::no_such_overload)?;
                sorted &= order != Ordering::Greater;
            }
            Ok(Value::Bool(sorted))
        },
    ),
    (
        &[
            "(list(int)).sum() int",
            "(list(uint)).sum() uint",
            "(list(double)).sum() double",
            "(list(duration)).sum() duration",
        ],
        |args| {
            let mut items = items(args)?.into_iter();
            let Some(first) = items.next() else { return Ok(Value::Int(0)) };
            items.try_fold(first, |sum, item| super::operators::add(&[sum, item]))
        },
    ),
    (sortable!("min"), |args| extreme(args, "min", Ordering::Less)),
    (sortable!("max"), |args| extreme(args, "max", Ordering::Greater)),
    (&["(list(A)).distinct() list(A)"], |args| distinct(items(args)?)),
    (&["(list(A)).reverse() list(A)"], |args| {
        let mut items = items(args)?;
        items.reverse();
        Ok(Value::list(items))
    }),
    (
        &[
            "(list(int)).sort() list(int)",
            "(list(uint)).sort() list(uint)",
            "(list(double)).sort() list(double)",
            "(list(bool)).sort() list(bool)",
            "(list(duration)).sort() list(duration)",
            "(list(timestamp)).sort() list(timestamp)",
            "(list(string)).sort() list(string)",
            "(list(bytes)).sort() list(bytes)",
        ],
        |args| {
            let items = items(args)?;
            let keys = items.clone();
            sorted(items, keys)
        },
    ),
    (
        &[
            "(list(A)).@sortByAssociatedKeys(list(int)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(uint)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(double)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(bool)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(duration)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(timestamp)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(string)) list(A)",
            "(list(A)).@sortByAssociatedKeys(list(bytes)) list(A)",
        ],
        |args| match args {
            [Value::List(list), Value::List(keys)] => sorted(list.items()?, keys.items()?),
            _ => Err(Error::no_such_overload()),
        },
    ),
    (&["(list(A)).slice(int, int) list(A)"], |args| match args {
        [Value::List(list), Value::Int(start), Value::Int(end)] => slice(list, *start, *end),
        _ => Err(Error::no_such_overload()),
    }),
    (&["(list(list(A))).flatten() list(A)", "(list(dyn)).flatten(int) list(dyn)"], |args| match args {
        [Value::List(list)] => flatten(list, 1),
        [Value::List(_), Value::Int(level)] if *level < 0 => Err(Error::new("level must be non-negative")),
        [Value::List(list), Value::Int(level)] => flatten(list, *level),
        _ => Err(Error::no_such_overload()),
    }),
    (&["lists.range(int) list(int)"], |args| match args {
        [Value::Int(end)] if *end > LONGEST_RANGE => {
            Err(Error::new(format!("lists.range({end}) is longer than {LONGEST_RANGE} items")))
        }
        [Value::Int(end)] => Ok(Value::list((0..*end).map(Value::Int).collect())),
        _ => Err(Error::no_such_overload()),
    }),
];

/// Functions that take lists as sets.
pub const OF_SETS: &[Row] = &[
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

fn items<'a>(args: &[Value<'a>]) -> Result<Vec<Value<'a>>, Error> {
    match args {
        [Value::List(list)] => list.items(),
        _ => Err(Error::no_such_overload()),
    }
}

fn extreme<'a>(args: &[Value<'a>], name: &str, wanted: Ordering) -> Outcome<'a> {
    let mut items = items(args)?.into_iter();
    let Some(mut best) = items.next() else { return Err(Error::new(format!("{name} called on empty list"))) };
    for item in items {
        if compare(&item, &best).ok_or_else(Error::no_such_overload)? == wanted {
            best = item;
        }
    }
    Ok(best)
}

/// `indexOf` of lists.
pub fn index_of<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    position(args, |list| Box::new(0..list.len()))
}

/// `lastIndexOf` of lists.
pub fn last_index_of<'a>(args: &[Value<'a>]) -> Outcome<'a> {
    position(args, |list| Box::new((0..list.len()).rev()))
}

fn position<'a>(args: &[Value<'a>], indices: fn(&List) -> Box<dyn Iterator<Item = usize>>) -> Outcome<'a> {
    let [Value::List(list), wanted] = args else { return Err(Error::no_such_overload()) };
    for index in indices(list) {
        if let Some(item) = list.get(index)
            && equal(&item?, wanted)?
        {
            return Ok(Value::Int(index as i64));
        }
    }
    Ok(Value::Int(-1))
}

/// Each value once, where it first stands.
fn distinct<'a>(items: Vec<Value<'a>>) -> Outcome<'a> {
    let mut kept = Index::new();
    for item in items {
        if kept.find(&item)?.is_none() {
            kept.push(item)?;
        }
    }
    Ok(Value::list(kept.into_items()))
}

fn sorted<'a>(items: Vec<Value<'a>>, keys: Vec<Value<'a>>) -> Outcome<'a> {
    if items.len() != keys.len() {
        return Err(Error::new(format!(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {} and {} \
             elements respectively",
            items.len(),
            keys.len()
        )));
    }
    if let Some(first) = keys.first() {
        for key in &keys {
            if compare(first, key).is_none() || first.type_name() != key.type_name() {
                return Err(Error::new("list elements must have the same type"));
            }
        }
    }
    let mut pairs: Vec<_> = keys.into_iter().zip(items).collect();
    pairs.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
    Ok(Value::list(pairs.into_iter().map(|(_, item)| item).collect()))
}

fn slice<'a>(list: &List<'a>, start: i64, end: i64) -> Outcome<'a> {
    let length = list.len();
    let refuse = |why: String| Err(Error::new(format!("cannot slice({start}, {end}), {why}")));
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return refuse("negative indexes not supported".to_owned());
    };
    if from > to {
        return refuse("start index must be less than or equal to end index".to_owned());
    }
    if to > length {
        return refuse(format!("list is length {length}"));
    }
    (from..to).filter_map(|index| list.get(index)).collect::<Result<Vec<_>, _>>().map(Value::list)
}

fn flatten<'a>(list: &List<'a>, levels: i64) -> Outcome<'a> {
    let mut flat = list.items()?;
    for _ in 0..levels {
        if !flat.iter().any(|item| matches!(item, Value::List(_))) {
            break;
        }
        let mut next = Vec::with_capacity(flat.len());
        for item in flat {
            match item {
                Value::List(inner) => next.extend(inner.items()?),
                other => next.push(other),
            }
        }
        flat = next;
    }
    Ok(Value::list(flat))
}

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
