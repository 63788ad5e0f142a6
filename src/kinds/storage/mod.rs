//! Storage: classes, volumes, claims for them, and the drivers behind.

mod access_modes;
pub mod claim_spec;
pub mod driver_name;
mod protection;

kinds! {
    csi_driver,
    csi_node,
    csi_storage_capacity,
    persistent_volume,
    persistent_volume_claim,
    storage_class,
    volume_attachment,
    volume_attributes_class,
}
