//! Structural schemas of custom kinds, as OpenAPI shows them again.

use serde_json::{Map, Number, Value, json};

use super::{
    Dialect,
    parts::{component_of, extend, kinds, merging, reference_to},
};
use crate::schema::{Form, Nested, ObjectType, Range, Rules, Text, Type};

/// The schema of an object.
pub fn object(object: &ObjectType, dialect: Dialect) -> Value {
    let mut schema = Map::new();
    members_of(&mut schema, object, dialect);
    if let Some(rules) = &object.rules {
        show_rules(&mut schema, rules, dialect);
    }
    if !object.gvks.is_empty() {
        schema.insert("x-kubernetes-group-version-kind".into(), kinds(object));
    }
    schema.into()
}

fn ty(ty: &Type, dialect: Dialect) -> Value {
    let mut schema = Map::new();
    match &ty.form {
        // OpenAPI v2 knows no values that are null or of more than one type, and clients would drop unknown members.
        _ if dialect == Dialect::V2 && ty.nullable => {}
        Form::Object(object) if object.is_structural() => members_of(&mut schema, object, dialect),
        Form::Map(values) => {
            schema.insert("type".into(), "object".into());
            schema.insert("additionalProperties".into(), self::ty(values, dialect));
        }
        Form::List(list) => {
            schema.insert("type".into(), "array".into());
            schema.insert("items".into(), self::ty(&list.items, dialect));
        }
        Form::Any => {
            schema.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
        }
        Form::IntOrString => {
            schema.insert("x-kubernetes-int-or-string".into(), true.into());
        }
        Form::Bool => extend(&mut schema, json!({"type": "boolean"})),
        Form::Int32 | Form::Int64 => extend(&mut schema, json!({"type": "integer"})),
        Form::Double => extend(&mut schema, json!({"type": "number"})),
        _ => match component_of(ty) {
            Some(component) if dialect == Dialect::V2 => return reference_to(&component, dialect),
            Some(component) => extend(&mut schema, json!({"allOf": [reference_to(&component, dialect)]})),
            None => extend(&mut schema, json!({"type": "string"})),
        },
    }
    if let Some(format) = &ty.format {
        schema.insert("format".into(), json!(format));
    }
    if ty.nullable && dialect == Dialect::V3 {
        schema.insert("nullable".into(), true.into());
    }
    if let (Some(default), Dialect::V3) = (&ty.default, dialect) {
        schema.insert("default".into(), Value::clone(default));
    }
    if let Some(rules) = ty.rules().filter(|_| ty.object().is_none_or(ObjectType::is_structural)) {
        show_rules(&mut schema, rules, dialect);
    }
    merging(&mut schema, ty);
    schema.into()
}

fn members_of(schema: &mut Map<String, Value>, object: &ObjectType, dialect: Dialect) {
    let is_open = object.preserves_unknown;
    schema.insert("type".into(), "object".into());
    if !object.fields().is_empty() && (!is_open || dialect == Dialect::V3) {
        let fields = object.fields().iter();
        let properties: Map<String, Value> =
            fields.map(|field| (field.name.to_string(), ty(&field.ty, dialect))).collect();
        schema.insert("properties".into(), properties.into());
    }
    if !object.required.is_empty() {
        schema.insert("required".into(), json!(object.required));
    }
    if is_open {
        schema.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
    }
    if object.embedded_resource {
        schema.insert("x-kubernetes-embedded-resource".into(), true.into());
    }
}

fn show_rules(schema: &mut Map<String, Value>, rules: &Rules, dialect: Dialect) {
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema.insert(name.to_owned(), value);
        }
    };
    put("title", rules.title.clone().map(Value::from));
    put("description", rules.description.clone().map(Value::from));
    put("enum", (!rules.enumeration.is_empty()).then(|| json!(rules.enumeration)));
    put("pattern", rules.pattern.clone().map(Value::from));
    let bounds = [("minimum", "exclusiveMinimum", &rules.minimum), ("maximum", "exclusiveMaximum", &rules.maximum)];
    for (name, exclusive, bound) in bounds {
        put(name, bound.as_ref().map(|bound| bound.value.clone().into()));
        put(exclusive, bound.as_ref().filter(|bound| bound.exclusive).map(|_| true.into()));
    }
    put("multipleOf", rules.multiple_of.clone().map(|number: Number| number.into()));
    let counts: [(&str, &str, Range); 3] = [
        ("minLength", "maxLength", rules.length),
        ("minItems", "maxItems", rules.items),
        ("minProperties", "maxProperties", rules.properties),
    ];
    for (min, max, range) in counts {
        put(min, range.min.map(Value::from));
        put(max, range.max.map(Value::from));
    }
    put("uniqueItems", rules.unique_items.then(|| true.into()));
    put("x-kubernetes-validations", (!rules.validations.is_empty()).then(|| json!(rules.validations)));
    for (name, value) in &rules.others {
        put(name, Some(value.clone()));
    }
    if dialect == Dialect::V3 {
        let all = |schemas: &[Nested]| (!schemas.is_empty()).then(|| schemas.iter().map(nested).collect());
        put("allOf", all(&rules.all_of));
        put("anyOf", all(&rules.any_of));
        put("oneOf", all(&rules.one_of));
        put("not", rules.not.as_deref().map(nested));
    }
}

fn nested(nested: &Nested) -> Value {
    let mut schema = Map::new();
    let text = |text: &Option<Text>| text.as_ref().map(|text| json!(text));
    let properties = nested.properties.iter().map(|(name, below)| (name.to_string(), self::nested(below)));
    let members = [
        ("type", text(&nested.ty)),
        ("format", text(&nested.format)),
        ("required", (!nested.required.is_empty()).then(|| json!(nested.required))),
        ("properties", (!nested.properties.is_empty()).then(|| properties.collect())),
        ("additionalProperties", nested.values.as_deref().map(self::nested)),
        ("items", nested.items.as_deref().map(self::nested)),
    ];
    schema.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    show_rules(&mut schema, &nested.rules, Dialect::V3);
    schema.into()
}
