//! What the controllers do, seen through the API.

mod disruption;
mod endpoints;
mod garbage;
mod history;
mod load_balancers;
mod many;
mod rest;
mod service_cidrs;
mod settled;
mod simulate;
mod slices;
pub mod support;
mod template_hash;
mod time;
mod upkeep;
