//! Label selectors: `app=web,tier in (a,b),!legacy`.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

use super::lexer::{Kind, Token, tokens};
use crate::object::{
    field::{FieldError, Path, aggregate},
    meta::{self, Object},
    names,
};
use crate::text::go_quote;

/// Requirements that an object's labels must all meet. The empty selector matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// How the label is compared.
    pub operator: Operator,
    /// What it is compared with, sorted and without duplicates; empty for the operators on existence.
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `key in (a,b)`
    In,
    /// `key notin (a,b)`
    NotIn,
    /// `key=a`
    Equals,
    /// `key==a`
    DoubleEquals,
    /// `key!=a`
    NotEquals,
    /// `key>1`
    GreaterThan,
    /// `key<1`
    LessThan,
    /// `key`
    Exists,
    /// `!key`
    DoesNotExist,
}

impl LabelSelector {
    /// Parses a selector; the error is the text of the 400 that refuses it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text);
        let mut requirements = Parser { tokens: &tokens, at: 0 }.selector()?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements })
    }

    /// Reads a `meta/v1.LabelSelector`.
    pub fn of_object(selector: &Value) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for (key, value) in meta::map(selector, &["matchLabels"]).into_iter().flatten() {
            let value = BTreeSet::from_iter(value.as_str());
            requirements.push(Requirement::checked(key, Operator::In, value)?);
        }
        for expression in meta::items(selector, &["matchExpressions"]) {
            let operator = match meta::text(expression, &["operator"]) {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => return Err(format!("{} is not a valid label selector operator", go_quote(other))),
            };
            let values: BTreeSet<_> = meta::items(expression, &["values"]).iter().filter_map(Value::as_str).collect();
            let compares = matches!(operator, Operator::In | Operator::NotIn);
            if compares == values.is_empty() {
                let rule = if compares {
                    "for 'in', 'notin' operators, values set can't be empty"
                } else {
                    "values set must be empty for exists and does not exist"
                };
                return Err(rule.to_owned());
            }
            requirements.push(Requirement::checked(meta::text(expression, &["key"]), operator, values)?);
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements })
    }

    /// The requirements, sorted by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether every object matches.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether labels, sorted by key, meet every requirement.
    pub fn matches(&self, labels: &[(String, String)]) -> bool {
        self.requirements.iter().all(|requirement| {
            let found = labels.binary_search_by(|(key, _)| key.as_str().cmp(&requirement.key));
            requirement.accepts(found.ok().map(|i| labels[i].1.as_str()))
        })
    }

    /// Whether labels held as a JSON object meet every requirement.
    pub fn matches_map(&self, labels: Option<&Object>) -> bool {
        self.requirements.iter().all(|requirement| {
            let value = labels.and_then(|labels| labels.get(&requirement.key));
            requirement.accepts(value.and_then(|value| value.as_str()))
        })
    }
}

