//! The Kubernetes API over HTTP: paths, parameters, negotiation, answers, watch streams, and the pages around them.
//!
//! A request goes through [`router`], is placed by [`path`], read by [`query`], [`negotiate`] and [`body`], turned
//! into a verb by [`resource`], and answered by [`reply`], [`list`], [`watch`] or [`websocket`].

pub mod answer;
pub mod front;
pub mod pages;
pub mod request;
pub mod resource;
pub mod router;

pub use crate::http::front::audit::AuditLog;
pub use crate::http::front::gate::Gate;
pub use crate::http::front::serve::{Listeners, Service, serve, service};
pub use router::{App, Documents, Settings, Surface};
