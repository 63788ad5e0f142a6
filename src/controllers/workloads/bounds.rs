//! How many pods a Deployment may have while it rolls out. Pure.

/// The bounds of a rollout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// How many pods there shall be.
    pub wanted: i64,
    /// How many more there may be for a while.
    pub surge: i64,
    /// How many of them may be missing.
    pub unavailable: i64,
}

impl Bounds {
    /// The bounds of a rolling update.
    pub fn new(wanted: i64, surge: i64, unavailable: i64) -> Self {
        let unavailable = unavailable.min(wanted);
        // If no pod may be missing and none may be added, nothing would ever move.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { wanted, surge, unavailable }
    }

    /// How many pods there may be at most.
    pub fn most(&self) -> i64 {
        self.wanted + self.surge
    }

    /// How many pods a new ReplicaSet is created with, or may grow to, beside old ones with so many.
    pub fn new_size(&self, have: i64, old: i64) -> i64 {
        if have >= self.wanted {
            return self.wanted;
        }
        have + (self.most() - have - old).clamp(0, self.wanted - have)
    }
}
