//! What verbs promise for every kind.

mod concurrency;
mod pagination;
mod watch;
