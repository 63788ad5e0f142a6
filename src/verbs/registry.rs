//! The kinds that this server serves now. They come and go at run time: readers take a snapshot.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::watch;

use crate::{
    kinds::{self, Kind},
    object::Key,
};

/// The kinds that are served, as a snapshot that is replaced as a whole.
pub struct Registry {
    current: watch::Sender<Arc<Kinds>>,
}

/// The kinds that were served at one moment.
#[derive(Default)]
pub struct Kinds {
    generation: u64,
    /// In the order in which they were added.
    list: Vec<Kind>,
    by_plural: HashMap<Box<str>, Vec<Kind>>,
    by_name: HashMap<Box<str>, Vec<Kind>>,
    /// The kinds in whose form objects are stored, each once, whether they are served or only versions of them are.
    stored: Vec<Kind>,
}

impl Registry {
    /// The built-in kinds.
    pub fn built_in() -> Self {
        Self { current: watch::Sender::new(Arc::new(Kinds::built_in())) }
    }

    /// The kinds that are served now.
    pub fn kinds(&self) -> Arc<Kinds> {
        self.current.borrow().clone()
    }

    /// How often the kinds have changed. What is made from them is as old as the generation it was made in.
    pub fn generation(&self) -> u64 {
        self.current.borrow().generation
    }

    /// The kind served at this resource path.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Kind> {
        self.current.borrow().resource(group, version, plural).cloned()
    }

    /// The kind with this name.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<Kind> {
        self.current.borrow().kind(group, version, kind).cloned()
    }

    /// The kind that is stored under this group and plural, whatever its version.
    pub fn stored(&self, group: &str, plural: &str) -> Option<Kind> {
        self.current.borrow().stored(group, plural).cloned()
    }

    /// Serves these kinds from now on, each in place of the one that has its group, version and plural name.
    pub fn add(&self, kinds: impl IntoIterator<Item = Kind>) {
        let added: Vec<Kind> = kinds.into_iter().collect();
        self.change(|list| {
            for kind in added {
                let same = |served: &&mut Kind| served.plural == kind.plural && served.gvk == kind.gvk;
                match list.iter_mut().find(same) {
                    Some(served) => *served = kind,
                    None => list.push(kind),
                }
            }
        });
    }

    /// Stops serving every version of a resource. Its stored objects stay where they are.
    pub fn remove(&self, group: &str, plural: &str) {
        self.change(|list| list.retain(|kind| kind.gvk.group != group || kind.plural != plural));
    }

    /// Changes the list of kinds as a whole, for example one version of a resource together with the others.
    pub fn change(&self, edit: impl FnOnce(&mut Vec<Kind>)) {
        self.current.send_modify(|kinds| {
            let mut list = kinds.list.clone();
            edit(&mut list);
            *kinds = Arc::new(Kinds::new(kinds.generation + 1, list));
        });
    }

    /// Follows the changes of the list.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Kinds>> {
        self.current.subscribe()
    }
}

impl Kinds {
    /// The built-in kinds.
    pub fn built_in() -> Self {
        Self::new(0, kinds::built_in())
    }

    fn new(generation: u64, list: Vec<Kind>) -> Self {
        let mut kinds = Self { generation, ..Self::default() };
        let mut known = HashSet::new();
        for kind in &list {
            kinds.by_plural.entry((*kind.plural).into()).or_default().push(kind.clone());
            kinds.by_name.entry((*kind.gvk.kind).into()).or_default().push(kind.clone());
            if kind.has_objects() && known.insert(kind.stored().id()) {
                kinds.stored.push(kind.stored().clone());
            }
        }
        Self { list, ..kinds }
    }

    /// How often the list had changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Every kind, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.list.iter()
    }

    /// The kind served at this resource path.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Kind> {
        let named = self.by_plural.get(plural)?;
        named.iter().find(|kind| kind.gvk.group == group && kind.gvk.version == version)
    }

    /// The kind with this name.
    pub fn kind(&self, group: &str, version: &str, name: &str) -> Option<&Kind> {
        let named = self.by_name.get(name)?;
        named.iter().find(|kind| kind.gvk.group == group && kind.gvk.version == version)
    }

    /// The kind that is stored under this group and plural, whatever its version.
    pub fn stored(&self, group: &str, plural: &str) -> Option<&Kind> {
        let named = self.by_plural.get(plural)?.iter().filter(|kind| kind.has_objects());
        named.map(Kind::stored).find(|kind| kind.gvk.group == group && kind.plural == plural)
    }

    /// The kinds in whose form objects are stored.
    pub fn all_stored(&self) -> impl Iterator<Item = &Kind> {
        self.stored.iter()
    }

    /// The kind of the object that is stored under this key.
    pub fn of_key(&self, key: &Key) -> Option<&Kind> {
        let (group, plural) = key.resource();
        self.stored(group, plural)
    }

    /// Whether exactly this kind is served, and not another one of its name.
    pub fn contains(&self, kind: &Kind) -> bool {
        self.by_plural.get(&*kind.plural).is_some_and(|named| named.contains(kind))
    }

    /// Whether definitions make the kinds of the group.
    pub fn is_custom(&self, group: &str) -> bool {
        self.list.iter().find(|kind| kind.gvk.group == group).is_some_and(|kind| kind.is_custom)
    }

    /// Whether the group has any kinds.
    pub fn has_group(&self, group: &str) -> bool {
        self.list.iter().any(|kind| kind.gvk.group == group)
    }

    /// Whether the version of the group has any kinds.
    pub fn has_version(&self, group: &str, version: &str) -> bool {
        self.list.iter().any(|kind| kind.gvk.group == group && kind.gvk.version == version)
    }
}
