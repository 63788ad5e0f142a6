//! What goes wrong when an expression runs.

use std::fmt;

/// An error of evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The expression failed; `||`, `&&` and conditionals may absorb it.
    Failed,
    /// It cost more than it may; nothing absorbs that.
    TooExpensive,
    /// It was told to stop.
    Interrupted,
}

impl Error {
    pub fn new(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Failed, message: message.into() }
    }

    pub fn too_expensive() -> Error {
        let message = "operation cancelled: actual cost limit exceeded".to_owned();
        Error { kind: ErrorKind::TooExpensive, message }
    }

    pub fn interrupted() -> Error {
        Error { kind: ErrorKind::Interrupted, message: "operation interrupted".to_owned() }
    }

    pub fn no_such_overload() -> Error {
        Error::new("no such overload")
    }

    pub fn no_such_key(key: impl fmt::Display) -> Error {
        Error::new(format!("no such key: {key}"))
    }

    pub fn conversion(from: &str, to: &str) -> Error {
        Error::new(format!("type conversion error from '{from}' to '{to}'"))
    }

    /// Whether `||`, `&&` and conditionals may go on after it.
    pub fn can_be_absorbed(&self) -> bool {
        self.kind == ErrorKind::Failed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
