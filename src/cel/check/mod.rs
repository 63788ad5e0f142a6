//! The type checker: gives every node of a syntax tree a type, finds what its names refer to, and reports everything
//! that does not fit, in cel-go's words.

mod call;
mod literals;
mod make;
mod unify;

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::environment::Environment;
use super::library::Function;
use super::library_type::LibraryType;
use super::parse::Parsed;
use super::source::{Problem, Problems};
use super::types::Type;
use unify::Bindings;

/// What a name or a call refers to.
#[derive(Clone)]
pub enum Reference {
    /// A variable of the environment or of a comprehension.
    Variable(String),
    /// The name of a type.
    Type(Type),
    Call(Resolved),
}

/// A call of a function, with the overloads that its arguments fit.
#[derive(Clone)]
pub struct Resolved {
    pub function: &'static Function,
    pub overloads: Vec<usize>,
    /// Whether what looks like the target is a part of the function's name.
    pub is_namespaced: bool,
}

/// A checked expression.
pub struct Checked {
    pub parsed: Parsed,
    types: Vec<Type>,
    references: Vec<Option<Reference>>,
}

impl Checked {
    /// The type of a node.
    pub fn type_of(&self, node: &IdedExpr) -> &Type {
        self.types.get(node.id as usize).unwrap_or(&Type::Dyn)
    }

    /// Whether a variable of the environment is used; one of a comprehension may hide it.
    pub fn uses(&self, variable: &str) -> bool {
        let is_it = |reference: &Reference| matches!(reference, Reference::Variable(name) if name == variable);
        self.references.iter().flatten().any(is_it)
    }

    /// What a node refers to.
    pub fn reference(&self, node: &IdedExpr) -> Option<&Reference> {
        self.references.get(node.id as usize)?.as_ref()
    }
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Checked").field(&self.parsed.source).finish()
    }
}

/// Checks an expression against the variables it may use.
pub fn check(parsed: Parsed, environment: &Environment) -> Result<Checked, Problems> {
    let mut checker = Checker {
        parsed: &parsed,
        environment,
        scopes: Vec::new(),
        bindings: Bindings::default(),
        types: Vec::new(),
        references: Vec::new(),
        problems: Vec::new(),
    };
    checker.check(&parsed.root);
    let Checker { bindings, types, references, problems, .. } = checker;
    if !problems.is_empty() {
        return Err(Problems::new(&parsed.source, problems));
    }
    let types: Vec<Type> = types.iter().map(|of| bindings.substitute(of, true)).collect();
    let problems = literals::problems(&parsed, &types);
    if !problems.is_empty() {
        return Err(Problems::new(&parsed.source, problems));
    }
    Ok(Checked { parsed, types, references })
}

