//! Literals are checked before the expression runs: durations, timestamps, regular expressions, and whether the elements
//! of a list or a map have one type.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use crate::cel::library::{regex, time};
use crate::cel::parse::Parsed;
use crate::cel::source::Problem;
use crate::cel::types::Type;

/// Every invalid literal of an expression, whose nodes have these types.
pub fn problems(parsed: &Parsed, types: &[Type]) -> Vec<Problem> {
    let mut problems = Vec::new();
    visit(&parsed.root, &mut |node| {
        if let Some((at, message)) = problem(&node.expr) {
            problems.push(Problem { place: parsed.place(at), message });
        }
    });
    let mut elements = Elements { types, mismatches: Vec::new() };
    elements.visit(&parsed.root);
    let mismatches = elements.mismatches.into_iter();
    problems.extend(mismatches.map(|(at, message)| Problem { place: parsed.place(at), message }));
    problems
}

fn problem(expr: &Expr) -> Option<(u64, String)> {
    let Expr::Call(call) = expr else { return None };
    let arg = call.args.first()?;
    let Expr::Literal(LiteralValue::String(text)) = &arg.expr else { return None };
    let text = text.inner();
    let is_valid = match call.func_name.as_str() {
        "duration" => time::parse_duration(text).is_some(),
        "timestamp" => time::parse_timestamp(text).is_some(),
        "matches" => regex::compile(text).is_ok(),
        _ => true,
    };
    (!is_valid).then(|| (arg.id, format!("invalid {} argument", call.func_name)))
}

/// Finds lists and maps whose elements have different types. What `format` prints may have.
struct Elements<'a> {
    types: &'a [Type],
    mismatches: Vec<(u64, String)>,
}

impl Elements<'_> {
    fn visit(&mut self, node: &IdedExpr) {
        if matches!(&node.expr, Expr::Call(call) if call.func_name == "format") {
            return;
        }
        match &node.expr {
            Expr::List(list) => {
                let optional = |index| list.optional_indices.contains(&index);
                let elements = list.elements.iter().enumerate();
                self.compare(elements.map(|(index, element)| (element, optional(index))));
            }
            Expr::Map(map) => {
                let entries = map.entries.iter().filter_map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => Some(entry),
                    EntryExpr::StructField(_) => None,
                });
                self.compare(entries.clone().map(|entry| (&entry.key, false)));
                self.compare(entries.map(|entry| (&entry.value, entry.optional)));
            }
            _ => {}
        }
        crate::cel::deep(|| children(node, &mut |child| self.visit(child)));
    }

    /// Reports the first element that has another type than those before it.
    fn compare<'e>(&mut self, elements: impl Iterator<Item = (&'e IdedExpr, bool)>) {
        let mut first: Option<Type> = None;
        for (element, is_optional) in elements {
            let of = self.types.get(element.id as usize).unwrap_or(&Type::Dyn);
            let of = match of {
                Type::Optional(inside) if is_optional => (**inside).clone(),
                other => other.clone(),
            };
            match &first {
                None => first = Some(of),
                Some(first) if *first == of => {}
                Some(first) => {
                    self.mismatches.push((element.id, format!("expected type '{first}' but found '{of}'")));
                    return;
                }
            }
        }
    }
}

/// Calls `with` for each node.
pub fn visit(node: &IdedExpr, with: &mut dyn FnMut(&IdedExpr)) {
    with(node);
    crate::cel::deep(|| children(node, &mut |child| visit(child, with)));
}

/// Calls `with` for each part of a node.
fn children(node: &IdedExpr, with: &mut dyn FnMut(&IdedExpr)) {
    match &node.expr {
        Expr::Call(call) => {
            call.target.iter().for_each(|target| with(target));
            call.args.iter().for_each(with);
        }
        Expr::List(list) => list.elements.iter().for_each(with),
        Expr::Map(map) => map.entries.iter().for_each(|entry| parts(&entry.expr, with)),
        Expr::Struct(object) => object.entries.iter().for_each(|entry| parts(&entry.expr, with)),
        Expr::Select(select) => with(&select.operand),
        Expr::Comprehension(of) => {
            [&of.iter_range, &of.accu_init, &of.loop_cond, &of.loop_step, &of.result].into_iter().for_each(with);
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

fn parts(entry: &EntryExpr, with: &mut dyn FnMut(&IdedExpr)) {
    match entry {
        EntryExpr::MapEntry(entry) => {
            with(&entry.key);
            with(&entry.value);
        }
        EntryExpr::StructField(field) => with(&field.value),
    }
}
