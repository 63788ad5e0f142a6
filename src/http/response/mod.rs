//! Writing a response: objects, lists, tables, watch streams.

pub mod flow;
pub mod holding;
pub mod list;
pub mod list_meta;
pub mod partial;
pub mod reply;
pub mod spliced;
pub mod table;
pub mod watch;
pub mod websocket;
