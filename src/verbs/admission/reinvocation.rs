//! Reinvocation: what mutating admission keeps from its first round, to know what to call again.
//!
//! If a webhook or a policy has changed the object, all plugins are called once more; of the webhooks only those with the
//! reinvocation policy `IfNeeded` that were called before and have not seen the change.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// What has happened so far.
#[derive(Default)]
pub struct Reinvocation {
    is_asked: bool,
    is_second: bool,
    is_patched: bool,
    plugins: HashMap<&'static str, Progress>,
}

/// What a plugin has done so far.
#[derive(Default)]
struct Progress {
    /// Those that want to be called again if the object changes from now on.
    called: HashSet<String>,
    /// Those that are called again in the second round.
    again: HashSet<String>,
    /// The object as it was when the plugin had finished.
    output: Option<Value>,
}

impl Reinvocation {
    /// Whether a second round is due; it begins with this.
    pub fn begin(&mut self) -> bool {
        let begins = self.is_asked && !self.is_second;
        self.is_second |= begins;
        begins
    }

    /// A patch has been applied to the object.
    pub fn patched(&mut self) {
        self.is_patched = true;
    }

    /// Whether a patch has been applied to the object.
    pub fn is_patched(&self) -> bool {
        self.is_patched
    }

    /// Whether this is the second round.
    pub fn is_second(&self) -> bool {
        self.is_second
    }

    /// A plugin begins its round. If others have changed the object since its last one, all that it called are due.
    pub fn start(&mut self, plugin: &'static str, object: Option<&Value>) {
        if !self.is_second {
            return;
        }
        let progress = self.plugins.entry(plugin).or_default();
        if progress.output.as_ref() != object {
            progress.all_again();
        }
    }

    /// Whether one is to be called: in the second round only if it is due.
    pub fn calls(&self, plugin: &'static str, id: &str) -> bool {
        !self.is_second || self.plugins.get(plugin).is_some_and(|progress| progress.again.contains(id))
    }

    /// One was called, and wants to be called again if the object changes.
    pub fn called(&mut self, plugin: &'static str, id: &str) {
        self.plugins.entry(plugin).or_default().called.insert(id.to_owned());
    }

    /// One has changed the object: those before it are due, and so is a second round.
    pub fn changed(&mut self, plugin: &'static str) {
        self.is_asked = true;
        self.plugins.entry(plugin).or_default().all_again();
    }

    /// A plugin has finished its round. Only if it has called somebody does it need to know the object later.
    pub fn finish(&mut self, plugin: &'static str, object: Option<&Value>) {
        if let Some(progress) = self.plugins.get_mut(plugin) {
            progress.output = object.cloned();
        }
    }
}

impl Progress {
    fn all_again(&mut self) {
        self.again.extend(self.called.drain());
    }
}
