//! The program as a process.

mod assets;
mod command_line;
pub mod process;
