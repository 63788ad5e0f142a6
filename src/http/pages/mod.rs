//! Pages outside the resources: discovery, OpenAPI, health, version.

pub mod discovery;
pub mod handlers;
pub mod health;
pub mod openapi;
pub mod openid;
pub mod version;
