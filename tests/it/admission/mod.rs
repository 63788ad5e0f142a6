//! Admission by programs outside: webhooks over a real socket, and what becomes of what they say.

mod calls;
mod failures;
mod hook;
mod policies;
