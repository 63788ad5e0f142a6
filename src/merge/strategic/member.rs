//! What the schema says about the members of a map that is being merged.

use crate::{
    object::status::{Result, Status},
    schema::{Field, Form, ObjectType},
    text::go_quote,
};

/// What a map that is being merged holds.
#[derive(Clone, Copy)]
pub(super) enum Members<'a> {
    /// Known members.
    Of(&'a ObjectType),
    /// Members that are all alike, or of which nothing is known.
    Any,
}

/// What a member of a map is, and how it merges.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    /// `merge` or `replace`, where a strategy is declared.
    pub strategy: Option<&'static str>,
    /// The member that identifies a list item.
    pub merge_key: Option<&'static str>,
    /// What the value itself holds, or each of its items if it is a list.
    pub members: Members<'a>,
}

impl<'a> Members<'a> {
    /// The member of this name; the error is that of a directive for a list that does not exist.
    pub fn member(self, name: &str) -> Result<Member<'a>> {
        let Members::Of(object) = self else { return Ok(Member::UNKNOWN) };
        let Some(field) = object.field(name) else {
            let (of, field) = (object.short_name(), go_quote(name));
            return Err(Status::untyped(format!("unable to find api field in struct {of} for the json field {field}")));
        };
        Ok(Member::of(field))
    }
}

impl<'a> Member<'a> {
    const UNKNOWN: Self = Self { strategy: None, merge_key: None, members: Members::Any };

    fn of(field: &'a Field) -> Self {
        let object = match &field.ty.form {
            Form::List(list) => list.items.object(),
            _ => field.ty.object(),
        };
        Self {
            strategy: field.patch.and_then(|all| all.split(',').find(|strategy| *strategy != "retainKeys")),
            merge_key: field.merge_key,
            members: object.map_or(Members::Any, Members::Of),
        }
    }
}
