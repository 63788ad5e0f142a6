//! Lists, maps and objects that expressions make.

use cel::common::ast::{EntryExpr, IdedExpr, ListExpr, MapExpr, StructExpr};

use super::{Checker, unwrap_optional};
use crate::cel::check::unify::more_general;
use crate::cel::types::Type;

impl Checker<'_> {
    pub(super) fn list(&mut self, list: &ListExpr) -> Type {
        let mut items = None;
        for (index, element) in list.elements.iter().enumerate() {
            let mut of = self.check(element);
            if list.optional_indices.contains(&index) {
                of = self.optional_entry(element, of);
            }
            items = Some(self.join(items, of));
        }
        Type::list(items.unwrap_or_else(|| self.unknown()))
    }

    pub(super) fn map(&mut self, map: &MapExpr) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            let key = self.check(&entry.key);
            keys = Some(self.join(keys, key));
            let mut value = self.check(&entry.value);
            if entry.optional {
                value = self.optional_entry(&entry.value, value);
            }
            values = Some(self.join(values, value));
        }
        let (keys, values) = (keys.unwrap_or_else(|| self.unknown()), values.unwrap_or_else(|| self.unknown()));
        Type::map(keys, values)
    }

    pub(super) fn object(&mut self, node: &IdedExpr, object: &StructExpr) -> Type {
        let name = object.type_name.trim_start_matches('.');
        let of = self.environment.object(name);
        if of.is_none() {
            self.undeclared(node.id, &object.type_name);
        }
        for entry in &object.entries {
            let EntryExpr::StructField(field) = &entry.expr else { continue };
            let mut value = self.check(&field.value);
            if field.optional {
                value = self.optional_entry(&field.value, value);
            }
            let Some(of) = &of else { continue };
            if let Some(problem) = self.field_problem(&of.name, &field.field, &value) {
                self.report(entry.id, problem);
            }
        }
        of.map_or(Type::Error, Type::Object)
    }

    /// What is wrong with a field of an object that is made.
    fn field_problem(&mut self, object: &str, field: &str, value: &Type) -> Option<String> {
        if self.environment.is_open(object) {
            return None;
        }
        let wanted = self.environment.object(object)?.fields.get(field).map(|field| field.declared.to_type());
        let fits = wanted.as_ref().is_some_and(|wanted| self.bindings.assign(wanted, value));
        if fits {
            return None;
        }
        let wanted = wanted.map_or_else(String::new, |wanted| wanted.to_string());
        let value = self.shown(value);
        Some(format!("expected type of field '{field}' is '{wanted}' but provided type is '{value}'"))
    }

    fn unknown(&mut self) -> Type {
        Type::Param(self.bindings.fresh(1))
    }

    /// What is inside an optional element; anything else than an optional or `dyn` is a mistake.
    fn optional_entry(&mut self, element: &IdedExpr, of: Type) -> Type {
        let (inside, is_optional) = unwrap_optional(&self.bindings.substitute(&of, false));
        if !is_optional && !inside.is_dyn() {
            self.mismatch(element.id, &Type::optional(inside.clone()), &inside);
        }
        inside
    }

    /// The type of elements so far and of one more. Whether they must be the same is checked later, with the literals.
    fn join(&mut self, before: Option<Type>, now: Type) -> Type {
        match before {
            None => now,
            Some(before) if self.bindings.assign(&before, &now) => more_general(before, now),
            Some(_) => Type::Dyn,
        }
    }
}
