//! What all controllers share: the runner, work queues, writes and events.

pub mod controller;
pub mod options;
pub mod recorder;
pub mod runner;
pub mod throttle;
pub mod workqueue;
pub mod writes;
