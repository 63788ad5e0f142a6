//! What all controllers share: the runner, work queues and writes.

pub mod controller;
pub mod options;
pub mod runner;
pub mod throttle;
pub mod workqueue;
pub mod writes;
