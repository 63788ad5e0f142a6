//! The structs of a job as a Go server has them: the name and the shape of each field, in order.

use crate::kinds::rules::go_struct::{
    Layout,
    Shape::{Any, Many, Maybe, Text},
};

/// When a job has succeeded.
pub const SUCCESS_POLICY: Layout = &[("Rules", Many(&[("SucceededIndexes", Any), ("SucceededCount", Any)]))];

/// What a job makes of pods that fail.
pub const FAILURE_POLICY: Layout = &[(
    "Rules",
    Many(&[
        ("Action", Text),
        ("OnExitCodes", Maybe(&[("ContainerName", Any), ("Operator", Text), ("Values", Any)])),
        ("OnPodConditions", Many(&[("Type", Text), ("Status", Text)])),
    ]),
)];
