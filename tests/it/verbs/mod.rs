//! What verbs promise for every kind.

mod admission;
mod concurrency;
mod eviction;
mod pagination;
mod watch;
