//! What `/metrics` tells of the controllers.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};

use crate::controllers::Handle;

/// Asks the controllers for figures whenever the text is made.
pub struct ControllerFigures(pub Handle);

impl fmt::Debug for ControllerFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ControllerFigures")
    }
}

impl Collector for ControllerFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Keys that a controller keeps writing for without coming to rest";
        let mut family = encoder.encode_descriptor("kubedouble_restless_keys", help, None, MetricType::Gauge)?;
        for (controller, keys) in self.0.restless_counts() {
            let keys = i64::try_from(keys).unwrap_or(i64::MAX);
            ConstGauge::new(keys).encode(family.encode_family(&[("controller", controller)])?)?;
        }
        Ok(())
    }
}
