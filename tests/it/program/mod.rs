//! The program as a process.

mod command_line;
pub mod process;
