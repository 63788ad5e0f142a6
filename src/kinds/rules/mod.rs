//! Rules that several kinds share.

pub mod check;
pub mod fill;
pub mod ip;
