//! What a connection and a request pass before they are placed: listeners, the gate, the audit log, metrics.

pub mod audit;
pub mod audit_file;
pub mod audit_policy;
pub mod gate;
pub mod header_timer;
pub mod in_flight;
pub mod metrics;
pub mod protocol;
pub mod request_info;
pub mod serve;
pub mod source;
