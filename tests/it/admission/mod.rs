//! Admission by programs outside: webhooks over a real socket, and what becomes of what they say.

mod audit;
mod calls;
mod failures;
mod hook;
mod library;
mod mutating_policies;
mod policies;
mod stored_policies;
mod type_checking;
mod versions;
