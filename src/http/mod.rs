//! The Kubernetes API over HTTP: paths, parameters, negotiation, answers, watch streams, and the pages around them.
//!
//! A request goes through [`router`], is placed by [`path`], read by [`query`], [`negotiate`] and [`body`], turned
//! into a verb by [`resource`], and answered by [`reply`], [`list`], [`watch`] or [`websocket`].

pub mod audit;
pub mod body;
pub mod discovery;
pub mod gate;
mod header_timer;
pub mod health;
pub mod list;
pub mod metrics;
pub mod negotiate;
pub mod openapi;
pub mod openid;
pub mod pages;
pub mod partial;
pub mod path;
pub mod query;
pub mod reply;
pub mod request_info;
pub mod resource;
pub mod router;
pub mod serve;
mod spliced;
pub mod table;
pub mod version;
pub mod watch;
pub mod websocket;

pub use audit::AuditLog;
pub use gate::Gate;
pub use router::{App, Documents, Settings, Surface};
pub use serve::{Listeners, Service, serve, service};
