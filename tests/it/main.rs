//! One test binary.

mod admission;
mod cel;
mod client;
mod contract;
mod controllers;
mod custom;
mod harness;
mod http;
mod identity;
mod kinds;
mod merge;
mod object;
mod program;
mod quota;
mod service;
mod store;
mod structural;
mod text;
mod tidy;
mod validations;
mod verbs;
mod wire;
mod writes;
