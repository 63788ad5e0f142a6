//! Why a program ends before it does its work.

/// Why a program ends before it does its work: it was asked to say something, or asked in a wrong way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// What it says, on standard output if the code is 0.
    pub text: String,
    /// The code it ends with.
    pub code: u8,
}

impl Exit {
    /// What was asked for has been said.
    pub fn said(text: &str) -> Self {
        Self { text: text.to_owned(), code: 0 }
    }

    /// It was asked in a wrong way, as a program made with cobra says so.
    pub fn refused(why: &str) -> Self {
        Self { text: format!("Error: {why}\n"), code: 1 }
    }
}
