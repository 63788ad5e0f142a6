//! Custom resources, through the front door.

mod instances;
mod life;
mod support;
mod versions;
