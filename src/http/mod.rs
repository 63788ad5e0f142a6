//! The Kubernetes API over HTTP: paths, parameters, negotiation, responses, watch streams, and the pages around them.
//!
//! A request comes in through [`front`], is routed by [`router`] to a page of [`pages`] or to [`resource`], which
//! reads it with [`request`], calls a verb of the API, and writes the result with [`response`].

pub mod app;
pub mod front;
pub mod pages;
pub mod pool;
pub mod request;
pub mod resource;
pub mod response;
pub mod router;

pub use crate::http::front::audit::AuditLog;
pub use crate::http::front::audit_file::{RotatedFile, Rotation};
pub use crate::http::front::audit_policy::Policy;
pub use crate::http::front::gate::Gate;
pub use crate::http::front::in_flight::InFlight;
pub use crate::http::front::serve::{Listeners, Service, serve, service};
pub use crate::http::front::source::Hosts;
pub use app::{App, Documents, Settings};
pub use router::Surface;
