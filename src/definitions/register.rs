//! Keeps the list of served kinds in line with the definitions.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};

use super::Converters;
use crate::{
    kinds::{
        Kind,
        apiextensions::{
            conditions::{self, ESTABLISHED, TERMINATING},
            custom::{self, CustomKinds},
        },
    },
    object::meta,
    verbs::Api,
};

/// What is served for each definition.
pub struct Register {
    api: Api,
    converters: Converters,
    entries: HashMap<String, Entry>,
}

/// What is served for one definition.
struct Entry {
    /// What the kinds were made from.
    source: Source,
    kinds: Arc<CustomKinds>,
}

/// The parts of a definition from which kinds are made.
#[derive(PartialEq)]
struct Source {
    uid: String,
    /// What decides how objects look: if it changes, other kinds take the place of the old ones.
    form: Value,
    /// What else there is to the kinds.
    rest: Value,
}

impl Register {
    /// Nothing is served yet.
    pub fn new(api: Api, converters: Converters) -> Self {
        Self { api, converters, entries: HashMap::new() }
    }

    /// The kinds of a definition, if it is served.
    pub fn kinds(&self, name: &str) -> Option<Arc<CustomKinds>> {
        self.entries.get(name).map(|entry| Arc::clone(&entry.kinds))
    }

    /// Serves what the definition makes, or nothing if it is not established. Returns whether it is served.
    pub fn update(&mut self, definition: &Value) -> bool {
        let name = meta::name(definition);
        if !conditions::is_true(definition, ESTABLISHED) {
            self.remove(name);
            return false;
        }
        let source = Source::of(definition);
        let before = self.entries.get(name);
        if before.is_some_and(|entry| entry.source == source) {
            return true;
        }
        let same_form = before.filter(|entry| entry.source.uid == source.uid && entry.source.form == source.form);
        let same_form = same_form.map(|entry| Arc::clone(&entry.kinds));
        let conversion = meta::at(definition, &["spec", "conversion"]).unwrap_or(&Value::Null);
        let kinds = match (self.converters)(conversion) {
            Some(converter) => {
                custom::kinds(definition, converter, same_form.as_deref()).map_err(|why| why.to_string())
            }
            None => Err("the certificates of its webhook cannot be read".to_owned()),
        };
        match kinds {
            Ok(kinds) => {
                self.replace(name, kinds.served.clone());
                self.entries.insert(name.to_owned(), Entry { source, kinds: Arc::new(kinds) });
                true
            }
            Err(why) => {
                tracing::warn!(name, why, "a definition cannot be served");
                self.remove(name);
                false
            }
        }
    }

    /// Serves nothing any more for the definition of this name.
    pub fn remove(&mut self, name: &str) {
        if self.entries.contains_key(name) {
            self.replace(name, Vec::new());
            self.entries.remove(name);
        }
    }

    fn replace(&self, name: &str, new: Vec<Kind>) {
        let old = self.entries.get(name).map(|entry| entry.kinds.served.clone()).unwrap_or_default();
        self.api.registry().change(|kinds| {
            kinds.retain(|kind| !old.contains(kind));
            kinds.extend(new);
        });
    }
}

impl Source {
    fn of(definition: &Value) -> Self {
        let part = |path: &[&str]| meta::at(definition, path).cloned().unwrap_or_default();
        let name = |name| part(&["status", "acceptedNames", name]);
        Self {
            uid: meta::uid(definition).to_owned(),
            form: json!([
                part(&["spec", "versions"]),
                part(&["spec", "scope"]),
                part(&["spec", "conversion"]),
                name("plural"),
                name("kind"),
                name("listKind"),
            ]),
            rest: json!([part(&["status", "acceptedNames"]), conditions::is_true(definition, TERMINATING)]),
        }
    }
}
