//! Calls of webhooks: one HTTPS client for admission and conversion, with the errors of kube-apiserver's own client; and
//! the converter that calls them.
//!
//! A webhook is named by a URL or by a service of the cluster, and is trusted by its configuration's CA bundle or the
//! system's roots. Connections are kept. Nothing is made before the first call.

mod client;
mod connect;
mod convert;
mod destination;
mod redirect;
mod response;
mod review;
mod trust;

pub use client::{Client, Deadline};
pub use connect::Services;
pub use convert::{Ids, WebhookConverter};
pub use destination::Destination;
pub use response::Error;
pub use review::{Form, Review, VERSIONS};
