//! What type checking knows of objects: their fields, as the API documents tell them.

use std::sync::Arc;

use crate::{
    cel::{Declared, Ordering, Shape},
    kinds::Kind,
    schema::{self, Form, ObjectType, Type},
    validations::declare,
};

const METADATA: &str = "apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// What objects of a kind are.
pub fn declared(kind: &Kind) -> Arc<Declared> {
    let name = &*kind.gvk.kind;
    let object = kind.schema();
    let mut walk = Walk { within: Vec::new() };
    let mut fields = if object.is_structural() { of_custom(object, name) } else { walk.fields(object, name) };
    fields.retain(|(name, _)| !["kind", "apiVersion"].contains(&name.as_str()));
    fields.extend(["kind", "apiVersion"].map(|name| (name.to_owned(), Arc::new(Declared::string(None)))));
    if let (true, Some(metadata)) = (object.is_structural(), schema::built_in(METADATA)) {
        fields.retain(|(name, _)| name != "metadata");
        let metadata = Declared::object(&format!("{name}.metadata"), walk.fields(metadata, name), &[]);
        fields.push(("metadata".to_owned(), Arc::new(metadata)));
    }
    Arc::new(Declared::object(name, fields, &[]))
}

fn of_custom(object: &ObjectType, name: &str) -> Vec<(String, Arc<Declared>)> {
    let declared = |field: &schema::Field| {
        declare(&field.ty, &format!("{name}.{}", field.name)).map(|of| (field.name.to_string(), of))
    };
    object.fields().iter().filter_map(declared).collect()
}

struct Walk {
    /// The types that the present one is in. A type within itself is an object of which nothing is known.
    within: Vec<String>,
}

impl Walk {
    fn fields(&mut self, object: &ObjectType, name: &str) -> Vec<(String, Arc<Declared>)> {
        self.within.push(object.name.to_string());
        let declared = |field: &schema::Field| {
            let of = self.value(&field.ty, &format!("{name}.{}", field.name))?;
            Some((field.name.to_string(), Arc::new(of)))
        };
        let fields = object.fields().iter().filter_map(declared).collect();
        self.within.pop();
        fields
    }

    /// What a value is; `None` if the documents do not give it a type, such as a quantity, which may be a text or a number.
    fn value(&mut self, ty: &Type, name: &str) -> Option<Declared> {
        Some(match &ty.form {
            Form::String | Form::Duration => Declared::string(None),
            Form::Bool => Declared::of(Shape::Bool),
            Form::Int32 | Form::Int64 => Declared::of(Shape::Int),
            Form::Double => Declared::of(Shape::Double),
            Form::Bytes => Declared::of(Shape::Bytes),
            Form::Time | Form::MicroTime => Declared::of(Shape::Timestamp),
            Form::IntOrString => Declared::of(Shape::Dyn),
            Form::Any => Declared::object(name, Vec::new(), &[]),
            Form::Quantity | Form::Either(_) => return None,
            Form::Object(object) if self.within.iter().any(|known| **known == *object.name) => {
                Declared::object(name, Vec::new(), &[])
            }
            Form::Object(object) => Declared::object(name, self.fields(object, name), &[]),
            Form::Map(values) => Declared::map(Arc::new(self.value(values, &format!("{name}.@elem"))?), None),
            Form::List(list) => {
                let items = self.value(&list.items, &format!("{name}.@idx"))?;
                Declared::list(Arc::new(items), Ordering::Atomic, None)
            }
        })
    }
}
