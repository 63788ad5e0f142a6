//! Admission: webhooks over a real socket and what becomes of what they say, policies, and the plugins of the server.

mod audit;
mod calls;
mod classes;
mod failures;
mod hook;
mod library;
mod mutating_policies;
mod optional;
mod pod_security;
mod policies;
mod stored_policies;
mod type_checking;
mod versions;
