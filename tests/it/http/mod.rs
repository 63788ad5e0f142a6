//! Paths, negotiation, pages and streams.

mod content;
mod discovery;
mod docs;
mod limits;
mod negotiate;
mod openapi;
mod openapi_files;
mod path;
mod pool;
mod query;
mod source;
mod surface;
mod websocket;
