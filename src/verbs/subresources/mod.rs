//! Subresources that are more than a part of their object: forms of it, and requests about it.

pub(super) mod form;
pub(super) mod request;
