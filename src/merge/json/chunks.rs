//! `Chunks`: a list in which items can be put in and taken out anywhere without moving all that follow.

/// Items that a new chunk has; twice as many are split.
const CHUNK: usize = 512;

/// A list in pieces.
#[derive(Clone, Debug)]
pub struct Chunks<T> {
    /// None is empty.
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Chunks<T> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The item at this place.
    pub fn get(&self, index: usize) -> Option<&T> {
        let (chunk, offset) = self.locate(index)?;
        self.chunks.get(chunk)?.get(offset)
    }

    /// The item at this place, to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let (chunk, offset) = self.locate(index)?;
        self.chunks.get_mut(chunk)?.get_mut(offset)
    }

    /// Puts an item before the one at this place, or at the end.
    pub fn insert(&mut self, index: usize, item: T) {
        let (chunk, offset) = match self.locate(index) {
            Some(found) => found,
            None => (self.chunks.len().saturating_sub(1), self.chunks.last().map_or(0, Vec::len)),
        };
        self.len += 1;
        let Some(items) = self.chunks.get_mut(chunk) else {
            self.chunks.push(vec![item]);
            return;
        };
        items.insert(offset, item);
        if items.len() >= 2 * CHUNK {
            let rest = items.split_off(CHUNK);
            self.chunks.insert(chunk + 1, rest);
        }
    }

    /// Takes the item at this place out.
    pub fn remove(&mut self, index: usize) -> Option<T> {
        let (chunk, offset) = self.locate(index)?;
        let item = self.chunks[chunk].remove(offset);
        self.len -= 1;
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
        Some(item)
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        let mut offset = index;
        for (chunk, items) in self.chunks.iter().enumerate() {
            if offset < items.len() {
                return Some((chunk, offset));
            }
            offset -= items.len();
        }
        None
    }
}

impl<T> FromIterator<T> for Chunks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut all = Self { chunks: Vec::new(), len: 0 };
        for item in items {
            match all.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
                Some(chunk) => chunk.push(item),
                None => all.chunks.push(vec![item]),
            }
            all.len += 1;
        }
        all
    }
}

impl<T> IntoIterator for Chunks<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.into_iter().flatten()
    }
}
