//! CustomResourceDefinition, and the kinds that definitions make.

mod approval;
pub mod conditions;
pub mod custom;
mod defaults;
pub mod naming;
pub mod spec;
mod validation;

kinds! {
    custom_resource_definition,
}
