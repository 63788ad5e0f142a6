//! Services: defaults, transitions, allocation.

mod addresses;
mod allocation;
mod defaults;
mod tables;
mod undecodable;
mod updates;
mod world;
