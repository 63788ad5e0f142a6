//! CEL, the language of rules: Kubernetes' dialect of it, with its function libraries, its costs and its error texts.
//!
//! A [`Program`] is compiled once, against the variables that an [`Environment`] declares, and evaluated any number of
//! times, straight on JSON. The `cel` crate's syntax tree is the only tree: the checker, the cost estimate and the
//! evaluation walk over it.

mod check;
pub mod cost;
mod declared;
mod environment;
mod error;
mod evaluate;
pub mod library;
mod library_type;
mod parse;
mod source;
mod types;
mod value;

pub use check::Checked;
pub use declared::{Declared, Field, LARGEST_REQUEST, ObjectType, Ordering, Shape};
pub use environment::Environment;
pub use error::{Error, ErrorKind};
pub use evaluate::{Bindings, Budget, PER_CALL_LIMIT, PER_REQUEST_LIMIT};
pub use library_type::LibraryType;
pub use parse::{escape, is_identifier};
pub use source::{Place, Problem, Problems};
pub use types::Type;
pub use value::{Key, List, Map, Text, Value};

use cost::Range;

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    checked: Checked,
    cost: Range,
}

impl Program {
    /// Parses and checks an expression, and estimates what it costs.
    pub fn compile(source: &str, environment: &Environment) -> Result<Program, Problems> {
        let checked = check::check(parse::parse(source)?, environment)?;
        let cost = cost::estimate(&checked, environment);
        Ok(Program { checked, cost })
    }

    /// The text that was compiled.
    pub fn source(&self) -> &str {
        &self.checked.parsed.source
    }

    /// The type of the result.
    pub fn result_type(&self) -> &Type {
        self.checked.type_of(&self.checked.parsed.root)
    }

    /// What it costs, as estimated from the declarations.
    pub fn estimated_cost(&self) -> Range {
        self.cost
    }

    /// Whether the expression uses a variable.
    pub fn uses(&self, variable: &str) -> bool {
        self.checked.uses(variable)
    }

    /// Evaluates the expression.
    pub fn evaluate<'a>(&'a self, bindings: &dyn Bindings<'a>, budget: &mut Budget<'_>) -> Result<Value<'a>, Error> {
        evaluate::evaluate(&self.checked, bindings, budget)
    }
}

/// Stack that is left before more is taken, and how much more.
const LEAST_STACK: usize = 96 * 1024;
const MORE_STACK: usize = 2 * 1024 * 1024;

/// Runs a step of a walk over a tree, which may be deep, with enough stack.
fn deep<T>(step: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(LEAST_STACK, MORE_STACK, step)
}
