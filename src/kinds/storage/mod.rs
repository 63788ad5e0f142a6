//! Storage: classes, volumes, claims for them, and the drivers behind.

mod access_modes;
pub mod claim_spec;
pub mod driver_name;
mod protection;

kinds! {
    persistent_volume,
    persistent_volume_claim,
    storage_class,
}
