//! Places in an expression, and errors printed with the line they are in, as cel-go prints them.

use std::fmt;

/// Longer lines are not printed below an error.
const LONGEST_SNIPPET: usize = 16_384;

/// More errors than this are counted only.
const MOST_ERRORS: usize = 100;

/// A line, from 1, and a column, from 0, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: i64,
    pub column: i64,
}

impl Place {
    /// The place of an error that is about the whole expression.
    pub const NONE: Place = Place { line: -1, column: -1 };

    /// The place of the byte at `offset`.
    pub fn of_byte(source: &str, offset: usize) -> Place {
        let before = source.get(..offset).unwrap_or(source);
        let line = before.bytes().filter(|b| *b == b'\n').count() as i64 + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place { line, column: before[start..].chars().count() as i64 }
    }
}

/// One thing that is wrong with an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub place: Place,
    pub message: String,
}

/// Everything that is wrong with an expression; prints as cel-go does.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems {
    pub source: String,
    pub problems: Vec<Problem>,
}

impl Problems {
    /// Problems in the order of their places.
    pub fn new(source: &str, mut problems: Vec<Problem>) -> Problems {
        problems.sort_by_key(|problem| problem.place);
        Problems { source: source.to_owned(), problems }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().take(MOST_ERRORS).enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            self.print(problem, f)?;
        }
        match self.problems.len().checked_sub(MOST_ERRORS) {
            Some(more) if more > 0 => write!(f, "{more} more errors were truncated"),
            _ => Ok(()),
        }
    }
}

impl Problems {
    fn print(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = problem.place;
        write!(f, "ERROR: <input>:{line}:{}: {}", column + 1, problem.message)?;
        let Some(snippet) = usize::try_from(line - 1).ok().and_then(|line| self.source.split('\n').nth(line)) else {
            return Ok(());
        };
        if snippet.len() > LONGEST_SNIPPET {
            return Ok(());
        }
        let snippet = snippet.replace('\t', " ");
        write!(f, "\n | {snippet}\n | ")?;
        // A character that is not ASCII may be twice as wide, and so is what stands below it.
        let mut characters = snippet.chars();
        for character in characters.by_ref().take(usize::try_from(column).unwrap_or(0)) {
            f.write_str(if character.is_ascii() { "." } else { "\u{ff0e}" })?;
        }
        f.write_str(match characters.next() {
            Some(character) if !character.is_ascii() => "\u{ff3e}",
            _ => "^",
        })
    }
}
