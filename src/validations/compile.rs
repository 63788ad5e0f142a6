//! Compiles the rules of a whole schema, and finds everything that is wrong with them.

use std::sync::Arc;

use super::{Node, Validations, cost::Costs, declare, field_path, rule, rule::Rule};
use crate::{
    cel::{Declared, Environment, Shape, cost::excess},
    object::{FieldError, FieldErrors, Path},
    schema::{Form, List, ListKind, Nested, ObjectRef, ObjectType, Rules, Type, Validation},
};

/// The name of the root's type in CEL.
const ROOT: &str = "selfType";

/// Compiles the rules of a kind's objects. The schema is at `path`.
pub fn compile(object: &ObjectRef, path: &Path) -> (Validations, FieldErrors) {
    let mut compiler = Compiler { costs: Costs::default(), errors: FieldErrors::new() };
    let ty = Type::new(Form::Object(object.clone()));
    let root = compiler.node(&ty, &Place { path: path.clone(), name: ROOT.to_owned(), ..Place::default() });
    let Compiler { costs, mut errors } = compiler;
    errors.extend(costs.errors(path));
    (Validations { root, cost: costs.total() }, errors)
}

struct Compiler {
    costs: Costs,
    errors: FieldErrors,
}

/// Where in a schema the compiler is.
#[derive(Clone)]
struct Place {
    path: Path,
    /// The name of the type in CEL.
    name: String,
    /// How many such values an object can have; `None` if nothing limits them.
    count: Option<u64>,
    /// The outermost list or map around whose members have no old values.
    uncorrelated: Option<Path>,
    is_root: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { path: Path::default(), name: String::new(), count: Some(1), uncorrelated: None, is_root: true }
    }
}

impl Place {
    fn inside(&self, path: Path, name: &str) -> Self {
        Self { path, name: format!("{}.{name}", self.name), is_root: false, ..self.clone() }
    }

    /// The place of the members of a list or map, of which there are at most `count`.
    fn of_members(&self, path: Path, name: &str, count: Option<u64>) -> Self {
        let count = self.count.zip(count).map(|(a, b)| a.saturating_mul(b));
        Self { count, ..self.inside(path, name) }
    }

    /// The place, if old values are found there; otherwise rules cannot use them.
    fn correlated(self, is_correlated: bool, around: &Path) -> Self {
        let uncorrelated = self.uncorrelated.or_else(|| (!is_correlated).then(|| around.clone()));
        Self { uncorrelated, ..self }
    }
}

impl Compiler {
    /// The rules of a value and of what is in it; `None` without any.
    fn node(&mut self, ty: &Type, place: &Place) -> Option<Node> {
        let mut node = Node { atomic: ty.is_atomic(), ..Node::of(type_name(ty)) };
        match &ty.form {
            Form::Object(object) => self.properties(object, place, &mut node),
            Form::Map(values) => {
                let count = declare::most(ty, |of| of.properties.max);
                let inside = place.of_members(place.path.child("additionalProperties"), "@elem", count);
                let inside = inside.correlated(!ty.is_atomic(), &place.path);
                node.values = self.node(values, &inside).map(Box::new);
            }
            Form::List(list) => {
                let count = declare::most(ty, |of| of.items.max);
                let inside = place.of_members(place.path.child("items"), "@idx", count);
                let inside = inside.correlated(list.kind == Some(ListKind::Map), &place.path);
                node.items = self.node(&list.items, &inside).map(Box::new);
                node.keys = keys(list);
            }
            _ => {}
        }
        self.rules(ty, place, &mut node);
        let is_empty =
            node.rules.is_empty() && node.properties.is_empty() && node.values.is_none() && node.items.is_none();
        (!is_empty).then_some(node)
    }

    fn properties(&mut self, object: &ObjectType, place: &Place, node: &mut Node) {
        for field in object.fields() {
            let at = Path::new(&format!("{}.properties[{}]", place.path, field.name));
            let inside = place.inside(at, &field.name).correlated(!object.atomic, &place.path);
            let found = match field.ty.rules.as_deref().filter(|_| place.is_root && field.name == "metadata") {
                Some(restrictions) => self.metadata(restrictions, &inside),
                None if field.ty.object().is_some_and(|object| !object.is_structural()) => None,
                None => self.node(&field.ty, &inside),
            };
            node.properties.extend(found.map(|found| (field.name.clone(), found)));
        }
        node.properties.sort_by(|a, b| a.0.cmp(&b.0));
    }

