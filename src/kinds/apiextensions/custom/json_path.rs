//! JSONPath as Kubernetes knows it: fields, items, slices, wildcards, filters and unions. Parsed once, found often.

use std::cmp::Ordering;

use serde_json::Value;

/// How deep filters may stand in filters.
const DEPTH_MAX: usize = 16;
/// How many values a path may lead to; more are not looked for, since only the first is shown.
const FOUND_MAX: usize = 10_000;

/// A path into an object.
#[derive(Clone, Debug)]
pub struct JsonPath(Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// The member of this name.
    Field(String),
    /// Items from one place to before another, each so many after the one before.
    Slice { from: Option<i64>, to: Option<i64>, by: i64 },
    /// The item at a place, from the end if it is negative.
    Item(i64),
    /// All members or items.
    Wildcard,
    /// The value and everything below it.
    Recursive,
    /// The items for which a comparison holds.
    Filter(Operand, Comparison, Operand),
    /// What several paths lead to.
    Union(Vec<Vec<Step>>),
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    /// What the path leads to from the item.
    Path(Vec<Step>),
    /// A text, a number or a boolean.
    Literal(Value),
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Parses a path such as `.spec.items[0].name`; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        steps(text.trim(), 0).map(Self)
    }

    /// The first value that the path leads to.
    pub fn first<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        eval(&self.0, vec![object])?.into_iter().next()
    }
}

fn steps(text: &str, depth: usize) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix(['$', '@']).unwrap_or(text);
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        match first {
            '[' => {
                let end = closing(rest)?;
                found.push(bracket(rest.get(1..end)?.trim(), depth)?);
                rest = &rest[end + 1..];
            }
            '.' => {
                rest = &rest[1..];
                if rest.starts_with('.') {
                    found.push(Step::Recursive);
                } else if let Some(after) = rest.strip_prefix('*') {
                    found.push(Step::Wildcard);
                    rest = after;
                } else if !rest.starts_with('[') {
                    let (name, after) = field(rest);
                    if !name.is_empty() {
                        found.push(Step::Field(name));
                    }
                    rest = after;
                }
            }
            '*' => {
                found.push(Step::Wildcard);
                rest = &rest[1..];
            }
            '{' | '}' | ']' | ')' => return None,
            _ => {
                let (name, after) = field(rest);
                found.push(Step::Field(name));
                rest = after;
            }
        }
    }
    Some(found)
}

/// A member's name up to the next step; a backslash takes the next character as it is.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
            '.' | '[' | ']' | '{' | '}' | ' ' | '(' | ')' => return (name, &text[at..]),
            c => name.push(c),
        }
    }
    (name, "")
}

/// Where the bracket closes that the text begins with.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (_, '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
    }
    None
}

fn bracket(inside: &str, depth: usize) -> Option<Step> {
    if let Some(filter) = inside.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return self::filter(filter.trim(), depth + 1);
    }
    let parts = split(inside);
    if parts.len() > 1 {
        let part = |part: &&str| Some(vec![bracket(part.trim(), depth)?]);
        return parts.iter().map(part).collect::<Option<_>>().map(Step::Union);
    }
    if inside == "*" {
        return Some(Step::Wildcard);
    }
    if let Some(name) = quoted(inside) {
        return Some(Step::Field(name));
    }
    slice(inside)
}

fn slice(text: &str) -> Option<Step> {
    let number = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<i64>().ok().map(Some) };
    match text.split(':').collect::<Vec<_>>()[..] {
        [""] => Some(Step::Wildcard),
        [item] => Some(Step::Item(item.parse().ok()?)),
        [from, to] => Some(Step::Slice { from: number(from)?, to: number(to)?, by: 1 }),
        [from, to, by] => {
            let by = number(by)?.unwrap_or(1);
            (by > 0).then_some(Step::Slice { from: number(from)?, to: number(to)?, by })
        }
        _ => None,
    }
}

