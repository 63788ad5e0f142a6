//! `AlwaysAdmit` and `AlwaysDeny`: everything, and nothing.

use std::future::ready;

use super::forbidden;
use crate::verbs::{
    Api,
    admission::{Admission, Attributes, Review, Verdict},
};

/// The plugin that refuses nothing.
pub struct AlwaysAdmit;

impl Admission for AlwaysAdmit {
    fn name(&self) -> &'static str {
        "AlwaysAdmit"
    }
}

/// Who the server itself is: without what it writes when it starts, nobody could ask it anything.
const SELF: &str = "system:apiserver";

/// The plugin that refuses every change.
pub struct AlwaysDeny;

impl Admission for AlwaysDeny {
    fn name(&self) -> &'static str {
        "AlwaysDeny"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.caller.user.name != SELF
    }

    fn mutate<'a, 'r: 'a>(&'a self, _api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(Err(forbidden(review, "admission control is denying all modifications"))))
    }
}
