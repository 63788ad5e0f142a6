//! What all controllers share: queues, the runner, writes and events.

pub mod options;
pub mod queue;
pub mod recorder;
pub mod runner;
pub mod writes;
