//! Pages outside the resources: discovery, OpenAPI, health, version.

pub mod description;
pub mod discovery;
pub mod docs;
pub mod document;
pub mod groups;
pub mod health;
pub mod index;
pub mod metrics;
pub mod openapi;
pub mod openapi_pages;
pub mod openid;
pub mod version;
