//! Who may come in, and as whom.

mod credentials;
mod limits;
mod server;
mod service_account_admission;
mod service_account_tokens;