struct Checker<'a> {
    parsed: &'a Parsed,
    environment: &'a Environment,
    /// The variables of the comprehensions around, the innermost last.
    scopes: Vec<(String, Type)>,
    bindings: Bindings,
    types: Vec<Type>,
    references: Vec<Option<Reference>>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn check(&mut self, node: &IdedExpr) -> Type {
        let of = super::deep(|| match &node.expr {
            Expr::Unspecified => Type::Error,
            Expr::Literal(literal) => literal_type(literal),
            Expr::Ident(name) => self.ident(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Struct(object) => self.object(node, object),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
        });
        self.set_type(node, of)
    }

    fn set_type(&mut self, node: &IdedExpr, of: Type) -> Type {
        let index = node.id as usize;
        if self.types.len() <= index {
            self.types.resize(index + 1, Type::Dyn);
        }
        self.types[index] = of.clone();
        of
    }

    fn refer(&mut self, node: &IdedExpr, to: Reference) {
        let index = node.id as usize;
        if self.references.len() <= index {
            self.references.resize(index + 1, None);
        }
        self.references[index] = Some(to);
    }

    fn report(&mut self, id: u64, message: String) {
        self.problems.push(Problem { place: self.parsed.place(id), message });
    }

    fn undeclared(&mut self, id: u64, name: &str) -> Type {
        self.report(id, format!("undeclared reference to '{name}' (in container '')"));
        Type::Error
    }

    fn mismatch(&mut self, id: u64, expected: &Type, found: &Type) {
        let (expected, found) = (self.shown(expected), self.shown(found));
        self.report(id, format!("expected type '{expected}' but found '{found}'"));
    }

    /// A type as errors print it.
    fn shown(&self, of: &Type) -> String {
        self.bindings.substitute(of, true).to_string()
    }

    fn ident(&mut self, node: &IdedExpr, name: &str) -> Type {
        match self.lookup(name.trim_start_matches('.')) {
            Some((of, reference)) => {
                self.refer(node, reference);
                of
            }
            None => self.undeclared(node.id, name),
        }
    }

    /// The variable or type of that name.
    fn lookup(&self, name: &str) -> Option<(Type, Reference)> {
        if let Some((_, of)) = self.scopes.iter().rev().find(|(scoped, _)| scoped == name) {
            return Some((of.clone(), Reference::Variable(name.to_owned())));
        }
        if let Some(declared) = self.environment.variables.get(name) {
            return Some((declared.to_type(), Reference::Variable(name.to_owned())));
        }
        let of = named_type(name)?;
        Some((Type::Type(Some(std::sync::Arc::new(of.clone()))), Reference::Type(of)))
    }

    fn select(&mut self, node: &IdedExpr, select: &SelectExpr) -> Type {
        if !select.test
            && let Some(name) = qualified_name(node)
            && let Some((of, reference)) = self.lookup(&name)
        {
            self.refer(node, reference);
            return of;
        }
        let of = self.field(node.id, &select.operand, &select.field, false);
        if select.test { Type::Bool } else { self.bindings.substitute(&of, false) }
    }

    /// The type of a field. A field of an optional is optional.
    fn field(&mut self, id: u64, operand: &IdedExpr, field: &str, is_optional: bool) -> Type {
        let operand = self.check(operand);
        let operand = self.bindings.substitute(&operand, false);
        let (target, was_optional) = unwrap_optional(&operand);
        let of = match &target {
            Type::Map(_, value) => (**value).clone(),
            Type::Object(object) if self.environment.is_open(&object.name) => Type::Dyn,
            Type::Object(object) => match object.field(field) {
                Some(field) => field.declared.to_type(),
                None => {
                    self.report(id, format!("undefined field '{field}'"));
                    Type::Error
                }
            },
            Type::Library(_) => {
                self.report(id, format!("undefined field '{field}'"));
                Type::Error
            }
            Type::Param(_) => {
                self.bindings.assign(&Type::Dyn, &target);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            other => {
                let message = format!("type '{}' does not support field selection", self.shown(other));
                self.report(id, message);
                Type::Dyn
            }
        };
        if was_optional || is_optional { Type::optional(of) } else { of }
    }

    fn comprehension(&mut self, of: &ComprehensionExpr) -> Type {
        let range = self.check(&of.iter_range);
        let accumulated = self.check(&of.accu_init);
        let range = self.bindings.substitute(&range, false);
        let (first, second) = match &range {
            Type::List(item) if of.iter_var2.is_some() => (Type::Int, (**item).clone()),
            Type::List(item) => ((**item).clone(), Type::Dyn),
            Type::Map(key, value) => ((**key).clone(), (**value).clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.bindings.assign(&Type::Dyn, &range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                    self.shown(other)
                );
                self.report(of.iter_range.id, message);
                (Type::Error, Type::Error)
            }
        };
        let around = self.scopes.len();
        self.scopes.push((of.accu_var.clone(), accumulated.clone()));
        self.scopes.push((of.iter_var.clone(), first));
        if let Some(name) = &of.iter_var2 {
            self.scopes.push((name.clone(), second));
        }
        let condition = self.check(&of.loop_cond);
        self.expect(&of.loop_cond, &Type::Bool, &condition);
        let step = self.check(&of.loop_step);
        self.expect(&of.loop_step, &accumulated, &step);
        self.scopes.truncate(around + 1);
        let result = self.check(&of.result);
        self.scopes.truncate(around);
        self.bindings.substitute(&result, false)
    }

    fn expect(&mut self, node: &IdedExpr, expected: &Type, found: &Type) {
        if !self.bindings.assign(expected, found) {
            self.mismatch(node.id, expected, found);
        }
    }
}

fn literal_type(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(_) => Type::Bytes,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::String,
        LiteralValue::UInt(_) => Type::Uint,
    }
}

/// The types that have names in expressions.
fn named_type(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "int" => Type::Int,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "null_type" => Type::Null,
        "string" => Type::String,
        "type" => Type::Type(None),
        "uint" => Type::Uint,
        "dyn" => Type::Dyn,
        "optional_type" => Type::optional(Type::Dyn),
        "google.protobuf.Timestamp" => Type::Timestamp,
        "google.protobuf.Duration" => Type::Duration,
        other => Type::Library(LibraryType::ALL.into_iter().find(|library| library.name() == other)?),
    })
}

/// The name that an identifier and fields of it spell; `None` for anything else.
fn qualified_name(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.trim_start_matches('.').to_owned()),
        Expr::Select(select) if !select.test => {
            let operand = qualified_name(&select.operand)?;
            Some(format!("{operand}.{}", select.field))
        }
        _ => None,
    }
}

/// What is inside an optional, and whether it is one.
fn unwrap_optional(of: &Type) -> (Type, bool) {
    match of {
        Type::Optional(inside) => ((**inside).clone(), true),
        other => (other.clone(), false),
    }
}
