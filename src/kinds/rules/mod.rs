//! Rules that several kinds share.

pub mod check;
pub mod checks;
pub mod conditions;
pub mod diff;
pub mod fill;
pub mod go_struct;
pub mod ip;
pub mod metadata;
pub mod metadata_errors;
pub mod resources;
pub mod same;
pub mod share;
pub mod typed;
