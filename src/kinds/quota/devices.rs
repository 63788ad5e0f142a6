//! Claims of devices: their number, and how many devices of each class they request.

use serde_json::Value;

use super::{Amounts, Evaluator, add, one};
use crate::{kinds::Moment, object::meta, text::quantity::Quantity};

const COUNT: &str = "count/resourceclaims.resource.k8s.io";
/// Follows the name of a class of devices.
const DEVICES: &str = ".deviceclass.resource.k8s.io/devices";
/// How many devices a request for all of them may get.
const DEVICES_MAX: usize = 32;

/// Measures claims of devices.
pub struct ResourceClaims;

impl Evaluator for ResourceClaims {
    fn measures(&self, resource: &str) -> bool {
        resource == COUNT || resource.ends_with(DEVICES)
    }

    fn usage(&self, claim: &Value, _now: Moment) -> Amounts {
        let mut usage = Amounts::from([one(COUNT)]);
        for request in meta::items(claim, &["spec", "devices", "requests"]) {
            let mut most = Amounts::new();
            let alternatives = meta::items(request, &["firstAvailable"]).iter();
            for (name, devices) in request.get("exactly").into_iter().chain(alternatives).filter_map(devices) {
                let slot = most.entry(name).or_insert_with(|| devices.clone());
                *slot = devices.max(slot.clone());
            }
            add(&mut usage, most);
        }
        usage
    }
}

/// How many devices of which class a request may get.
fn devices(request: &Value) -> Option<(String, Quantity)> {
    let class = meta::text(request, &["deviceClassName"]);
    let count = match meta::text(request, &["allocationMode"]) {
        "All" => DEVICES_MAX,
        _ => {
            request.get("count").and_then(Value::as_u64).map_or(1, |count| usize::try_from(count).unwrap_or(usize::MAX))
        }
    };
    (!class.is_empty()).then(|| (format!("{class}{DEVICES}"), Quantity::whole(count)))
}
