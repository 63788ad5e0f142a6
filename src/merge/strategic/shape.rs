//! What the schema says about the members of a map that is being merged.

use crate::{
    object::status::{Result, Status},
    schema::{Field, Form, Message},
    text::go_quote,
};

/// What a map is.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// An API type with known members.
    Message(&'static Message),
    /// Something whose members are all alike, or unknown.
    Other,
}

/// What a member of a map is, and how it merges.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// `merge` or `replace`, where a strategy is declared.
    pub strategy: Option<&'static str>,
    /// The member that identifies a list item.
    pub merge_key: Option<&'static str>,
    /// The value itself, or the items if it is a list.
    pub shape: Shape,
}

impl Shape {
    /// The member of this name; the error is that of a directive for a list that does not exist.
    pub fn member(self, name: &str) -> Result<Member> {
        let Shape::Message(message) = self else { return Ok(Member::UNKNOWN) };
        let Some(field) = message.field(name) else {
            let (of, field) = (message.short_name(), go_quote(name));
            return Err(Status::untyped(format!("unable to find api field in struct {of} for the json field {field}")));
        };
        Ok(Member::of(field))
    }
}

impl Member {
    const UNKNOWN: Self = Self { strategy: None, merge_key: None, shape: Shape::Other };

    fn of(field: &'static Field) -> Self {
        let message = field.message().filter(|message| !field.map && message.form == Form::Object);
        Self {
            strategy: field.patch.and_then(|all| all.split(',').find(|strategy| *strategy != "retainKeys")),
            merge_key: field.merge_key,
            shape: message.map_or(Shape::Other, Shape::Message),
        }
    }
}
