//! YAML as Kubernetes reads and writes it: YAML 1.1 scalars, JSON's data model, sorted keys.

mod read;
mod resolve;
mod write;

pub use read::{Document, parse};
pub use write::to_yaml;
