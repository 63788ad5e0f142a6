//! From text to a syntax tree. The grammar and its errors are those of the `cel` crate; this adds Kubernetes' macros and
//! limits, and cel-go's places.

mod depth;
mod escape;
mod expected;
mod macros;

use std::sync::LazyLock;

use cel::Env;
use cel::common::ast::{IdedExpr, SourceInfo};

pub use escape::{escape, is_identifier};
pub use macros::{ACCUMULATOR, MAP_INSERT};

use super::source::{Place, Problem, Problems};

/// The longest expression, in characters.
const LONGEST_EXPRESSION: usize = 100_000;

/// How deeply expressions may be nested.
const DEEPEST_EXPRESSION: usize = 250;

/// Stack that the parser takes for one level of nesting. Only a build without optimization comes near it.
const STACK_PER_LEVEL: usize = 256 * 1024;

/// The least stack that the parser gets.
const LEAST_STACK: usize = 1024 * 1024;

/// How often the parser goes on after a syntax error.
const MOST_RECOVERIES: u32 = 30;

static ENVIRONMENT: LazyLock<Env> = LazyLock::new(|| {
    let mut environment = Env::stdlib().with_optional_support(true);
    for each in macros::all() {
        environment.add_macro(each).expect("no two macros are for the same calls");
    }
    environment
});

/// A syntax tree and where its nodes are.
#[derive(Debug)]
pub struct Parsed {
    pub root: IdedExpr,
    pub source: String,
    info: SourceInfo,
}

impl Parsed {
    /// Where a node is.
    pub fn place(&self, id: u64) -> Place {
        match self.info.offset_for(id) {
            Some((start, _)) => Place::of_byte(&self.source, start as usize),
            None => Place::NONE,
        }
    }
}

/// Parses an expression.
pub fn parse(source: &str) -> Result<Parsed, Problems> {
    let size = source.chars().count();
    if size > LONGEST_EXPRESSION {
        let message = format!("expression code point size exceeds limit: size: {size}, limit {LONGEST_EXPRESSION}");
        return Err(whole(source, message));
    }
    let depth = depth::of(source);
    if depth > DEEPEST_EXPRESSION {
        return Err(whole(source, format!("expression recursion limit exceeded: {DEEPEST_EXPRESSION}")));
    }
    let stack = LEAST_STACK + depth * STACK_PER_LEVEL;
    let parsed = stacker::maybe_grow(stack, stack, || {
        let parser = ENVIRONMENT.parser().max_recursion_depth(u16::MAX).error_recovery_limit(MOST_RECOVERIES);
        parser.parse_with_source_info(source)
    });
    match parsed {
        Ok((root, info)) => Ok(Parsed { root, source: source.to_owned(), info }),
        Err(errors) => Err(problems(source, errors)),
    }
}

fn whole(source: &str, message: String) -> Problems {
    Problems::new(source, vec![Problem { place: Place::NONE, message }])
}

/// Syntax errors in cel-go's places. After one, the crate also tells which parts of its own tree are incomplete.
fn problems(source: &str, errors: cel::ParseErrors) -> Problems {
    let is_syntax = |message: &str| message.starts_with("Syntax error:");
    let has_syntax = errors.errors.iter().any(|error| is_syntax(&error.msg));
    let kept = errors.errors.into_iter().filter(|error| !has_syntax || is_syntax(&error.msg));
    let problem = |error: cel::ParseError| {
        let (line, column) = error.pos;
        let place = Place { line: line as i64, column: column as i64 - 1 };
        let message = expected::reworded(source, place, error.msg);
        Problem { place, message }
    };
    Problems::new(source, kept.map(problem).collect())
}
