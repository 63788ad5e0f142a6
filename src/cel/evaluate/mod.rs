//! Runs a checked expression on values that lie in JSON.

mod budget;
mod fold;
mod make;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

pub use budget::{Budget, PER_CALL_LIMIT, PER_REQUEST_LIMIT};

use super::check::{Checked, Reference, Resolved};
use super::cost::actual;
use super::error::Error;
use super::library;
use super::parse::{ACCUMULATOR, MAP_INSERT};
use super::value::{Map, Text, Value};

type Outcome<'a> = Result<Value<'a>, Error>;

/// The values of an expression's variables.
pub trait Bindings<'a> {
    /// The value of a variable; `None` if it has none.
    fn get(&self, name: &str) -> Option<Outcome<'a>>;
}

impl<'a, const N: usize> Bindings<'a> for [(&str, Value<'a>); N] {
    fn get(&self, name: &str) -> Option<Outcome<'a>> {
        self.iter().find(|(bound, _)| *bound == name).map(|(_, value)| Ok(value.clone()))
    }
}

impl<'a> Bindings<'a> for std::collections::HashMap<String, Value<'a>> {
    fn get(&self, name: &str) -> Option<Outcome<'a>> {
        std::collections::HashMap::get(self, name).map(|value| Ok(value.clone()))
    }
}

/// Evaluates an expression.
pub fn evaluate<'a>(checked: &'a Checked, bindings: &dyn Bindings<'a>, budget: &mut Budget<'_>) -> Outcome<'a> {
    let mut evaluation = Evaluation { checked, bindings, budget, scopes: Vec::new() };
    evaluation.evaluate(&checked.parsed.root)
}

struct Evaluation<'a, 'e, 'b> {
    checked: &'a Checked,
    bindings: &'e dyn Bindings<'a>,
    budget: &'e mut Budget<'b>,
    /// The variables of the comprehensions around. An accumulator may hold an error, which a later step absorbs.
    scopes: Vec<(&'a str, Outcome<'a>)>,
}

impl<'a> Evaluation<'a, '_, '_> {
    fn evaluate(&mut self, node: &'a IdedExpr) -> Outcome<'a> {
        super::deep(|| match &node.expr {
            Expr::Unspecified => Err(Error::no_such_overload()),
            Expr::Literal(literal) => Ok(literal_value(literal)),
            Expr::Ident(name) => self.name(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Struct(object) => self.object(object),
            Expr::Comprehension(of) => self.fold(of),
        })
    }

    /// A variable or the name of a type.
    fn name(&mut self, node: &'a IdedExpr, name: &'a str) -> Outcome<'a> {
        self.budget.charge(1)?;
        if let Some((_, value)) = self.scopes.iter().rev().find(|(scoped, _)| *scoped == name) {
            return value.clone();
        }
        match self.checked.reference(node) {
            Some(Reference::Type(of)) => Ok(Value::Type(of.clone())),
            Some(Reference::Variable(name)) => match self.bindings.get(name) {
                Some(value) => value,
                None => Err(Error::new(format!("no such attribute(s): {name}"))),
            },
            _ => Err(Error::new(format!("no such attribute(s): {name}"))),
        }
    }

    fn select(&mut self, node: &'a IdedExpr, select: &'a SelectExpr) -> Outcome<'a> {
        if self.checked.reference(node).is_some() {
            // A variable whose name has dots in it.
            return self.name(node, "");
        }
        if select.test {
            let of = self.tested(&select.operand)?;
            return library::has(&of, &select.field).map(Value::Bool);
        }
        let of = self.evaluate(&select.operand)?;
        self.budget.charge(1)?;
        field(&of, &select.field)
    }

