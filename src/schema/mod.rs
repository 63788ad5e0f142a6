//! What every field of every kind is: types, list kinds, keys, protobuf numbers and descriptions. Data, no behaviour.

mod describe;
mod facts;
mod message;
pub mod openapi;

pub use describe::description;
pub use facts::{by_gvk, message, messages};
pub use message::{Embedded, Field, Form, ListType, Message, Type, Union};
