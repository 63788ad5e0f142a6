//! The kinds this server knows. Nothing above it may assume that the list is static.

use std::collections::HashMap;

use crate::kinds::{KindDef, built_in};

/// Looks kinds up by resource or by kind.
pub struct Registry {
    defs: Vec<&'static KindDef>,
    by_resource: HashMap<(&'static str, &'static str, &'static str), &'static KindDef>,
    by_kind: HashMap<(&'static str, &'static str, &'static str), &'static KindDef>,
}

impl Registry {
    /// The built-in kinds.
    pub fn built_in() -> Self {
        let mut registry = Self { defs: Vec::new(), by_resource: HashMap::new(), by_kind: HashMap::new() };
        for def in built_in() {
            registry.defs.push(def);
            registry.by_resource.insert((def.gvk.group, def.gvk.version, def.plural), def);
            registry.by_kind.insert((def.gvk.group, def.gvk.version, def.gvk.kind), def);
        }
        registry
    }

    /// Every kind, in the order it was added.
    pub fn iter(&self) -> impl Iterator<Item = &'static KindDef> + '_ {
        self.defs.iter().copied()
    }

    /// The kind served at this resource path.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&'static KindDef> {
        self.by_resource.get(&(group, version, plural)).copied()
    }

    /// The kind with this name.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&'static KindDef> {
        self.by_kind.get(&(group, version, kind)).copied()
    }

    /// The kind that is stored under this group and plural, whatever its version.
    pub fn stored(&self, group: &str, plural: &str) -> Option<&'static KindDef> {
        self.iter().find(|def| def.gvk.group == group && def.plural == plural)
    }
}
