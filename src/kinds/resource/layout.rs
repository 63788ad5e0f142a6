//! The structs of a claim as a Go server has them: the name and the shape of each field, in order.

use crate::kinds::rules::go_struct::{
    Layout,
    Shape::{Any, Many, Maybe, Number, One, Text},
};

/// The spec of a claim.
pub const CLAIM_SPEC: Layout = &[("Devices", One(DEVICES))];

const DEVICES: Layout = &[("Requests", Many(REQUEST)), ("Constraints", Many(CONSTRAINT)), ("Config", Many(CONFIG))];

const REQUEST: Layout = &[("Name", Text), ("Exactly", Maybe(EXACTLY)), ("FirstAvailable", Many(ALTERNATIVE))];

const EXACTLY: Layout = &[
    ("DeviceClassName", Text),
    ("Selectors", Many(SELECTOR)),
    ("AllocationMode", Text),
    ("Count", Number),
    ("AdminAccess", Any),
    ("Tolerations", Many(TOLERATION)),
    ("Capacity", Maybe(CAPACITY)),
];

const ALTERNATIVE: Layout = &[
    ("Name", Text),
    ("DeviceClassName", Text),
    ("Selectors", Many(SELECTOR)),
    ("AllocationMode", Text),
    ("Count", Number),
    ("Tolerations", Many(TOLERATION)),
    ("Capacity", Maybe(CAPACITY)),
];

const SELECTOR: Layout = &[("CEL", Maybe(&[("Expression", Text)]))];

const TOLERATION: Layout =
    &[("Key", Text), ("Operator", Text), ("Value", Text), ("Effect", Text), ("TolerationSeconds", Any)];

const CAPACITY: Layout = &[("Requests", Any)];

const CONSTRAINT: Layout = &[("Requests", Any), ("MatchAttribute", Any), ("DistinctAttribute", Any)];

const CONFIG: Layout = &[("Requests", Any), ("Opaque", Maybe(&[("Driver", Text), ("Parameters", Any)]))];
