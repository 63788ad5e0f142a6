//! What an expression can cost, at least and at most, found from the sizes that declarations allow.

use std::collections::HashMap;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::size::{Entries, Range};
use super::{MAKE_LIST, MAKE_MAP, MAKE_OBJECT};
use crate::cel::check::{Checked, Reference};
use crate::cel::declared::{Declared, Shape};
use crate::cel::environment::Environment;
use crate::cel::parse::ACCUMULATOR;
use crate::cel::types::Type;

/// Estimates the cost of a checked expression.
pub fn estimate(checked: &Checked, environment: &Environment) -> Range {
    let mut estimator = Estimator {
        checked,
        environment,
        paths: HashMap::new(),
        sizes: HashMap::new(),
        entries: HashMap::new(),
        locals: Vec::new(),
    };
    estimator.cost(&checked.parsed.root)
}

pub(super) struct Estimator<'a> {
    pub(super) checked: &'a Checked,
    environment: &'a Environment,
    /// Where in the declarations the value of a node is.
    paths: HashMap<u64, Vec<String>>,
    sizes: HashMap<u64, Range>,
    entries: HashMap<u64, Entries>,
    /// The variables of the comprehensions around, the innermost last.
    locals: Vec<Local>,
}

struct Local {
    name: String,
    path: Vec<String>,
    size: Option<Range>,
    entries: Option<Entries>,
}

