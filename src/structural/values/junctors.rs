//! `allOf`, `anyOf`, `oneOf` and `not`.

use serde_json::Value;

use super::{Checker, old::Old, report::Outcome};
use crate::{structural::node::Node, text::go_quote};

impl Checker<'_> {
    /// Checks a value against the other schemas that it must satisfy, or must not.
    pub(super) fn junctors(&mut self, node: &Node, value: &Value, old: Option<&Old<'_>>, outcome: &mut Outcome) {
        outcome.matched(2);
        let Some(junctors) = &node.junctors else { return };
        if !junctors.any_of.is_empty() {
            self.any_of(&junctors.any_of, value, old, outcome);
        }
        if !junctors.one_of.is_empty() {
            self.one_of(&junctors.one_of, value, old, outcome);
        }
        if !junctors.all_of.is_empty() {
            self.all_of(&junctors.all_of, value, old, outcome);
        }
        if let Some(not) = &junctors.not
            && self.keywords(not, value, old).is_valid()
        {
            outcome.add(self.unplaced(&self.about("must not validate the schema (not)")));
        }
    }

    fn any_of(&mut self, schemas: &[Node], value: &Value, old: Option<&Old<'_>>, outcome: &mut Outcome) {
        let mut best: Option<Outcome> = None;
        for schema in schemas {
            let found = self.keywords(schema, value, old);
            if found.is_valid() {
                return outcome.merge(found);
            }
            if best.as_ref().is_none_or(|best| found.matches > best.matches) {
                best = Some(found);
            }
        }
        outcome.add(self.unplaced(&self.about("must validate at least one schema (anyOf)")));
        outcome.merge(best.unwrap_or_default());
    }

    fn one_of(&mut self, schemas: &[Node], value: &Value, old: Option<&Old<'_>>, outcome: &mut Outcome) {
        let (mut first, mut best, mut valid) = (None, None::<Outcome>, 0);
        for schema in schemas {
            let found = self.keywords(schema, value, old);
            if found.is_valid() {
                valid += 1;
                first.get_or_insert(found);
            } else if best.as_ref().is_none_or(|best| found.matches > best.matches) {
                best = Some(found);
            }
        }
        if valid == 1 {
            return outcome.merge(first.unwrap_or_default());
        }
        let why = if valid == 0 { "Found none valid".to_owned() } else { format!("Found {valid} valid alternatives") };
        outcome.add(self.unplaced(&self.about(&format!("must validate one and only one schema (oneOf). {why}"))));
        if valid == 0 {
            outcome.merge(best.unwrap_or_default());
        }
    }

    fn all_of(&mut self, schemas: &[Node], value: &Value, old: Option<&Old<'_>>, outcome: &mut Outcome) {
        let mut valid = 0;
        for schema in schemas {
            let found = self.keywords(schema, value, old);
            valid += usize::from(found.is_valid());
            outcome.merge(found);
        }
        if valid < schemas.len() {
            let none = if valid == 0 { ". None validated" } else { "" };
            outcome.add(self.unplaced(&self.about(&format!("must validate all the schemas (allOf){none}"))));
        }
    }

    fn about(&self, text: &str) -> String {
        format!("{} {text}", go_quote(&self.path))
    }
}
