//! Who is asked about writes: webhooks, and what they are asked about.

pub mod expressions;
pub mod client_config;
mod match_condition;
mod rule;
mod webhook;

kinds! {
    mutating_webhook_configuration,
    validating_webhook_configuration,
}
