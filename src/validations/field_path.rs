//! `fieldPath` of a rule: the field below the value that is at fault, as a simple JSON path.

use std::str::Chars;

use crate::{
    object::Path,
    schema::{Form, Type},
};

/// Reads `.a.b['c d']` along the type; `None` if it leads nowhere. The path that errors show is relative to the value.
pub fn parse(text: &str, ty: &Type) -> Option<Path> {
    let mut path = Path::default();
    let mut ty = ty;
    let mut rest = text.chars();
    while let Some(first) = rest.next() {
        let name = match first {
            '.' => name(&mut rest)?,
            '[' => quoted(&mut rest)?,
            _ => return None,
        };
        (path, ty) = match &ty.form {
            Form::Object(object) => (path.child(&name), &object.field(&name)?.ty),
            Form::Map(values) => (path.key(&name), &**values),
            _ => return None,
        };
    }
    Some(path)
}

fn name(rest: &mut Chars<'_>) -> Option<String> {
    let text = rest.as_str();
    let end = text.find(['.', '[', ']']).unwrap_or(text.len());
    *rest = text[end..].chars();
    (end > 0).then(|| text[..end].to_owned())
}

/// `'a b']`, after the opening bracket.
fn quoted(rest: &mut Chars<'_>) -> Option<String> {
    let mut name = String::new();
    if rest.next() != Some('\'') {
        return None;
    }
    loop {
        match rest.next()? {
            '\'' => break,
            '\\' => name.push(rest.next().filter(|next| ['\'', '\\'].contains(next))?),
            other => name.push(other),
        }
    }
    (rest.next() == Some(']')).then_some(name)
}
