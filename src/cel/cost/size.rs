//! Ranges of sizes and costs, which do not overflow.

/// At least and at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub min: u64,
    pub max: u64,
}

impl Range {
    /// Anything.
    pub const UNKNOWN: Range = Range { min: 0, max: u64::MAX };

    pub fn exactly(number: u64) -> Range {
        Range { min: number, max: number }
    }

    pub fn plus(self, other: Range) -> Range {
        Range { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }

    pub fn times(self, other: Range) -> Range {
        Range { min: self.min.saturating_mul(other.min), max: self.max.saturating_mul(other.max) }
    }

    /// Times a cost for each, rounded up.
    pub fn by(self, factor: f64) -> Range {
        // A conversion of a float that does not fit saturates.
        let by = |number: u64| (number as f64 * factor).ceil() as u64;
        Range { min: by(self.min), max: by(self.max) }
    }

    /// What holds both.
    pub fn or(self, other: Range) -> Range {
        Range { min: self.min.min(other.min), max: self.max.max(other.max) }
    }
}

/// The sizes of the keys and the values of a container.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    pub is_list: bool,
    pub key: Range,
    pub value: Range,
}

impl Entries {
    pub fn or(self, other: Entries) -> Entries {
        Entries { is_list: self.is_list, key: self.key.or(other.key), value: self.value.or(other.value) }
    }
}
