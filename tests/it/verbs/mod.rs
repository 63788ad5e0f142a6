//! What verbs promise for every kind.

mod admission;
mod concurrency;
mod connect;
mod eviction;
mod pagination;
mod watch;
