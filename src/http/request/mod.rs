//! Reading a request: its path, its query, its body, and what the client accepts.

pub mod body;
pub mod negotiate;
pub mod path;
pub mod query;
