//! Follows the definitions one change at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;

use super::{Converters, finalize::Finalizers, register::Register, status::write_status};
use crate::{
    kinds::apiextensions::{
        conditions::{self, ESTABLISHED, INVALID_BUNDLE, NAMES_ACCEPTED, SERVED},
        custom_resource_definition::DEF,
        naming, spec,
    },
    object::{Reason, meta, status::Result},
    verbs::{Api, EventType, ListOptions, Target, WatchEvent, parse, view},
};

/// Delay between two watches, so that a failing one does not spin.
const WATCH_DELAY: Duration = Duration::from_millis(200);

/// Everything that is known of the definitions.
pub struct Follower {
    api: Api,
    known: BTreeMap<String, Value>,
    register: Register,
    finalizers: Finalizers,
}

impl Follower {
    /// Knows nothing yet.
    pub fn new(api: Api, converters: Converters) -> Self {
        let register = Register::new(api.clone(), converters);
        let finalizers = Finalizers::new(api.clone());
        Self { api, known: BTreeMap::new(), register, finalizers }
    }

    /// Serves what the stored definitions make.
    pub async fn restore(&mut self) -> Result<()> {
        for definition in self.list().await?.0 {
            self.register.update(&definition);
        }
        Ok(())
    }

    /// Follows the definitions for ever.
    pub async fn run(&mut self) {
        loop {
            if let Err(error) = self.follow().await {
                tracing::warn!(%error, "cannot follow the definitions, will be retried");
                tokio::time::sleep(WATCH_DELAY).await;
            }
        }
    }

    async fn follow(&mut self) -> Result<()> {
        let (definitions, revision) = self.list().await?;
        let found: BTreeSet<String> = definitions.iter().map(|found| meta::name(found).to_owned()).collect();
        let gone: Vec<String> = self.known.keys().filter(|name| !found.contains(*name)).cloned().collect();
        for name in gone {
            self.forget(&name).await;
        }
        for definition in definitions {
            self.take(definition).await;
        }
        let options = ListOptions { resource_version: revision, ..ListOptions::default() };
        let mut watch = self.api.watch(&Target::new(&DEF, "", ""), &options).await?;
        while let Some(events) = watch.next().await {
            for event in events {
                match event {
                    WatchEvent::Object { kind: EventType::Deleted, bytes, .. } => {
                        let definition = parse(&bytes);
                        self.forget(meta::name(&definition)).await;
                    }
                    WatchEvent::Object { bytes, .. } => self.take(parse(&bytes)).await,
                    WatchEvent::Bookmark { .. } => {}
                    WatchEvent::Error(status) => return Err(status),
                }
            }
        }
        Ok(())
    }

    async fn list(&self) -> Result<(Vec<Value>, String)> {
        let page = self.api.list(&Target::new(&DEF, "", ""), &ListOptions::default()).await?;
        let definitions = page.items.iter().map(|stored| view(&DEF, stored)).collect();
        Ok((definitions, page.revision.to_string()))
    }

    /// A definition is new or has changed.
    async fn take(&mut self, definition: Value) {
        let name = meta::name(&definition).to_owned();
        // What this follower has written itself it knows before it is told.
        let is_old =
            |known: &Value| revision(known) >= revision(&definition) && meta::uid(known) == meta::uid(&definition);
        if self.known.get(&name).is_some_and(is_old) {
            return;
        }
        let names = accepted(&definition).cloned();
        let had = self.known.insert(name.clone(), definition).and_then(|had| accepted(&had).cloned());
        self.reconcile(&name).await;
        let has = self.known.get(&name).and_then(accepted).cloned();
        if had.is_some() && (had != names || names != has) {
            self.settle_others(&name).await;
        }
    }

    /// A definition is gone; others may have waited for its names.
    async fn forget(&mut self, name: &str) {
        let Some(definition) = self.known.remove(name) else { return };
        self.register.remove(name);
        self.finalizers.forget(name);
        self.known.insert(name.to_owned(), definition);
        let waiting = self.group_of(name);
        self.known.remove(name);
        for other in waiting {
            self.reconcile(&other).await;
        }
    }

    async fn settle_others(&mut self, name: &str) {
        for other in self.group_of(name) {
            self.reconcile(&other).await;
        }
    }

    /// The other definitions of the same group.
    fn group_of(&self, name: &str) -> Vec<String> {
        let group = self.known.get(name).map(spec::group).unwrap_or_default();
        let others = self.known.iter().filter(|(other, definition)| *other != name && spec::group(definition) == group);
        others.map(|(other, _)| other.clone()).collect()
    }

    /// Brings a definition, and what it makes, to where it has to be.
    async fn reconcile(&mut self, name: &str) {
        match self.advance(name).await {
            Ok(()) => {}
            // Somebody else has changed it, and its next change will be told.
            Err(status) if matches!(status.reason, Reason::Conflict | Reason::NotFound) => {}
            Err(error) => tracing::warn!(name, %error, "cannot bring a definition forward"),
        }
    }

    async fn advance(&mut self, name: &str) -> Result<()> {
        let Some(definition) = self.known.get(name) else { return Ok(()) };
        self.register.update(definition);
        let others = self.known.iter().filter(|(other, _)| *other != name).map(|(_, other)| other);
        let group = spec::group(definition);
        let others = others.filter(|other| spec::group(other) == group);
        if let Some(settled) = naming::settle(definition, others, self.api.now()) {
            self.write_status(name, settled).await?;
        }
        let Some(definition) = self.known.get(name) else { return Ok(()) };
        let is_true = |condition| conditions::is_true(definition, condition);
        if is_true(NAMES_ACCEPTED) && !is_true(ESTABLISHED) {
            let mut established = definition.clone();
            conditions::set(&mut established, &SERVED, self.api.now());
            // Who sees that it is established can use it.
            let is_served = self.register.update(&established);
            if !is_served {
                conditions::set(&mut established, &INVALID_BUNDLE, self.api.now());
            }
            if !conditions::says(definition, &INVALID_BUNDLE) || is_served {
                self.write_status(name, established).await?;
            }
        }
        if let Some(definition) = self.known.get(name) {
            self.register.update(definition);
            self.finalizers.update(definition, self.register.kinds(name));
        }
        Ok(())
    }

    async fn write_status(&mut self, name: &str, definition: Value) -> Result<()> {
        let written = write_status(&self.api, definition).await?;
        self.known.insert(name.to_owned(), written);
        Ok(())
    }
}

fn revision(definition: &Value) -> u64 {
    meta::resource_version(definition).parse().unwrap_or_default()
}

fn accepted(definition: &Value) -> Option<&Value> {
    meta::at(definition, &["status", "acceptedNames"])
}
