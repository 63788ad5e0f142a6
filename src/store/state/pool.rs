//! Pools of numbers, each number held by at most one holder.

use std::{ops::Bound, ops::RangeInclusive, sync::Arc};

use rpds::RedBlackTreeMapSync;

/// All pools. Copy-on-write, like the objects.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Pools(RedBlackTreeMapSync<Arc<str>, Pool>);

#[derive(Clone, Debug, Default)]
struct Pool {
    holders: RedBlackTreeMapSync<u128, Arc<str>>,
    /// The held numbers as maximal runs, first number to last, so that the next free one is a step away.
    runs: RedBlackTreeMapSync<u128, u128>,
}

impl Pools {
    pub(in crate::store) fn holder(&self, pool: &str, number: u128) -> Option<&Arc<str>> {
        self.0.get(pool)?.holders.get(&number)
    }

    pub(in crate::store) fn held(&self, pool: &str) -> usize {
        self.0.get(pool).map_or(0, |pool| pool.holders.size())
    }

    pub(in crate::store) fn first_free(&self, pool: &str, range: RangeInclusive<u128>) -> Option<u128> {
        let (first, last) = range.into_inner();
        let free = match self.0.get(pool).and_then(|pool| pool.run_at(first)) {
            Some((_, end)) => end.checked_add(1)?,
            None => first,
        };
        (free <= last).then_some(free)
    }

    /// Gives a free number to a holder.
    pub(in crate::store) fn claim(&mut self, pool: &str, number: u128, holder: Arc<str>) {
        self.change(pool, |pool| pool.claim(number, holder));
    }

    /// Makes a held number free.
    pub(in crate::store) fn release(&mut self, pool: &str, number: u128) {
        self.change(pool, |pool| pool.release(number));
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Pool)) {
        if !self.0.contains_key(name) {
            self.0.insert_mut(name.into(), Pool::default());
        }
        change(self.0.get_mut(name).expect("inserted above"));
    }
}

impl Pool {
    fn claim(&mut self, number: u128, holder: Arc<str>) {
        self.holders.insert_mut(number, holder);
        let first = match number.checked_sub(1).and_then(|before| self.run_at(before)) {
            Some((first, _)) => first,
            None => number,
        };
        let last = match number.checked_add(1).and_then(|after| self.runs.get(&after).map(|end| (after, *end))) {
            Some((after, end)) => {
                self.runs.remove_mut(&after);
                end
            }
            None => number,
        };
        self.runs.insert_mut(first, last);
    }

    fn release(&mut self, number: u128) {
        if !self.holders.remove_mut(&number) {
            return;
        }
        let (first, last) = self.run_at(number).expect("a held number is part of a run");
        self.runs.remove_mut(&first);
        if first < number {
            self.runs.insert_mut(first, number - 1);
        }
        if number < last {
            self.runs.insert_mut(number + 1, last);
        }
    }

    /// The run that the number is part of.
    fn run_at(&self, number: u128) -> Option<(u128, u128)> {
        let (first, last) = self.runs.range((Bound::Unbounded, Bound::Included(number))).next_back()?;
        (*last >= number).then_some((*first, *last))
    }
}
