//! How Go writes things and reads them: quoted strings, durations, quantities, times, numbers, `%v`, `%T`, JSON,
//! percent encoding, URLs.
//!
//! kube-apiserver is a Go program, and clients see it: its errors quote and print values, its objects hold durations and
//! quantities. The functions here know nothing of Kubernetes' objects.

pub mod duration;
pub mod float;
pub mod integer;
pub mod json;
pub mod json_parser;
pub mod node;
pub mod percent;
pub mod print;
pub mod quantity;
mod quote;
pub mod time;
mod type_names;
pub mod url;

pub use json::go_json;
pub use print::go_print;
pub use quote::go_quote;
pub use type_names::{go_type, json_type};
