//! Goes through a part of a snapshot piece by piece, so that nobody need hold all of it in another form.

use std::{ops::Bound, sync::Arc};

use crate::object::{Key, Prefix};
use crate::store::{Snapshot, Stored};

/// A place among the objects under a prefix.
pub struct Walk {
    snapshot: Snapshot,
    prefix: Prefix,
    next: Bound<Key>,
}

impl Snapshot {
    /// Goes through the objects under the prefix in pieces.
    pub fn walk(&self, prefix: &Prefix) -> Walk {
        Walk { snapshot: self.clone(), prefix: prefix.clone(), next: Bound::Included(prefix.key("")) }
    }
}

impl Walk {
    /// The snapshot it goes through.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The next objects that are wanted, until together they have so many bytes or more; none at the end.
    pub fn next(&mut self, bytes: usize, wanted: impl Fn(&Key, &Stored) -> bool) -> Vec<(Key, Arc<Stored>)> {
        let (mut piece, mut taken) = (Vec::new(), 0);
        let mut last = None;
        for (key, stored) in self.snapshot.after(self.next.clone(), &self.prefix) {
            if taken >= bytes {
                break;
            }
            if wanted(key, stored) {
                taken += stored.bytes().len();
                piece.push((key.clone(), Arc::clone(stored)));
            }
            last = Some(key.clone());
        }
        if let Some(last) = last {
            self.next = Bound::Excluded(last);
        }
        piece
    }
}
