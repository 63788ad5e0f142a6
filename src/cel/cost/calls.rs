//! What calls can cost, and the sizes of what they return.

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::estimate::{Estimator, sum};
use super::size::Range;
use super::{AUTHORIZER_CHECK, MAKE_LIST, MAKE_OBJECT, PER_CHARACTER, PER_PATTERN_CHARACTER};
use crate::cel::library::Overload;
use crate::cel::library_type::LibraryType;
use crate::cel::types::Type;

/// A cost, and a size where the call returns something of a size that is known.
type Estimate = (Range, Option<Range>);

/// The longest regular expression of a named format, and the longest name of one.
const LONGEST_FORMAT_PATTERN: f64 = 128.0;
const LONGEST_FORMAT: u64 = 64;

/// The bytes of an address.
const ADDRESS: Range = Range { min: 4, max: 16 };

impl<'a> Estimator<'a> {
    pub(super) fn overload(
        &mut self,
        node: &'a IdedExpr,
        name: &str,
        overload: &Overload,
        target: Option<&'a IdedExpr>,
        args: &'a [IdedExpr],
        costs: &[Range],
    ) -> Estimate {
        let args_cost = sum(costs.to_vec());
        if let Some((cost, size)) = self.kubernetes(name, overload, target, args) {
            return (cost.plus(args_cost), size);
        }
        let kind = overload.args.first();
        let is_text = matches!(kind, Some(Type::String | Type::Bytes));
        match (name, target, args) {
            ("format", Some(target), [values]) => {
                let target = self.size_or_unknown(target);
                let size = target.plus(self.size_or_unknown(values));
                (target.by(PER_CHARACTER).plus(args_cost), Some(size))
            }
            ("bytes", None, [text]) if is_text => {
                let size = self.size_or_unknown(text);
                let bytes = Range { min: size.min, max: size.max.saturating_mul(4) };
                (size.by(PER_CHARACTER).plus(args_cost), Some(bytes))
            }
            ("string", None, [bytes]) if matches!(kind, Some(Type::Bytes)) => {
                let size = self.size_or_unknown(bytes);
                (size.by(PER_CHARACTER).plus(args_cost), Some(Range { min: size.min / 4, max: size.max }))
            }
            ("strings.quote", None, [text]) => {
                let size = self.size_or_unknown(text);
                let quoted = size.times(Range { min: 1, max: 2 }).plus(Range::exactly(2));
                (size.by(PER_CHARACTER).plus(args_cost), Some(quoted))
            }
            ("startsWith" | "endsWith", Some(_), [part]) => {
                (self.size_or_unknown(part).by(PER_CHARACTER).plus(args_cost), None)
            }
            ("@in", None, [_, list]) if matches!(overload.args.get(1), Some(Type::List(_))) => {
                (self.size_or_unknown(list).plus(args_cost), None)
            }
            ("matches", Some(target), [pattern]) => (self.regex(target, pattern).plus(args_cost), None),
            ("contains", Some(target), [part]) => {
                let (text, part) = (self.size_or_unknown(target), self.size_or_unknown(part));
                (text.by(PER_CHARACTER).times(part.by(PER_CHARACTER)).plus(args_cost), None)
            }
            ("_&&_" | "_||_", None, [_, _]) => {
                // The second operand is not needed if the first decides.
                (Range { min: costs[0].min, max: args_cost.max }, None)
            }
            ("_?_:_", None, [_, yes, no]) => {
                let size = self.size_or_unknown(yes).or(self.size_or_unknown(no));
                let entries = self.entry_sizes(yes).zip(self.entry_sizes(no)).map(|(yes, no)| yes.or(no));
                self.set_entries(node, entries);
                (costs[0].plus(costs[1].or(costs[2])), Some(size))
            }
            ("_+_", None, [a, b]) if is_text || matches!(kind, Some(Type::List(_))) => {
                let size = self.size_or_unknown(a).plus(self.size_or_unknown(b));
                let entries = self.entry_sizes(a).zip(self.entry_sizes(b)).map(|(a, b)| a.or(b));
                self.set_entries(node, entries);
                let cost = if is_text { size.by(PER_CHARACTER) } else { Range::exactly(1) };
                (cost.plus(args_cost), Some(size))
            }
            ("_==_" | "_!=_", None, [a, b]) => (self.comparison(a, b).plus(args_cost), None),
            ("_<_" | "_<=_" | "_>_" | "_>=_", None, [a, b]) if is_text => (self.comparison(a, b).plus(args_cost), None),
            _ => (Range::exactly(1).plus(args_cost), None),
        }
    }

