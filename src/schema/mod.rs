//! What every field of every kind is, as one tree of types for built-in and custom kinds: forms, list kinds, keys,
//! protobuf numbers, defaults and descriptions. Data, no behaviour.

mod defaults;
mod describe;
mod facts;
mod former;
mod from_open_api;
mod object;
pub mod openapi;
mod rules;
mod text;
mod types;

pub use defaults::{fill_defaults, fill_missing, fill_object};
pub use describe::description;
pub use facts::{built_in, built_ins, by_gvk, internal_package};
pub use former::former_home;
pub use from_open_api::{CustomKind, Unstructural, custom_kind, from_open_api};
pub use object::{Embedded, Field, Model, ObjectRef, ObjectType, Union};
pub use rules::{Bound, Nested, Range, Rules, Validation};
pub use text::Text;
pub use types::{Either, Form, List, ListKind, Type};
