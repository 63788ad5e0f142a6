//! Devices, and claims for them.

mod claim_spec;
mod config;
mod constraint;
mod layout;
mod request;
mod selector;

kinds! {
    device_class,
    resource_claim,
    resource_claim_template,
    resource_slice,
}