    /// The names in the metadata, which a schema may restrict.
    fn metadata(&mut self, restrictions: &Rules, place: &Place) -> Option<Node> {
        let mut node = Node::of("object");
        for (name, Nested { format, rules, .. }) in restrictions.all_of.iter().flat_map(|nested| &nested.properties) {
            let mut ty = Type::new(Form::String);
            ty.format = format.clone();
            ty.rules = Some(Box::new(rules.clone()));
            let at = Path::new(&format!("{}.properties[{name}]", place.path));
            node.properties.extend(self.node(&ty, &place.inside(at, name)).map(|found| (name.clone(), found)));
        }
        node.properties.sort_by(|a, b| a.0.cmp(&b.0));
        (!node.properties.is_empty()).then_some(node)
    }

    fn rules(&mut self, ty: &Type, place: &Place, node: &mut Node) {
        let validations = ty.rules().map(|of| of.validations.as_slice()).unwrap_or_default();
        if validations.is_empty() {
            return;
        }
        let path = |index: usize| place.path.child("x-kubernetes-validations").index(index);
        let fields: Vec<_> = validations.iter().map(|rule| field_path::parse(&rule.field_path, ty)).collect();
        for (index, rule) in validations.iter().enumerate() {
            self.errors.extend(rule::errors(rule, &path(index), fields[index].is_some()));
        }
        let declared = match ty.object() {
            Some(object) => {
                let is_resource = place.is_root || object.embedded_resource;
                Some(declare::declare_object(object, is_resource, &place.name))
            }
            None => declare::declare(ty, &place.name),
        };
        let Some(declared) = declared else {
            let why = "internal error: failed to construct type information for x-kubernetes-validations rules: \
                       unable to convert structural schema to CEL declarations";
            self.errors.push(FieldError::internal(&place.path.child("x-kubernetes-validations"), why));
            return;
        };
        for (index, (rule, field)) in validations.iter().zip(fields).enumerate() {
            if rule.rule.trim().is_empty() {
                continue;
            }
            let environment = environment(&declared, rule);
            let mut errors = FieldErrors::new();
            let compiled = Rule::compile(rule, &environment, field, &path(index), &mut errors);
            if let Some(compiled) = &compiled {
                self.costs(compiled, &declared, place, &path(index));
            }
            self.errors.append(&mut errors);
            if let Some(compiled) = compiled {
                self.old_values(&compiled, rule, place, &path(index));
                node.rules.push(compiled);
            }
        }
        node.declared = Some(declared);
    }

    fn costs(&mut self, compiled: &Rule, declared: &Declared, place: &Place, path: &Path) {
        let cost = excess::of_rule(compiled.program.estimated_cost(), declared, place.count);
        self.errors.extend(self.costs.add(&path.child("rule"), "estimated rule cost", cost));
        if let Some(message) = &compiled.message_expression {
            let cost = message.estimated_cost().max;
            let at = path.child("messageExpression");
            self.errors.extend(self.costs.add(&at, "estimated messageExpression cost", cost));
        }
    }

    /// Whether the rule may use `oldSelf` as it does.
    fn old_values(&mut self, compiled: &Rule, rule: &Validation, place: &Place, path: &Path) {
        if !compiled.uses_old {
            if let Some(optional) = rule.optional_old_self {
                let why = "may not be set if oldSelf is not used in rule";
                self.errors.push(FieldError::invalid(&path.child("optionalOldSelf"), optional, why));
            }
            return;
        }
        if let Some(around) = &place.uncorrelated {
            let why = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {around}");
            self.errors.push(FieldError::invalid(&path.child("rule"), &*rule.rule, &why));
        }
    }
}

/// The variables of a rule.
fn environment(declared: &Arc<Declared>, rule: &Validation) -> Environment {
    let old = if rule.optional_old_self == Some(true) {
        Arc::new(Declared::of(Shape::Optional(declared.clone())))
    } else {
        declared.clone()
    };
    Environment::new().with("self", declared.clone()).with("oldSelf", old)
}

fn keys(list: &List) -> Option<Vec<crate::schema::Text>> {
    (list.kind == Some(ListKind::Map)).then(|| list.keys.clone())
}

/// What a schema calls the type.
fn type_name(ty: &Type) -> &'static str {
    match &ty.form {
        Form::IntOrString | Form::Any | Form::Either(_) => "",
        Form::Bool => "boolean",
        Form::Int32 | Form::Int64 => "integer",
        Form::Double => "number",
        Form::Object(_) | Form::Map(_) => "object",
        Form::List(_) => "array",
        _ => "string",
    }
}