    /// Equality takes as long as the smaller operand.
    fn comparison(&mut self, a: &IdedExpr, b: &IdedExpr) -> Range {
        let max = self.size_or_unknown(a).max.min(self.size_or_unknown(b).max);
        Range { min: max.min(1), max }.by(PER_CHARACTER)
    }

    fn regex(&mut self, text: &IdedExpr, pattern: &IdedExpr) -> Range {
        let text = self.size_or_unknown(text).plus(Range::exactly(1)).by(PER_CHARACTER);
        text.times(self.size_or_unknown(pattern).by(PER_PATTERN_CHARACTER))
    }

    /// The functions that Kubernetes counts itself.
    fn kubernetes(
        &mut self,
        name: &str,
        overload: &Overload,
        target: Option<&'a IdedExpr>,
        args: &'a [IdedExpr],
    ) -> Option<Estimate> {
        let one = Some((Range::exactly(1), None));
        match (name, target, args) {
            ("check", ..) => Some((Range::exactly(AUTHORIZER_CHECK), None)),
            (
                "serviceAccount"
                | "path"
                | "group"
                | "resource"
                | "subresource"
                | "namespace"
                | "name"
                | "allowed"
                | "reason"
                | "error"
                | "errored"
                | "masked"
                | "prefixLength"
                | "family"
                | "isUnspecified"
                | "isLoopback"
                | "isLinkLocalMulticast"
                | "isLinkLocalUnicast"
                | "isGlobalUnicast"
                | "format.named"
                | "sign"
                | "asInteger"
                | "isInteger"
                | "asApproximateFloat"
                | "isGreaterThan"
                | "isLessThan"
                | "compareTo"
                | "add"
                | "sub"
                | "major"
                | "minor"
                | "patch"
                | "getScheme"
                | "getHostname"
                | "getHost"
                | "getPort"
                | "getEscapedPath"
                | "getQuery",
                ..,
            ) => one,
            ("fieldSelector" | "labelSelector", _, [selector]) => {
                let length = self.size_or_unknown(selector);
                let requirements = length.by(0.5).by((MAKE_LIST + MAKE_OBJECT) as f64);
                Some((Range::exactly(MAKE_LIST).plus(length.by(PER_CHARACTER)).plus(requirements), None))
            }
            ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", Some(target), _) => {
                Some((self.traversal(target), None))
            }
            ("url" | "jsonpatch.escapeKey", _, [text]) => {
                let size = self.size_or_unknown(text);
                Some((size.by(PER_CHARACTER), Some(size)))
            }
            ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(target), _) => {
                let size = self.size_or_unknown(target);
                Some((size.by(PER_CHARACTER), Some(size)))
            }
            ("replace", Some(target), [old, new, ..]) => {
                let size = self.size_or_unknown(target);
                let (old, new) = (self.size_or_unknown(old), self.size_or_unknown(new));
                Some((size.by(2.0 * PER_CHARACTER), Some(replaced(size, old, new))))
            }
            ("split", Some(target), _) => {
                let size = self.size_or_unknown(target);
                let max = match args.get(1).map(|limit| &limit.expr) {
                    Some(Expr::Literal(LiteralValue::Int(limit))) => *limit.inner() as u64,
                    _ => size.max,
                };
                Some((size.by(2.0 * PER_CHARACTER), Some(Range { min: 0, max })))
            }
            ("join", Some(target), _) => {
                let size = self.joined(target, args.first());
                Some((size.by(PER_CHARACTER), Some(size)))
            }
            ("find" | "findAll", Some(target), [pattern, ..]) => {
                let max = self.size_or_unknown(target).max;
                Some((self.regex(target, pattern), Some(Range { min: 0, max })))
            }
            ("ip", Some(_), []) => one,
            ("containsIP", Some(_), [other]) => {
                Some((ADDRESS.plus(ADDRESS).by(PER_CHARACTER).plus(self.parsing(overload, other)), None))
            }
            ("containsCIDR", Some(_), [other]) => {
                let compared = ADDRESS.plus(ADDRESS).by(PER_CHARACTER).plus(ADDRESS.by(PER_CHARACTER));
                Some((compared.plus(Range::exactly(1)).plus(self.parsing(overload, other)), None))
            }
            ("validate", Some(_), [text]) => {
                let size = self.size_or_unknown(text);
                Some((size.by(PER_CHARACTER).by(LONGEST_FORMAT_PATTERN * PER_PATTERN_CHARACTER), None))
            }
            ("_==_", None, [a, b]) => match (self.checked.type_of(a), self.checked.type_of(b)) {
                (Type::Library(of), Type::Library(other)) if of == other => Some(match of {
                    LibraryType::Format => (Range { min: 1, max: LONGEST_FORMAT }.by(PER_CHARACTER), None),
                    LibraryType::Url => {
                        let max = self.size(b).map_or(1, |size| size.max);
                        (Range { min: 1, max }.by(PER_CHARACTER), None)
                    }
                    _ => (Range::exactly(1), None),
                }),
                _ => None,
            },
            _ => None,
        }
    }

    /// What reading the text of an address costs, where it is given as text.
    fn parsing(&mut self, overload: &Overload, other: &IdedExpr) -> Range {
        match overload.args.get(1) {
            Some(Type::String) => self.size_or_unknown(other).by(PER_CHARACTER),
            _ => Range::default(),
        }
    }

    /// Looking at each item of a list, or at each character of a string.
    fn traversal(&mut self, target: &IdedExpr) -> Range {
        let size = self.size_or_unknown(target);
        match self.checked.type_of(target).parameters().first() {
            None => size.by(PER_CHARACTER),
            Some(Type::String | Type::Bytes) => {
                let item = self.item_size(target);
                size.times(Range::exactly(1).plus(item.by(PER_CHARACTER)))
            }
            Some(_) => size,
        }
    }

    /// The size of a list's items, where they are declared.
    fn item_size(&mut self, list: &IdedExpr) -> Range {
        let mut path = self.path(list);
        if path.is_empty() {
            return Range::UNKNOWN;
        }
        path.push("@items".to_owned());
        self.declared_size(&path).unwrap_or(Range::UNKNOWN)
    }

    fn joined(&mut self, list: &IdedExpr, separator: Option<&IdedExpr>) -> Range {
        let count = self.size_or_unknown(list);
        let texts = count.times(self.item_size(list));
        let Some(separator) = separator else { return texts };
        let separators = Range { min: count.min.saturating_sub(1), max: count.max.saturating_sub(1) };
        texts.plus(self.size_or_unknown(separator).times(separators))
    }
}

/// The size of a text in which parts are replaced.
fn replaced(size: Range, old: Range, new: Range) -> Range {
    let mut count = Range::default();
    let mut kept = Range::default();
    if old.min == 0 {
        // An empty part is around every character.
        count.max = size.max.saturating_add(1);
        kept.max = size.max;
    } else if new.max <= old.min {
        kept.max = size.max;
    } else {
        count.max = (size.max as f64 / old.min as f64).ceil() as u64;
    }
    if old.max == 0 {
        count.min = size.min.saturating_add(1);
        kept.min = size.min;
    } else if old.max <= new.min {
        kept.min = size.min;
    } else {
        count.min = (size.min as f64 / old.max as f64).ceil() as u64;
    }
    count.times(new).plus(kept)
}
