//! Equality: lists are compared by their list type, and numbers by what they mean. An `Index` finds items of a list that
//! are equal, or have equal keys, without comparing each with each.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{List, Map, Value, compare::numbers};
use crate::cel::declared;
use crate::cel::error::Error;

/// Whether two values are the same; values of different kinds are not.
pub fn equal(a: &Value, b: &Value) -> Result<bool, Error> {
    Ok(match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => **a == **b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a.bare_name() == b.bare_name(),
        (Value::Library(a), Value::Library(b)) => a == b,
        (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Optional(Some(a)), Value::Optional(Some(b))) => equal(a, b)?,
        (Value::List(a), Value::List(b)) => equal_lists(a, b)?,
        (Value::Map(a), Value::Map(b)) => equal_maps(a, b)?,
        _ => numbers(a, b) == Some(Ordering::Equal),
    })
}

/// The items of a list, and where each stands.
pub struct Index<'a> {
    items: Vec<Value<'a>>,
    by_hash: HashMap<u64, Vec<usize>>,
    /// The fields that identify an item, by their names in expressions; the whole item without them.
    keys: Option<Vec<String>>,
}

impl<'a> Index<'a> {
    /// An empty list, whose items are found as a whole.
    pub fn new() -> Index<'a> {
        Index { items: Vec::new(), by_hash: HashMap::new(), keys: None }
    }

    /// An empty list, whose items are found by fields.
    pub fn by_keys(keys: &[String]) -> Index<'a> {
        let names = keys.iter().map(|key| crate::cel::escape(key).unwrap_or_else(|| key.clone()));
        Index { keys: Some(names.collect()), ..Index::new() }
    }

    /// The list with these items too.
    pub fn with(mut self, items: Vec<Value<'a>>) -> Result<Index<'a>, Error> {
        for item in items {
            self.push(item)?;
        }
        Ok(self)
    }

    pub fn push(&mut self, item: Value<'a>) -> Result<(), Error> {
        self.by_hash.entry(self.hash(&item)?).or_default().push(self.items.len());
        self.items.push(item);
        Ok(())
    }

    /// Puts an item in the place of one that has the same keys.
    pub fn replace(&mut self, place: usize, item: Value<'a>) {
        self.items[place] = item;
    }

    /// The place of the first item that is equal, or has equal keys.
    pub fn find(&self, item: &Value) -> Result<Option<usize>, Error> {
        let Some(places) = self.by_hash.get(&self.hash(item)?) else { return Ok(None) };
        for place in places {
            if self.is_same(&self.items[*place], item)? {
                return Ok(Some(*place));
            }
        }
        Ok(None)
    }

    pub fn get(&self, place: usize) -> &Value<'a> {
        &self.items[place]
    }

    pub fn items(&self) -> &[Value<'a>] {
        &self.items
    }

    pub fn into_items(self) -> Vec<Value<'a>> {
        self.items
    }

    fn is_same(&self, a: &Value, b: &Value) -> Result<bool, Error> {
        let Some(keys) = &self.keys else { return equal(a, b) };
        let (Value::Map(a), Value::Map(b)) = (a, b) else { return Ok(false) };
        for key in keys {
            let is_same = match (a.field(key), b.field(key)) {
                (Some(a), Some(b)) => equal(&a?, &b?)?,
                (None, None) => true,
                _ => false,
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn hash(&self, item: &Value) -> Result<u64, Error> {
        let (Some(keys), Value::Map(item)) = (&self.keys, item) else { return hash(item) };
        let mut all = 0u64;
        for key in keys {
            let one = item.field(key).transpose()?.as_ref().map_or(Ok(0), hash)?;
            all = all.wrapping_mul(31).wrapping_add(one);
        }
        Ok(all)
    }
}

fn equal_lists(a: &List, b: &List) -> Result<bool, Error> {
    if a.len() != b.len() {
        return Ok(false);
    }
    match a.order() {
        declared::Ordering::Atomic => {
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(&a?, &b?)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        declared::Ordering::Set => {
            let (a, b) = (Index::new().with(a.items()?)?, Index::new().with(b.items()?)?);
            Ok(is_within(&a, &b)? && is_within(&b, &a)?)
        }
        declared::Ordering::ByKeys(keys) => {
            let others = Index::by_keys(keys).with(b.items()?)?;
            for item in a.iter() {
                let item = item?;
                match others.find(&item)? {
                    Some(place) if equal(&item, others.get(place))? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
    }
}

/// Whether each of `some` is one of `all`.
fn is_within(some: &Index, all: &Index) -> Result<bool, Error> {
    for item in some.items() {
        if all.find(item)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps(a: &Map, b: &Map) -> Result<bool, Error> {
    let made = |map: &Map| if let Map::Named(object, _) = map { Some(object.name.clone()) } else { None };
    if a.len() != b.len() || made(a) != made(b) {
        return Ok(false);
    }
    for (key, value) in a.entries()? {
        let Some(other) = b.get(&key) else { return Ok(false) };
        if !equal(&value, &other?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A number that equal values share.
fn hash(value: &Value) -> Result<u64, Error> {
    Ok(match value {
        Value::Null => 1,
        Value::Bool(value) => of(value),
        Value::Int(number) => of_number(*number as f64),
        Value::Uint(number) => of_number(*number as f64),
        Value::Double(number) => of_number(*number),
        Value::String(text) => of(&**text),
        Value::Bytes(bytes) => of(bytes),
        Value::Timestamp(at) => of(at),
        Value::Duration(nanos) => of(nanos),
        // Sets are equal in any order.
        Value::List(list) => {
            let mut all = of(&list.len());
            for item in list.iter() {
                all = all.wrapping_add(hash(&item?)?);
            }
            all
        }
        Value::Map(map) => of_map(map)?,
        Value::Optional(None) => 2,
        Value::Optional(Some(inside)) => hash(inside)?.wrapping_add(3),
        Value::Type(of_value) => of(&of_value.bare_name()),
        Value::Library(library) => of(&library.kind().name()),
    })
}

fn of_map(map: &Map) -> Result<u64, Error> {
    let mut all = of(&map.len());
    for (key, value) in map.entries()? {
        all = all.wrapping_add(hash(&key)?.rotate_left(17) ^ hash(&value)?);
    }
    Ok(all)
}

/// Numbers of different types may be equal; so may both zeros.
fn of_number(number: f64) -> u64 {
    of(&(number + 0.0).to_bits())
}

fn of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
