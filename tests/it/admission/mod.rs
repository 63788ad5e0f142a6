//! Admission: webhooks over a real socket and what becomes of what they say, policies, and the plugins of the server.

mod calls;
mod classes;
mod failures;
mod hook;
mod optional;
mod pod_security;
mod policies;