impl Requirement {
    fn accepts(&self, label: Option<&str>) -> bool {
        let listed = || label.is_some_and(|label| self.values.iter().any(|value| value == label));
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => listed(),
            Operator::NotIn | Operator::NotEquals => !listed(),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => self.numbers(label).is_some_and(|(label, bound)| label > bound),
            Operator::LessThan => self.numbers(label).is_some_and(|(label, bound)| label < bound),
        }
    }

    fn numbers(&self, label: Option<&str>) -> Option<(i64, i64)> {
        Some((label?.parse().ok()?, self.values.first()?.parse().ok()?))
    }

    /// The error is the text that follows `unable to parse requirement: `.
    fn checked(key: &str, operator: Operator, values: BTreeSet<&str>) -> Result<Self, String> {
        let path = Path::new("values");
        let mut errors = Vec::new();
        let wrong = names::qualified_name(key);
        if !wrong.is_empty() {
            errors.push(FieldError::invalid(&Path::new("key"), key, &wrong.join("; ")));
        }
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
            for (i, value) in values.iter().enumerate().filter(|(_, value)| value.parse::<i64>().is_err()) {
                let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.push(FieldError::invalid(&path.index(i), *value, detail));
            }
        }
        for (i, value) in values.iter().enumerate() {
            let wrong = names::label_value(value);
            if !wrong.is_empty() {
                errors.push(FieldError::invalid(&path.index(i).key(key), *value, &wrong.join("; ")));
            }
        }
        if !errors.is_empty() {
            return Err(aggregate(&errors));
        }
        Ok(Self { key: key.to_owned(), operator, values: values.into_iter().map(str::to_owned).collect() })
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
        }
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Parser<'a> {
    fn selector(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        match self.peek().kind {
            Kind::End => return Ok(requirements),
            Kind::Word | Kind::Not => {}
            _ => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", self.peek().text)),
        }
        loop {
            requirements.push(self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?);
            let separator = self.take();
            match separator.kind {
                Kind::End => return Ok(requirements),
                Kind::Comma => {}
                _ => return Err(format!("found '{}', expected: ',' or 'end of string'", separator.text)),
            }
            if !matches!(self.peek().kind, Kind::Word | Kind::Not) {
                return Err(format!("found '{}', expected: identifier after ','", self.peek().text));
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.peek().kind == Kind::Not;
        if negated {
            self.take();
        }
        let key = self.take();
        if key.kind != Kind::Word {
            return Err(format!("found '{}', expected: identifier", key.text));
        }
        let wrong = names::qualified_name(key.text);
        if !wrong.is_empty() {
            // The path of this error is a nil pointer in Go, and that is what it prints.
            return Err(format!("<nil>: Invalid value: {}: {}", go_quote(key.text), wrong.join("; ")));
        }
        if negated {
            return Requirement::checked(key.text, Operator::DoesNotExist, BTreeSet::new());
        }
        if matches!(self.peek().kind, Kind::End | Kind::Comma) {
            return Requirement::checked(key.text, Operator::Exists, BTreeSet::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.value()?]),
        };
        Requirement::checked(key.text, operator, values)
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let token = self.tokens[self.at];
        self.take();
        Ok(match token.kind {
            Kind::In => Operator::In,
            Kind::NotIn => Operator::NotIn,
            Kind::Equals => Operator::Equals,
            Kind::DoubleEquals => Operator::DoubleEquals,
            Kind::NotEquals => Operator::NotEquals,
            Kind::Greater => Operator::GreaterThan,
            Kind::Less => Operator::LessThan,
            _ => return Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", token.text)),
        })
    }

    fn value(&mut self) -> Result<&'a str, String> {
        if matches!(self.peek().kind, Kind::End | Kind::Comma) {
            return Ok("");
        }
        let token = self.take();
        match token.kind {
            Kind::Word => Ok(token.text),
            _ => Err(format!("found '{}', expected: identifier", token.text)),
        }
    }

    fn values(&mut self) -> Result<BTreeSet<&'a str>, String> {
        let open = self.take();
        if open.kind != Kind::Open {
            return Err(format!("found '{}' expected: '('", open.text));
        }
        let first = self.peek();
        let values = match first.kind {
            Kind::Close => BTreeSet::from([""]),
            Kind::Word | Kind::Comma => self.value_list()?,
            _ => return Err(format!("found '{}', expected: ',', ')' or identifier", first.text)),
        };
        self.take();
        Ok(values)
    }

    /// Stops in front of the closing parenthesis. A missing value, as in `(,a)`, is the empty one.
    fn value_list(&mut self) -> Result<BTreeSet<&'a str>, String> {
        let mut values = BTreeSet::new();
        loop {
            let token = self.take();
            match token.kind {
                Kind::Word => {
                    values.insert(token.text);
                    match self.peek().kind {
                        Kind::Comma => {}
                        Kind::Close => return Ok(values),
                        _ => return Err(format!("found '{}', expected: ',' or ')'", self.peek().text)),
                    }
                }
                Kind::Comma => {
                    if values.is_empty() {
                        values.insert("");
                    }
                    match self.peek().kind {
                        Kind::Close => {
                            values.insert("");
                            return Ok(values);
                        }
                        Kind::Comma => {
                            self.take();
                            values.insert("");
                        }
                        _ => {}
                    }
                }
                _ => return Err(format!("found '{}', expected: ',', or identifier", token.text)),
            }
        }
    }

    fn peek(&self) -> Token<'a> {
        self.tokens[self.at].as_value()
    }

    /// The next token as a value; the end is never passed.
    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }
}
