//! The configurations of webhooks, and admission policies.

pub mod client_config;
mod match_condition;
pub mod policy;
mod rule;
mod webhook;

kinds! {
    mutating_webhook_configuration,
    validating_webhook_configuration,
}
