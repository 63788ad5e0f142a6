//! Calls: which function, and which of its overloads.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{Checker, Reference, Resolved, qualified_name};
use crate::cel::library::{self, Function};
use crate::cel::types::Type;

impl Checker<'_> {
    pub(super) fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Type {
        if call.func_name == operators::OPT_SELECT {
            return self.optional_select(node, call);
        }
        let mut args: Vec<Type> = call.args.iter().map(|arg| self.check(arg)).collect();
        let name = call.func_name.trim_start_matches('.');
        let Some(target) = &call.target else {
            let function = library::find(name);
            return match function {
                Some(function) => self.resolve(node, call, function, args, Style::Global),
                None => self.undeclared(node.id, &call.func_name),
            };
        };
        let namespaced = qualified_name(target).and_then(|prefix| library::find(&format!("{prefix}.{name}")));
        if let Some(function) = namespaced.filter(|function| self.environment.has_function(function.name)) {
            return self.resolve(node, call, function, args, Style::Namespaced);
        }
        args.insert(0, self.check(target));
        match library::find(name) {
            Some(function) => self.resolve(node, call, function, args, Style::Member),
            None => self.undeclared(node.id, name),
        }
    }

    /// `operand.?field`.
    fn optional_select(&mut self, node: &IdedExpr, call: &CallExpr) -> Type {
        let [operand, field] = call.args.as_slice() else { return Type::Error };
        let Expr::Literal(LiteralValue::String(name)) = &field.expr else {
            self.report(field.id, "unsupported optional field selection".to_owned());
            return Type::Error;
        };
        let of = self.field(node.id, operand, name.inner(), true);
        self.set_type(field, Type::String);
        if let Some(function) = library::find(operators::OPT_SELECT) {
            let resolved = Resolved { function, overloads: vec![0], is_namespaced: false };
            self.refer(node, Reference::Call(resolved));
        }
        self.bindings.substitute(&of, false)
    }

    fn resolve(
        &mut self,
        node: &IdedExpr,
        call: &CallExpr,
        function: &'static Function,
        args: Vec<Type>,
        style: Style,
    ) -> Type {
        if function.name == operators::LOGICAL_AND || function.name == operators::LOGICAL_OR {
            return self.logical(node, call, function, &args);
        }
        let mut found: Option<Type> = None;
        let mut overloads = Vec::new();
        for (index, overload) in function.overloads.iter().enumerate() {
            if overload.is_member != (style == Style::Member) {
                continue;
            }
            let first = self.bindings.fresh(overload.params);
            let wanted: Vec<Type> = overload.args.iter().map(|arg| shifted(arg, first)).collect();
            if !self.bindings.assign_all(&wanted, &args) {
                continue;
            }
            overloads.push(index);
            let result = self.bindings.substitute(&shifted(&overload.result, first), false);
            found = Some(match found {
                None => result,
                Some(before) if before.is_dyn() || before == result => before,
                Some(_) => Type::Dyn,
            });
        }
        let Some(result) = found else {
            self.no_overload(node.id, function.name, &args, style);
            return Type::Error;
        };
        let is_namespaced = style == Style::Namespaced;
        self.refer(node, Reference::Call(Resolved { function, overloads, is_namespaced }));
        result
    }

    /// `&&` and `||` report each operand that is not bool.
    fn logical(&mut self, node: &IdedExpr, call: &CallExpr, function: &'static Function, args: &[Type]) -> Type {
        let mut result = Type::Bool;
        for (arg, of) in call.args.iter().zip(args) {
            if !self.bindings.assign(&Type::Bool, of) {
                self.mismatch(arg.id, &Type::Bool, of);
                result = Type::Error;
            }
        }
        self.refer(node, Reference::Call(Resolved { function, overloads: vec![0], is_namespaced: false }));
        result
    }

    fn no_overload(&mut self, id: u64, name: &str, args: &[Type], style: Style) {
        let shown: Vec<String> = args.iter().map(|arg| self.shown(arg)).collect();
        let applied = match (style, shown.split_first()) {
            (Style::Member, Some((target, rest))) => format!("{target}.({})", rest.join(", ")),
            _ => format!("({})", shown.join(", ")),
        };
        self.report(id, format!("found no matching overload for '{name}' applied to '{applied}'"));
    }
}

/// How a function is called.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Global,
    /// On a target, which is its first argument.
    Member,
    /// By a name with dots.
    Namespaced,
}

/// A type of a signature, with its own numbers for type parameters.
fn shifted(of: &Type, first: u32) -> Type {
    match of {
        Type::Param(number) => Type::Param(first + number),
        other => other.with_parameters(&mut |part| shifted(part, first)),
    }
}
