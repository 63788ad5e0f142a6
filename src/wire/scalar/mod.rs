//! Values that are strings or numbers in JSON but have rules of their own: times, durations, quantities.

pub mod duration;
pub mod float;
pub mod quantity;
pub mod time;
