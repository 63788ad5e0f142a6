//! What strict decoding complains about, each complaint once, and not without end.

use std::collections::{HashMap, HashSet};

use super::Node;

/// Complaints beyond this many are not kept, as in Kubernetes.
const COMPLAINTS_MAX: usize = 100;
/// Complaints beyond this many bytes are not kept: their paths may be as long as the body.
const COMPLAINT_BYTES_MAX: usize = 1 << 20;

/// Complaints in the order in which they were made.
#[derive(Default)]
pub struct Strict {
    texts: Vec<String>,
    known: HashSet<String>,
    bytes: usize,
}

impl Strict {
    /// Adds `unknown field "spec.foo"`, or `duplicate` where it stands twice.
    pub fn add(&mut self, what: &str, path: &str, key: &str) {
        if self.texts.len() >= COMPLAINTS_MAX || self.bytes >= COMPLAINT_BYTES_MAX {
            return;
        }
        let dot = if path.is_empty() { "" } else { "." };
        let text = format!("{what} field \"{path}{dot}{key}\"");
        self.bytes += text.len();
        if self.known.insert(text.clone()) {
            self.texts.push(text);
        }
    }

    /// How many complaints there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Moves the complaints about unknown fields from this one on to others.
    pub fn move_unknown(&mut self, from: usize, others: &mut Self) {
        let (unknown, kept) = self.texts.split_off(from).into_iter().partition(|text| text.starts_with("unknown"));
        self.texts.extend::<Vec<_>>(kept);
        others.texts.extend::<Vec<_>>(unknown);
    }

    /// The complaints.
    pub fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

/// The names that stand more than once among the members of an object.
pub struct Duplicates(HashMap<String, usize>);

impl Duplicates {
    /// Looks for them.
    pub fn among(members: &[(String, Node)]) -> Self {
        if members.len() < 2 {
            return Self(HashMap::new());
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let repeated = names.windows(2).filter(|pair| pair[0] == pair[1]);
        Self(repeated.map(|pair| (pair[0].to_owned(), 0)).collect())
    }

    /// How often the name has been met before. It counts as met from now on.
    pub fn times_met(&mut self, name: &str) -> usize {
        let Some(times) = self.0.get_mut(name) else { return 0 };
        *times += 1;
        *times - 1
    }
}

/// Complaints about a custom object in their order: duplicates as they were found, then the unknown fields of its
/// metadata, of everything else, and of embedded metadata, each by their paths.
pub(super) fn order(strict: Vec<String>, of_metadata: Vec<String>) -> Vec<String> {
    let (duplicates, mut unknown): (Vec<_>, Vec<_>) =
        strict.into_iter().partition(|text| text.starts_with("duplicate"));
    let (mut own, mut embedded): (Vec<_>, Vec<_>) =
        of_metadata.into_iter().partition(|text| text.starts_with("unknown field \"metadata."));
    for texts in [&mut own, &mut unknown, &mut embedded] {
        texts.sort_unstable();
    }
    [duplicates, own, unknown, embedded].concat()
}
