//! What verbs promise for every kind.

mod admission;
mod concurrency;
mod connect;
mod pagination;
mod watch;
