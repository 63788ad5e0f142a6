//! kubedouble: a test double for the Kubernetes API server, complete around core/v1 Services.
//!
//! Rooms, in reading order; an arrow points at what a room may use (`tests/it/tidy.rs` holds the table):
//!
//! ```text
//! main ─ server ─ config          composition root; the only reader of flags and environment
//!    │
//!    ├── http                     axum: paths, negotiation, watch streams, discovery, health, metrics
//!    │     └── identity           tokens, certificates, impersonation, TLS
//!    ├── controllers              in-process clients
//!    ├── definitions              the kinds that definitions make
//!    ▼
//!   world                         informers and indexes
//!   verbs                         what can be done to any kind, once
//!    ├── webhook                  calls of webhooks
//!    ├── kinds                    one file per kind
//!    ├── merge                    pure: JSON patch, merge patch, strategic merge, apply
//!    ├── wire                     pure: JSON, YAML, protobuf, tables, partial metadata
//!    ├── validations              pure: the rules of custom kinds, compiled and checked
//!    ├── structural               pure: schemas of custom kinds: refusals, pruning, defaults, validation
//!    ├── schema                   pure: what every field of every kind is
//!    ├── cel                      pure: the language of rules, its checker, costs and libraries
//!    ├── store                    revisions, history, snapshots, watch cursors, durable log
//!    ▼
//!   object                        pure vocabulary
//!    ▼
//!   text                          pure: how Go writes things
//! ```

pub mod cel;
pub mod config;
pub mod controllers;
pub mod definitions;
pub mod http;
pub mod identity;
pub mod kinds;
pub mod merge;
pub mod object;
pub mod schema;
pub mod server;
pub mod store;
pub mod structural;
pub mod text;
pub mod validations;
pub mod verbs;
pub mod webhook;
pub mod wire;
pub mod world;
