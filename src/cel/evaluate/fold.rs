//! Comprehensions: loops over lists and maps.

use std::sync::Arc;

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr};

use super::{Evaluation, Outcome, made};
use crate::cel::check::Resolved;
use crate::cel::error::Error;
use crate::cel::library;
use crate::cel::parse::ACCUMULATOR;
use crate::cel::value::{List, Map, Value};

impl<'a> Evaluation<'a, '_, '_> {
    pub(super) fn fold(&mut self, of: &'a ComprehensionExpr) -> Outcome<'a> {
        let range = self.evaluate(&of.iter_range)?;
        let start = self.evaluate(&of.accu_init);
        stop_at_limits(&start)?;
        let around = self.scopes.len();
        self.scopes.push((&of.accu_var, start));
        let looped = self.iterate(of, range);
        self.scopes.truncate(around + 1);
        let result = looped.and_then(|()| self.evaluate(&of.result));
        self.scopes.truncate(around);
        result
    }

    fn iterate(&mut self, of: &'a ComprehensionExpr, range: Value<'a>) -> Result<(), Error> {
        let accumulator = self.scopes.len() - 1;
        let count = match &range {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => return Err(Error::no_such_overload()),
        };
        let keys = match &range {
            Value::Map(map) => map.keys(),
            _ => Vec::new(),
        };
        for index in 0..count {
            self.budget.step()?;
            let (first, second) = items(&range, &keys, index, of.iter_var2.is_some());
            self.scopes.truncate(accumulator + 1);
            self.scopes.push((&of.iter_var, first));
            if let Some(name) = &of.iter_var2 {
                self.scopes.push((name, second));
            }
            let goes_on = self.evaluate(&of.loop_cond);
            stop_at_limits(&goes_on)?;
            if matches!(goes_on, Ok(Value::Bool(false))) {
                break;
            }
            let step = self.evaluate(&of.loop_step);
            stop_at_limits(&step)?;
            self.scopes[accumulator].1 = step;
        }
        Ok(())
    }

    /// `accumulator + [items]`: the list grows in place, since nobody else holds it.
    pub(super) fn append(&mut self, resolved: &'a Resolved, list: &'a IdedExpr, items: &'a IdedExpr) -> Outcome<'a> {
        let added = self.evaluate(items)?;
        let name = list;
        self.budget.charge(2)?;
        let accumulated = self.take_accumulator(name)?;
        match (accumulated, added) {
            (Value::List(List::Made(mut all)), Value::List(List::Made(added))) => {
                Arc::make_mut(&mut all).extend(added.iter().cloned());
                Ok(Value::List(List::Made(all)))
            }
            (all, added) => (resolved.function.run)(&[all, added]),
        }
    }

    /// Inserts into the map that a comprehension builds.
    pub(super) fn insert(&mut self, map: &'a IdedExpr, entries: &'a [IdedExpr]) -> Outcome<'a> {
        let added = entries.iter().map(|entry| self.evaluate(entry)).collect::<Result<Vec<_>, _>>()?;
        self.budget.charge(2)?;
        let accumulated: Map<'a> = made(self.take_accumulator(map)?)?;
        library::insert(accumulated, &added)
    }

    /// Takes the accumulator's value away; the step that asks for it puts a new one in its place.
    fn take_accumulator(&mut self, name: &'a IdedExpr) -> Outcome<'a> {
        debug_assert!(matches!(&name.expr, Expr::Ident(name) if name == ACCUMULATOR));
        let slot = self.scopes.iter_mut().rev().find(|(scoped, _)| *scoped == ACCUMULATOR);
        match slot {
            Some((_, value)) => std::mem::replace(value, Ok(Value::Null)),
            None => Err(Error::no_such_overload()),
        }
    }
}

/// What the variables of a loop stand for: items of a list, keys of a map, or both the index or key and the value.
fn items<'a>(range: &Value<'a>, keys: &[Value<'a>], index: usize, both: bool) -> (Outcome<'a>, Outcome<'a>) {
    let absent = || Err(Error::no_such_key(index));
    match range {
        Value::List(list) => {
            let item = list.get(index).unwrap_or_else(absent);
            if both { (Ok(Value::Int(index as i64)), item) } else { (item, Ok(Value::Null)) }
        }
        Value::Map(map) => {
            let Some(key) = keys.get(index) else { return (absent(), absent()) };
            let value = if both { map.get(key).unwrap_or_else(absent) } else { Ok(Value::Null) };
            (Ok(key.clone()), value)
        }
        _ => (absent(), absent()),
    }
}

/// Errors are kept for what may absorb them; limits end everything.
fn stop_at_limits(outcome: &Outcome<'_>) -> Result<(), Error> {
    match outcome {
        Err(error) if !error.can_be_absorbed() => Err(error.clone()),
        _ => Ok(()),
    }
}
