//! CEL's view of the type tree: what `self` and everything in it are.

use std::sync::Arc;

use crate::{
    cel::{Declared, LARGEST_REQUEST, Ordering, Shape},
    schema::{Form, List, ListKind, ObjectType, Type},
};

/// The most bytes of a duration, a time and a day in JSON.
const LONGEST_DURATION: u64 = 32;
const LONGEST_TIME: u64 = 30;
const LONGEST_DAY: u64 = 12;

/// What a value of this type is; `None` if expressions cannot reach it, as nothing is known of it. Types inside are named
/// after `name`.
pub fn declare(ty: &Type, name: &str) -> Option<Arc<Declared>> {
    let declared = match &ty.form {
        Form::IntOrString => Declared::of(Shape::Dyn).with_max_size(LARGEST_REQUEST - 2),
        Form::String | Form::Bytes | Form::Time | Form::MicroTime | Form::Duration | Form::Quantity => text(ty),
        Form::Bool => Declared::of(Shape::Bool),
        Form::Int32 | Form::Int64 => Declared::of(Shape::Int),
        Form::Double => Declared::of(Shape::Double),
        Form::Object(object) => return Some(declare_object(object, object.embedded_resource, name)),
        Form::Map(values) => {
            Declared::map(declare(values, &format!("{name}.@elem"))?, most(ty, |of| of.properties.max))
        }
        Form::List(list) => {
            let items = declare(&list.items, &format!("{name}.@idx"))?;
            Declared::list(items, order(list), most(ty, |of| of.items.max))
        }
        Form::Any | Form::Either(_) => return None,
    };
    Some(Arc::new(declared))
}

/// What an object of this type is. Of a whole resource everybody knows `apiVersion`, `kind`, and its names.
pub fn declare_object(object: &ObjectType, is_resource: bool, name: &str) -> Arc<Declared> {
    let fields = object
        .fields()
        .iter()
        .filter_map(|field| Some((field.name.to_string(), declare(&field.ty, &format!("{name}.{}", field.name))?)));
    let mut fields: Vec<(String, Arc<Declared>)> = fields.collect();
    if is_resource {
        fields.retain(|(name, _)| !["apiVersion", "kind", "metadata"].contains(&name.as_str()));
        let text = || Arc::new(Declared::string(None));
        let names = vec![("name".to_owned(), text()), ("generateName".to_owned(), text())];
        let metadata = Declared::object(&format!("{name}.metadata"), names, &[]);
        fields.push(("metadata".to_owned(), Arc::new(metadata)));
        fields.extend(["apiVersion", "kind"].map(|name| (name.to_owned(), text())));
    }
    let has_default = |name: &str| object.field(name).is_some_and(|field| field.ty.default.is_some());
    let required = object.required.iter().filter(|name| !has_default(name));
    let required: Vec<String> = required.map(ToString::to_string).collect();
    Arc::new(Declared::object(name, fields, &required))
}

/// A string, or what its format says.
fn text(ty: &Type) -> Declared {
    let limit = most(ty, |of| of.length.max);
    match ty.format.as_deref() {
        Some("byte") => Declared::of(Shape::Bytes).with_max_size(limit.unwrap_or(LARGEST_REQUEST - 2)),
        Some("duration") => Declared::of(Shape::Duration).with_max_size(LONGEST_DURATION),
        Some("date") => Declared::of(Shape::Date).with_max_size(LONGEST_DAY),
        Some("date-time") => Declared::of(Shape::Timestamp).with_max_size(LONGEST_TIME),
        _ => {
            let listed = ty.rules().map(|of| of.enumeration.as_slice()).unwrap_or_default();
            match listed.iter().filter_map(|value| value.as_str()).map(str::len).max() {
                Some(longest) if limit.is_none() => Declared::string(None).with_max_size(longest as u64),
                _ => Declared::string(limit),
            }
        }
    }
}

/// A bound of the schema; negative ones allow nothing.
pub fn most(ty: &Type, bound: fn(&crate::schema::Rules) -> Option<i64>) -> Option<u64> {
    ty.rules().and_then(bound).map(|most| u64::try_from(most).unwrap_or_default())
}

fn order(list: &List) -> Ordering {
    match list.kind {
        Some(ListKind::Set) => Ordering::Set,
        Some(ListKind::Map) => Ordering::ByKeys(list.keys.iter().map(ToString::to_string).collect()),
        Some(ListKind::Atomic) | None => Ordering::Atomic,
    }
}
