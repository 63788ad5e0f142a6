//! Adds what an object uses to the status of a quota.

use serde_json::{Map, Value};

use super::check::{Quota, charged, excess};
use crate::{
    kinds::{
        core::resource_quota::DEF,
        quota::{Amounts, amounts},
    },
    object::{Key, meta},
    store::{Amendment, Body, Stored},
    verbs::{Api, read::stored},
};

/// The largest quota, in bytes, that the store's writer calculates anew itself. For a larger one the write starts again,
/// because all other writes wait for the writer.
const QUICK_BYTES: usize = 16 << 10;

/// The charge of a quota. It holds if the quota limits the same then, and still has room unless it may be exceeded.
pub fn amendment(api: &Api, quota: &Quota, charge: Amounts, may_exceed: bool) -> (Key, Amendment) {
    let first = charge_to(api, &quota.object, &charge);
    let (api, found, revision) = (api.clone(), quota.object.clone(), quota.revision);
    let name = quota.key.name().to_owned();
    let amend = move |current: &Stored| {
        if current.revision() == revision {
            return Some(first.clone());
        }
        if current.bytes().len() > QUICK_BYTES {
            return None;
        }
        let current = stored::parse(current.bytes());
        let is_same = meta::uid(&current) == meta::uid(&found) && limits(&current) == limits(&found);
        let (used, hard) = (amounts(&current, &["status", "used"]), amounts(&current, &["status", "hard"]));
        let is_known = charge.keys().all(|name| used.contains_key(name));
        let has_room = may_exceed || excess(&name, &charge, &used, &hard).is_none();
        (is_same && is_known && has_room).then(|| charge_to(&api, &current, &charge))
    };
    (quota.key.clone(), Amendment::new(amend))
}

/// What a quota limits.
fn limits(quota: &Value) -> [Option<&Value>; 3] {
    [&["spec", "scopes"], &["spec", "scopeSelector"], &["status", "hard"]].map(|path| meta::at(quota, path))
}

fn charge_to(api: &Api, quota: &Value, charge: &Amounts) -> Body {
    let used = charged(&amounts(quota, &["status", "used"]), charge);
    let used = used.into_iter().map(|(name, amount)| (name, amount.to_string().into()));
    let mut charged = quota.clone();
    meta::map_mut(&mut charged, "status").insert("used".to_owned(), Value::Object(Map::from_iter(used)));
    api.own_by_server(&DEF, DEF.subresource("status"), Some(quota), &mut charged);
    stored::body(&DEF, &charged)
}
