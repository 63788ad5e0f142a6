//! What verbs promise for every kind.

mod admission;
mod concurrency;
mod pagination;
mod watch;
