//! What a kind is to the engine: its definition, its strategy, and what strategies may ask.

pub mod admission;
pub mod allocator;
pub mod authority;
pub mod column;
pub mod connection;
pub mod conversion;
pub mod def;
pub mod strategy;
pub mod subresource;
pub mod verb;
