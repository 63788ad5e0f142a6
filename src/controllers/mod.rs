//! Clients that live inside the server: each follows some kinds and brings others in line with them.
//!
//! A controller sees the API through [`crate::verbs::Api`] like any other client, so nothing it writes escapes
//! defaulting, validation and conflicts.

pub mod engine;
mod services;
pub mod simulation;
pub mod upkeep;
mod workloads;

pub use crate::controllers::engine::options::{Options, names};
pub use crate::controllers::engine::runner::{Handle, Keys, Runner, start, start_all};
pub use crate::controllers::services::load_balancers::{LoadBalancing, Timing};
pub use crate::controllers::simulation::options::Simulation;
pub use crate::controllers::upkeep::api_server::ApiServer;
