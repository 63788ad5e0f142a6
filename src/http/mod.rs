//! The Kubernetes API over HTTP: paths, parameters, negotiation, answers, watch streams, and the pages around them.
//!
//! A request goes through [`router`], is placed by [`path`], read by [`query`], [`negotiate`] and [`body`], turned
//! into a verb by [`resource`], and answered by [`reply`], [`list`], [`watch`] or [`websocket`].

pub mod body;
pub mod discovery;
pub mod health;
pub mod list;
pub mod metrics;
pub mod negotiate;
pub mod openapi;
pub mod pages;
pub mod partial;
pub mod path;
pub mod query;
pub mod reply;
pub mod resource;
pub mod router;
pub mod serve;
pub mod table;
pub mod version;
pub mod watch;
pub mod websocket;

pub use router::{App, Settings, router};
pub use serve::{Service, serve, service};
