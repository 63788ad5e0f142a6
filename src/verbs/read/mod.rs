//! What reads share: selectors, `continue` tokens, the forms of a stored object, and the feed of all changes.

pub(super) mod continuation;
pub(super) mod feed;
pub(super) mod selection;
pub(super) mod stored;