fn filter(text: &str, depth: usize) -> Option<Step> {
    const SIGNS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    if depth > DEPTH_MAX {
        return None;
    }
    let at = outside_quotes(text, |rest| SIGNS.iter().any(|(sign, _)| rest.starts_with(sign)));
    let Some(at) = at else {
        return Some(Step::Filter(operand(text, depth)?, Comparison::Exists, Operand::Literal(Value::Null)));
    };
    let (sign, comparison) = SIGNS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
    let (left, right) = (&text[..at], &text[at + sign.len()..]);
    Some(Step::Filter(operand(left.trim(), depth)?, *comparison, operand(right.trim(), depth)?))
}

fn operand(text: &str, depth: usize) -> Option<Operand> {
    if let Some(text) = quoted(text) {
        return Some(Operand::Literal(text.into()));
    }
    match text {
        "" => None,
        "true" | "false" => Some(Operand::Literal((text == "true").into())),
        path if path.starts_with(['@', '$']) => steps(path, depth).map(Operand::Path),
        number => {
            let number: serde_json::Number = number.parse().ok()?;
            Some(Operand::Literal(number.into()))
        }
    }
}

/// The text between quotes, without the backslashes.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut out = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c if c == quote => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

/// Parts between commas that stand outside of quotes.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = outside_quotes(rest, |rest| rest.starts_with(',')) {
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    parts.push(rest);
    parts
}

fn outside_quotes(text: &str, matches: impl Fn(&str) -> bool) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, _) if matches(&text[at..]) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The values that steps lead to; `None` where Go's implementation fails.
fn eval<'a>(steps: &[Step], from: Vec<&'a Value>) -> Option<Vec<&'a Value>> {
    let mut values = from;
    for step in steps {
        let mut next = Vec::new();
        for value in values {
            take(step, value, &mut next)?;
            if next.len() >= FOUND_MAX {
                break;
            }
        }
        values = next;
    }
    Some(values)
}

fn take<'a>(step: &Step, value: &'a Value, found: &mut Vec<&'a Value>) -> Option<()> {
    match (step, value) {
        (Step::Field(name), value) => found.extend(value.get(name.as_str())),
        (Step::Wildcard, Value::Array(items)) => found.extend(items),
        (Step::Wildcard, Value::Object(members)) => found.extend(members.values()),
        (Step::Recursive, value) => descend(value, found),
        (Step::Union(paths), value) => {
            for path in paths {
                found.extend(eval(path, vec![value])?);
            }
        }
        (_, Value::Null) => {}
        (Step::Item(at), Value::Array(items)) => {
            let at = place(*at, items.len());
            found.push(items.get(usize::try_from(at).ok()?)?);
        }
        (Step::Slice { from, to, by }, Value::Array(items)) => {
            let from = place(from.unwrap_or_default(), items.len());
            let to = to.map_or(items.len() as i64, |to| place(to, items.len()));
            let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?.min(items.len()));
            found.extend(items.get(from..to).unwrap_or_default().iter().step_by(usize::try_from(*by).ok()?));
        }
        (Step::Filter(left, comparison, right), Value::Array(items)) => {
            for item in items {
                if holds(left, *comparison, right, item)? {
                    found.push(item);
                }
            }
        }
        (Step::Item(_) | Step::Slice { .. } | Step::Filter(..), _) => return None,
        (Step::Wildcard, _) => {}
    }
    Some(())
}

/// A place in a list; negative ones count from the end.
fn place(at: i64, len: usize) -> i64 {
    if at < 0 { at + len as i64 } else { at }
}

fn descend<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if found.len() >= FOUND_MAX {
            return;
        }
        found.push(value);
        match value {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(members) => open.extend(members.values().rev()),
            _ => {}
        }
    }
}

fn holds(left: &Operand, comparison: Comparison, right: &Operand, item: &Value) -> Option<bool> {
    let left = resolve(left, item)?;
    if comparison == Comparison::Exists {
        return Some(!left.is_empty());
    }
    let right = resolve(right, item)?;
    let ([left], [right]) = (&left[..], &right[..]) else { return Some(false) };
    let order = match (left, right) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?)?,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => return None,
    };
    Some(match comparison {
        Comparison::Exists => true,
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

fn resolve<'a>(operand: &'a Operand, item: &'a Value) -> Option<Vec<&'a Value>> {
    match operand {
        Operand::Path(steps) => eval(steps, vec![item]),
        Operand::Literal(value) => Some(vec![value]),
    }
}
