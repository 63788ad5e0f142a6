//! Whether the quotas of a namespace have room for an object, and what each of them is charged.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    kinds::quota::{Amounts, Evaluator, Write, amounts, scopes},
    object::{Key, Revision},
    text::quantity::Quantity,
};

/// A quota as it was found.
pub struct Quota {
    /// Where it is stored.
    pub key: Key,
    /// What is stored.
    pub object: Value,
    /// When it was written.
    pub revision: Revision,
}

/// What the quotas that measure an object are charged for it; an error says why there is no room.
///
/// What is used and what may be used are as the status says: a quota without one limits nothing.
pub fn check<'a>(
    quotas: &'a [Quota],
    evaluator: &dyn Evaluator,
    write: &Write<'_>,
    now: Timestamp,
) -> Result<Vec<(&'a Quota, Amounts)>, String> {
    let mut measuring = Vec::new();
    for quota in quotas {
        let hard = amounts(&quota.object, &["status", "hard"]);
        let measured: Vec<_> = hard.keys().map(String::as_str).filter(|name| evaluator.measures(name)).collect();
        if measured.is_empty() || !is_in_scopes(quota, evaluator, write.object) {
            continue;
        }
        let name = quota.key.name();
        if let Some(missing) = evaluator.missing(&measured, write.object) {
            return Err(format!("failed quota: {name}: {missing}"));
        }
        let used = amounts(&quota.object, &["status", "used"]);
        if measured.iter().any(|name| !used.contains_key(*name)) {
            return Err(format!("status unknown for quota: {name}, resources: {}", measured.join(",")));
        }
        measuring.push((quota, hard, used));
    }
    if measuring.is_empty() {
        return Ok(Vec::new());
    }
    let usage = evaluator.usage(write.object, now);
    let negative: Vec<_> = usage.iter().filter(|(_, amount)| amount.nanos() < 0).map(|(name, _)| &**name).collect();
    if !negative.is_empty() {
        return Err(format!("quota usage is negative for resource(s): {}", negative.join(",")));
    }
    let before = write.old.filter(|_| !write.is_create).map(|old| (old, evaluator.usage(old, now)));
    let mut charges = Vec::new();
    for (quota, hard, used) in measuring {
        let mut charge = usage.clone();
        if let Some((old, before)) = &before
            && is_in_scopes(quota, evaluator, old)
        {
            // What becomes less is given back by the controller, which looks at what is there.
            charge = less(&charge, before);
        }
        charge.retain(|name, amount| hard.contains_key(name) && amount.nanos() != 0);
        if !may_exceed(write)
            && let Some(why) = excess(quota.key.name(), &charge, &used, &hard)
        {
            return Err(why);
        }
        if !charge.is_empty() {
            charges.push((quota, charge));
        }
    }
    Ok(charges)
}

/// Whether a write is charged for even if there is no room: what the status of an object says has happened already.
pub fn may_exceed(write: &Write<'_>) -> bool {
    write.subresource == "status"
}

/// What is used after a charge.
pub fn charged(used: &Amounts, charge: &Amounts) -> Amounts {
    let mut sum = used.clone();
    for (name, amount) in charge {
        sum.entry(name.clone()).and_modify(|sum| sum.add(amount)).or_insert_with(|| amount.clone());
    }
    sum
}

/// Says which resources a charge would take beyond what may be used.
pub fn excess(name: &str, charge: &Amounts, used: &Amounts, hard: &Amounts) -> Option<String> {
    let after = charged(used, charge);
    let exceeded: Vec<_> =
        charge.keys().filter(|name| hard.get(*name).is_some_and(|hard| after[*name] > *hard)).collect();
    let shown = |amounts: &Amounts| {
        let amounts = exceeded.iter().filter_map(|name| Some((name, amounts.get(*name)?)));
        amounts.map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
    };
    let why = || {
        let (requested, used, limited) = (shown(charge), shown(used), shown(hard));
        format!("exceeded quota: {name}, requested: {requested}, used: {used}, limited: {limited}")
    };
    (!exceeded.is_empty()).then(why)
}

fn is_in_scopes(quota: &Quota, evaluator: &dyn Evaluator, object: &Value) -> bool {
    scopes::requirements(&quota.object).iter().all(|scope| evaluator.is_in(scope, object))
}

/// What is left of each amount after what there was before; nothing if that was more.
fn less(amounts: &Amounts, before: &Amounts) -> Amounts {
    let left = |name: &String, amount: &Quantity| before.get(name).map_or_else(|| amount.clone(), |b| amount.minus(b));
    amounts.iter().map(|(name, amount)| (name.clone(), left(name, amount))).collect()
}