impl<'a> Estimator<'a> {
    fn cost(&mut self, node: &'a IdedExpr) -> Range {
        crate::cel::deep(|| match &node.expr {
            Expr::Literal(_) | Expr::Unspecified => Range::default(),
            Expr::Ident(name) => {
                let path = self.local(name).map_or_else(|| vec![name.clone()], |local| local.path.clone());
                self.paths.insert(node.id, path);
                Range::exactly(1)
            }
            Expr::Select(select) => {
                let operand = self.cost(&select.operand);
                if select.test {
                    return operand;
                }
                let mut path = self.path(&select.operand);
                path.push(select.field.clone());
                self.paths.insert(node.id, path);
                match self.checked.type_of(&select.operand) {
                    Type::Map(..) | Type::Object(_) | Type::Library(_) => operand.plus(Range::exactly(1)),
                    _ => operand,
                }
            }
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => {
                let costs: Vec<_> = list.elements.iter().map(|element| self.cost(element)).collect();
                let value = self.all_sizes(list.elements.iter());
                self.entries.insert(node.id, Entries { is_list: true, key: Range::exactly(1), value });
                sum(costs).plus(Range::exactly(MAKE_LIST))
            }
            Expr::Map(map) => {
                let pairs = map.entries.iter().filter_map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => Some((&entry.key, &entry.value)),
                    EntryExpr::StructField(_) => None,
                });
                let pairs: Vec<_> = pairs.collect();
                let costs: Vec<_> = pairs.iter().map(|(key, value)| self.cost(key).plus(self.cost(value))).collect();
                let key = self.all_sizes(pairs.iter().map(|(key, _)| *key));
                let value = self.all_sizes(pairs.iter().map(|(_, value)| *value));
                self.entries.insert(node.id, Entries { is_list: false, key, value });
                sum(costs).plus(Range::exactly(MAKE_MAP))
            }
            Expr::Struct(object) => {
                let costs = object.entries.iter().filter_map(|entry| match &entry.expr {
                    EntryExpr::StructField(field) => Some(self.cost(&field.value)),
                    EntryExpr::MapEntry(_) => None,
                });
                sum(costs.collect()).plus(Range::exactly(MAKE_OBJECT))
            }
            Expr::Comprehension(of) if is_bind(of) => self.bind(node, of),
            Expr::Comprehension(of) => self.fold(node, of),
        })
    }

    fn call(&mut self, node: &'a IdedExpr, call: &'a CallExpr) -> Range {
        if let ("dyn", [arg]) = (call.func_name.as_str(), call.args.as_slice()) {
            let cost = self.cost(arg);
            self.copy_sizes(node, arg);
            return cost.plus(Range::exactly(1));
        }
        let costs: Vec<_> = call.args.iter().map(|arg| self.cost(arg)).collect();
        let Some(Reference::Call(resolved)) = self.checked.reference(node) else { return Range::default() };
        let target = call.target.as_deref().filter(|_| !resolved.is_namespaced);
        let target_cost = target.map_or_else(Range::default, |target| self.cost(target));
        let mut cost: Option<Range> = None;
        let mut size: Option<Range> = None;
        for index in &resolved.overloads {
            let Some(overload) = resolved.function.overloads.get(*index) else { continue };
            let (one, result) = self.overload(node, resolved.function.name, overload, target, &call.args, &costs);
            cost = Some(cost.map_or(one, |so_far| so_far.or(one)));
            size = match (size, result) {
                (Some(a), Some(b)) => Some(a.or(b)),
                (a, b) => a.or(b),
            };
            if let (operators::INDEX, [of, _]) = (resolved.function.name, call.args.as_slice()) {
                let below = match overload.args.first() {
                    Some(Type::List(_)) => Some("@items"),
                    Some(Type::Map(..)) => Some("@values"),
                    _ => None,
                };
                if let Some(below) = below {
                    size = self.entry_sizes(of).map(|entries| entries.value);
                    let mut path = self.path(of);
                    path.push(below.to_owned());
                    self.paths.insert(node.id, path);
                }
            }
            size = size.or_else(|| self.size(node));
        }
        if let Some(size) = size {
            self.sizes.insert(node.id, size);
        }
        target_cost.plus(cost.unwrap_or_default())
    }

    fn fold(&mut self, node: &'a IdedExpr, of: &'a ComprehensionExpr) -> Range {
        let mut cost = self.cost(&of.iter_range).plus(self.cost(&of.accu_init));
        let around = self.locals.len();
        self.push_local(&of.accu_var, &of.accu_init);
        let entries = self.entry_sizes(&of.iter_range);
        let is_list = entries
            .map_or_else(|| matches!(self.checked.type_of(&of.iter_range), Type::List(_)), |entries| entries.is_list);
        let path = self.path(&of.iter_range);
        let mut push = |name: &str, below: &str, size: Option<Range>| {
            let mut path = path.clone();
            path.push(below.to_owned());
            self.locals.push(Local { name: name.to_owned(), path, size, entries: None });
        };
        let (key, value) = (entries.map(|entries| entries.key), entries.map(|entries| entries.value));
        match &of.iter_var2 {
            Some(second) => {
                push(&of.iter_var, if is_list { "@indices" } else { "@keys" }, key);
                push(second, if is_list { "@items" } else { "@values" }, value);
            }
            None if is_list => push(&of.iter_var, "@items", value),
            None => push(&of.iter_var, "@keys", key),
        }
        let each = self.cost(&of.loop_cond).plus(self.cost(&of.loop_step));
        self.locals.truncate(around + 1);
        cost = cost.plus(self.cost(&of.result));
        self.locals.truncate(around);
        let count = self.size_or_unknown(&of.iter_range);
        match &of.accu_init.expr {
            Expr::Literal(_) => {
                if let Some(size) = self.size(&of.accu_init) {
                    self.sizes.insert(node.id, size);
                }
            }
            Expr::List(_) | Expr::Map(_) => {
                self.sizes.insert(node.id, count);
                if let Some(entries) = self.entry_sizes(&of.loop_step) {
                    self.entries.insert(node.id, entries);
                }
            }
            _ => {}
        }
        cost.plus(count.times(each))
    }

    /// A comprehension that only gives a value a name.
    fn bind(&mut self, node: &'a IdedExpr, of: &'a ComprehensionExpr) -> Range {
        let cost = self.cost(&of.iter_range).plus(self.cost(&of.accu_init));
        let around = self.locals.len();
        self.push_local(&of.accu_var, &of.accu_init);
        let cost = cost.plus(self.cost(&of.result));
        self.locals.truncate(around);
        self.copy_sizes(node, &of.result);
        cost
    }

    fn push_local(&mut self, name: &str, value: &'a IdedExpr) {
        let (path, size, entries) = (self.path(value), self.size(value), self.entry_sizes(value));
        self.locals.push(Local { name: name.to_owned(), path, size, entries });
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    pub(super) fn path(&self, node: &IdedExpr) -> Vec<String> {
        if let Expr::Ident(name) = &node.expr
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&node.id).cloned().unwrap_or_default()
    }

    fn all_sizes<'n>(&mut self, nodes: impl Iterator<Item = &'n IdedExpr>) -> Range {
        let sizes = nodes.map(|node| self.size_or_unknown(node));
        sizes.reduce(Range::or).unwrap_or_default()
    }

    pub(super) fn size_or_unknown(&mut self, node: &IdedExpr) -> Range {
        self.size(node).unwrap_or(Range::UNKNOWN)
    }

    /// The size of a node's value, as far as it is known.
    pub(super) fn size(&mut self, node: &IdedExpr) -> Option<Range> {
        if let Some(size) = self.sizes.get(&node.id) {
            return Some(*size);
        }
        if let Some(size) = written_size(&node.expr) {
            return Some(Range::exactly(size));
        }
        if let Some(size) = self.declared_size(&self.path(node)) {
            self.sizes.insert(node.id, size);
            return Some(size);
        }
        if is_scalar(self.checked.type_of(node)) {
            return Some(Range::exactly(1));
        }
        match &node.expr {
            Expr::Ident(name) => self.local(name).and_then(|local| local.size),
            _ => None,
        }
    }

    /// The size that a declaration allows.
    pub(super) fn declared_size(&self, path: &[String]) -> Option<Range> {
        let (root, rest) = path.split_first()?;
        if root == ACCUMULATOR {
            return None;
        }
        let mut declared: &Declared = self.environment.variables.get(root)?;
        for part in rest {
            declared = match (&declared.shape, part.as_str()) {
                (Shape::List(items, _), "@items") => items,
                (Shape::Map(values), "@values") => values,
                (Shape::Map(_), "@keys") => return Some(Range::default()),
                (Shape::Object(object), name) => &object.fields.get(name)?.declared,
                _ => return None,
            };
        }
        match declared.shape {
            // Nothing is declared for what is only known when it runs.
            Shape::Dyn if declared.max_size.is_none() => None,
            _ => Some(Range { min: 0, max: declared.max_size.unwrap_or(0) }),
        }
    }

    pub(super) fn entry_sizes(&self, node: &IdedExpr) -> Option<Entries> {
        if let Some(entries) = self.entries.get(&node.id) {
            return Some(*entries);
        }
        match &node.expr {
            Expr::Ident(name) => self.local(name).and_then(|local| local.entries),
            _ => None,
        }
    }

    pub(super) fn set_entries(&mut self, node: &IdedExpr, entries: Option<Entries>) {
        if let Some(entries) = entries {
            self.entries.insert(node.id, entries);
        }
    }

    fn copy_sizes(&mut self, to: &IdedExpr, from: &IdedExpr) {
        if let Some(size) = self.size(from) {
            self.sizes.insert(to.id, size);
        }
        self.set_entries(to, self.entry_sizes(from));
    }
}

pub(super) fn sum(costs: Vec<Range>) -> Range {
    costs.into_iter().fold(Range::default(), Range::plus)
}

fn is_bind(of: &ComprehensionExpr) -> bool {
    matches!(&of.iter_range.expr, Expr::List(list) if list.elements.is_empty()) && of.accu_var != ACCUMULATOR
}

/// The size of what is written out.
fn written_size(expr: &Expr) -> Option<u64> {
    match expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner().chars().count() as u64),
        Expr::Literal(LiteralValue::Bytes(bytes)) => Some(bytes.inner().len() as u64),
        Expr::Literal(_) => Some(1),
        Expr::List(list) => Some(list.elements.len() as u64),
        Expr::Map(map) => Some(map.entries.len() as u64),
        _ => None,
    }
}

fn is_scalar(of: &Type) -> bool {
    match of {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Type(_) | Type::Uint => true,
        Type::Optional(inside) => is_scalar(inside),
        _ => false,
    }
}
