//! Whether what is asked for is within the limits of a limit range.

use std::collections::HashSet;

use serde_json::Value;

use super::{CLAIM, CONTAINER, POD, items, pods::Asked};
use crate::{kinds::pod::amounts::Amounts, object::meta, text::quantity::Quantity};

/// Which limits a pod breaks, in the words that refuse it.
pub fn of_pod(range: &Value, asked: &Asked<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for item in items(range) {
        match meta::text(item, &["type"]) {
            CONTAINER => asked.containers.iter().for_each(|asked| broken.extend(broken_limits(item, asked))),
            POD => broken.extend(broken_limits(item, &asked.pod)),
            _ => {}
        }
    }
    broken
}

/// Which limits a claim breaks that requests these amounts.
pub fn of_claim(range: &Value, requests: &Amounts<'_>) -> Vec<String> {
    let no_limits = Amounts::new();
    let asked = (requests, &no_limits);
    let of_claims = items(range).iter().filter(|item| meta::text(item, &["type"]) == CLAIM);
    of_claims
        .flat_map(|item| {
            let least = entries(item, "min").filter_map(|(name, least)| below_min(CLAIM, name, &least, asked));
            let most = entries(item, "max").filter_map(|(name, most)| request_above_max(name, &most, requests));
            least.chain(most).collect::<Vec<_>>()
        })
        .collect()
}

/// How many times the one amount is as large as the other.
pub fn ratio(large: &Quantity, small: &Quantity) -> f64 {
    large.thousandths() as f64 / small.thousandths() as f64
}

/// Several refusals as one text: the only one bare, several in brackets, repeated ones once.
pub fn aggregate(mut texts: Vec<String>) -> Option<String> {
    let mut known = HashSet::new();
    texts.retain(|text| known.insert(text.clone()));
    match texts.len() {
        0 | 1 => texts.pop(),
        _ => Some(format!("[{}]", texts.join(", "))),
    }
}

/// Requests and limits.
type Pair<'a> = (&'a Amounts<'a>, &'a Amounts<'a>);

fn broken_limits(item: &Value, (requests, limits): &(Amounts<'_>, Amounts<'_>)) -> Vec<String> {
    let limit_type = meta::text(item, &["type"]);
    let asked = (requests, limits);
    let least = entries(item, "min").filter_map(|(name, least)| below_min(limit_type, name, &least, asked));
    let most = entries(item, "max").filter_map(|(name, most)| above_max(limit_type, name, &most, asked));
    let ratio =
        entries(item, "maxLimitRequestRatio").filter_map(|(name, most)| above_ratio(limit_type, name, &most, asked));
    least.chain(most).chain(ratio).collect()
}

fn below_min(limit_type: &str, name: &str, least: &Quantity, (requests, limits): Pair<'_>) -> Option<String> {
    let what = || format!("minimum {name} usage per {limit_type} is {least}");
    let Some(request) = requests.get(name) else {
        return Some(format!("{}.  No request is specified", what()));
    };
    if less(request, least) {
        return Some(format!("{}, but request is {request}", what()));
    }
    let limit = limits.get(name).filter(|limit| less(limit, least))?;
    Some(format!("{}, but limit is {limit}", what()))
}

fn above_max(limit_type: &str, name: &str, most: &Quantity, (requests, limits): Pair<'_>) -> Option<String> {
    let what = || format!("maximum {name} usage per {limit_type} is {most}");
    let Some(limit) = limits.get(name) else {
        return Some(format!("{}.  No limit is specified", what()));
    };
    if less(most, limit) {
        return Some(format!("{}, but limit is {limit}", what()));
    }
    let request = requests.get(name).filter(|request| less(most, request))?;
    Some(format!("{}, but request is {request}", what()))
}

fn request_above_max(name: &str, most: &Quantity, requests: &Amounts<'_>) -> Option<String> {
    let what = || format!("maximum {name} usage per {CLAIM} is {most}");
    match requests.get(name) {
        None => Some(format!("{}.  No request is specified", what())),
        Some(request) if less(most, request) => Some(format!("{}, but request is {request}", what())),
        Some(_) => None,
    }
}

fn above_ratio(limit_type: &str, name: &str, most: &Quantity, (requests, limits): Pair<'_>) -> Option<String> {
    let what = || format!("{name} max limit to request ratio per {limit_type} is {most}");
    let given = |amounts: &Amounts<'_>| amounts.get(name).filter(|amount| amount.thousandths() != 0).cloned();
    let Some(request) = given(requests) else {
        return Some(format!("{}, but no request is specified or request is 0", what()));
    };
    let Some(limit) = given(limits) else {
        return Some(format!("{}, but no limit is specified or limit is 0", what()));
    };
    let found = ratio(&limit, &request);
    (found * 1000.0 > most.thousandths() as f64).then(|| format!("{}, but provided ratio is {found:.6}", what()))
}

/// Compares thousandths, the smallest parts that count here.
fn less(a: &Quantity, b: &Quantity) -> bool {
    a.thousandths() < b.thousandths()
}

/// The amounts of a member in the order of their names.
fn entries<'a>(item: &'a Value, member: &str) -> impl Iterator<Item = (&'a str, Quantity)> {
    let mut given: Vec<_> = meta::map(item, &[member]).into_iter().flatten().collect();
    given.sort_by_key(|(name, _)| *name);
    given.into_iter().filter_map(|(name, amount)| Some((name.as_str(), Quantity::parse(amount.as_str()?)?)))
}