    /// The operand of `has()`: its name costs nothing.
    fn tested(&mut self, operand: &'a IdedExpr) -> Outcome<'a> {
        self.evaluate(operand)
    }

    fn call(&mut self, node: &'a IdedExpr, call: &'a CallExpr) -> Outcome<'a> {
        self.budget.step()?;
        let Some(Reference::Call(resolved)) = self.checked.reference(node) else {
            return Err(Error::no_such_overload());
        };
        match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            (operators::LOGICAL_AND, None, [a, b]) => self.logical(a, b, false),
            (operators::LOGICAL_OR, None, [a, b]) => self.logical(a, b, true),
            (operators::CONDITIONAL, None, [condition, a, b]) => match self.evaluate(condition)? {
                Value::Bool(true) => self.evaluate(a),
                Value::Bool(false) => self.evaluate(b),
                _ => Err(Error::no_such_overload()),
            },
            (operators::NOT_STRICTLY_FALSE, None, [of]) => {
                let of = self.evaluate(of);
                self.budget.charge(1)?;
                match of {
                    Ok(Value::Bool(value)) => Ok(Value::Bool(value)),
                    Err(error) if !error.can_be_absorbed() => Err(error),
                    _ => Ok(Value::Bool(true)),
                }
            }
            (operators::OPT_SELECT, None, [of, name]) => {
                let (of, name) = (self.evaluate(of)?, self.evaluate(name)?);
                self.budget.charge(1)?;
                match name {
                    Value::String(name) => optional_field(&of, &name),
                    _ => Err(Error::no_such_overload()),
                }
            }
            ("or" | "orValue", Some(target), [other]) => match self.evaluate(target)? {
                Value::Optional(Some(value)) if call.func_name == "or" => Ok(Value::Optional(Some(value))),
                Value::Optional(Some(value)) => Ok((*value).clone()),
                Value::Optional(None) => self.evaluate(other),
                _ => Err(Error::no_such_overload()),
            },
            (operators::ADD, None, [list, item]) if is_accumulator(list) && matches!(item.expr, Expr::List(_)) => {
                self.append(resolved, list, item)
            }
            (MAP_INSERT, None, [map, entries @ ..]) if is_accumulator(map) => self.insert(map, entries),
            _ => self.plain_call(resolved, call),
        }
    }

    fn plain_call(&mut self, resolved: &'a Resolved, call: &'a CallExpr) -> Outcome<'a> {
        let mut args = Vec::with_capacity(call.args.len() + 1);
        if let Some(target) = call.target.as_ref().filter(|_| !resolved.is_namespaced) {
            args.push(self.evaluate(target)?);
        }
        for arg in &call.args {
            args.push(self.evaluate(arg)?);
        }
        let result = (resolved.function.run)(&args);
        self.budget.charge(actual::call(resolved.function.name, &args, result.as_ref().ok()))?;
        result
    }

    /// `&&` and `||`: the operand that decides wins, whatever the other is, be it an error.
    fn logical(&mut self, a: &'a IdedExpr, b: &'a IdedExpr, decides: bool) -> Outcome<'a> {
        let a = self.evaluate(a);
        match &a {
            Ok(Value::Bool(value)) if *value == decides => return a,
            Err(error) if !error.can_be_absorbed() => return a,
            _ => {}
        }
        let b = self.evaluate(b);
        match (a, b) {
            (_, Ok(Value::Bool(value))) if value == decides => Ok(Value::Bool(value)),
            (_, Err(error)) if !error.can_be_absorbed() => Err(error),
            (Ok(Value::Bool(_)), Ok(Value::Bool(value))) => Ok(Value::Bool(value)),
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => Err(Error::no_such_overload()),
        }
    }
}

fn is_accumulator(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name == ACCUMULATOR)
}

fn literal_value(literal: &LiteralValue) -> Value<'_> {
    match literal {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Bytes(bytes) => Value::Bytes(std::sync::Arc::from(bytes.inner())),
        LiteralValue::Double(number) => Value::Double(*number.inner()),
        LiteralValue::Int(number) => Value::Int(*number.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(text) => Value::String(Text::Borrowed(text.inner())),
        LiteralValue::UInt(number) => Value::Uint(*number.inner()),
    }
}

/// A field of an object or a map, or of what is in an optional.
fn field<'a>(of: &Value<'a>, name: &str) -> Outcome<'a> {
    match of {
        Value::Map(map) => map.field(name).unwrap_or_else(|| Err(Error::no_such_key(name))),
        Value::Optional(Some(inside)) => optional_field(inside, name),
        Value::Optional(None) => Ok(Value::Optional(None)),
        _ => Err(Error::no_such_key(name)),
    }
}

fn optional_field<'a>(of: &Value<'a>, name: &str) -> Outcome<'a> {
    match of {
        Value::Map(map) => Ok(match map.field(name) {
            Some(value) => Value::some(value?),
            None => Value::Optional(None),
        }),
        Value::Optional(Some(inside)) => optional_field(inside, name),
        Value::Optional(None) => Ok(Value::Optional(None)),
        _ => Err(Error::no_such_key(name)),
    }
}

/// The entries of a map that nobody else holds yet, or a copy.
fn made<'a>(value: Value<'a>) -> Result<Map<'a>, Error> {
    match value {
        Value::Map(map) => Ok(map),
        _ => Err(Error::no_such_overload()),
    }
}
