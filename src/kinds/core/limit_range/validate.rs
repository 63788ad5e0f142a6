//! Checks of limit ranges.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::{CLAIM, CONTAINER, POD, limits::ratio};
use crate::{
    kinds::{
        pod::amounts::Amounts,
        rules::{
            check,
            resources::{can_be_overcommitted, container_name_errors, name_errors},
        },
    },
    object::{FieldError, FieldErrors, Path, meta, names},
    text::quantity::Quantity,
};

/// What is wrong with the limits of a limit range.
pub fn errors(items: &[Value]) -> FieldErrors {
    let path = Path::new("spec").child("limits");
    let mut errors = FieldErrors::new();
    let mut types = HashSet::new();
    for (i, item) in items.iter().enumerate() {
        let item = Item { path: path.index(i), item, limit_type: meta::text(item, &["type"]) };
        errors.extend(item.type_errors());
        if !types.insert(item.limit_type) {
            errors.push(FieldError::duplicate(&item.path.child("type"), item.limit_type));
        }
        item.add_errors(&mut errors);
    }
    errors
}

/// The limits of one type.
struct Item<'a> {
    path: Path,
    item: &'a Value,
    limit_type: &'a str,
}

impl<'a> Item<'a> {
    fn type_errors(&self) -> FieldErrors {
        let path = self.path.child("type");
        let errors = check::rule(&path, self.limit_type, names::qualified_name);
        let known = self.limit_type.contains('/') || [POD, CONTAINER, CLAIM].contains(&self.limit_type);
        if errors.is_empty() && !known {
            let detail = "must be a standard limit type or fully qualified";
            return vec![FieldError::invalid(&path, self.limit_type, detail)];
        }
        errors
    }

    fn add_errors(&self, errors: &mut FieldErrors) {
        let (max, min) = (self.amounts("max", errors), self.amounts("min", errors));
        let (mut default, mut default_request) = (Amounts::new(), Amounts::new());
        if self.limit_type == POD {
            for member in ["default", "defaultRequest"] {
                if meta::map(self.item, &[member]).is_some_and(|amounts| !amounts.is_empty()) {
                    let detail = "may not be specified when `type` is 'Pod'";
                    errors.push(FieldError::forbidden(&self.path.child(member), detail));
                }
            }
        } else {
            default = self.amounts("default", errors);
            default_request = self.amounts("defaultRequest", errors);
        }
        if self.limit_type == CLAIM && !min.contains_key("storage") && !max.contains_key("storage") {
            let detail = "either minimum or maximum storage value is required, but neither was provided";
            errors.push(FieldError::required(&self.path.child("limits"), detail));
        }
        let ratios = self.amounts("maxLimitRequestRatio", errors);
        let lists = [&max, &min, &default, &default_request, &ratios];
        let names: BTreeSet<_> = lists.iter().flat_map(|list| list.keys().copied()).collect();
        for name in names {
            let [max, min, default, default_request, ratio] = lists.map(|list| list.get(name));
            self.add_order_errors(name, [min, default_request, default, max], errors);
            self.add_ratio_errors(name, ratio, [min, max], errors);
            if let (Some(default), Some(request), false) = (default, default_request, can_be_overcommitted(name))
                && default != request
            {
                let path = self.path.child("defaultRequest").key(name);
                let detail = format!("default value {default} must equal to defaultRequest value {request} in {name}");
                errors.push(FieldError::invalid(&path, request.to_string(), &detail));
            }
        }
    }

    /// Amounts of a member, whose names are checked on the way.
    fn amounts(&self, member: &str, errors: &mut FieldErrors) -> Amounts<'a> {
        let path = self.path.child(member);
        let check = if [POD, CONTAINER].contains(&self.limit_type) { container_name_errors } else { name_errors };
        let mut given: Vec<_> = meta::map(self.item, &[member]).into_iter().flatten().collect();
        given.sort_by_key(|(name, _)| *name);
        let mut amounts = Amounts::new();
        for (name, amount) in given {
            errors.extend(check(&path.key(name), name));
            amounts.extend(amount.as_str().and_then(Quantity::parse).map(|amount| (name.as_str(), amount)));
        }
        amounts
    }

    /// Each of these may be at most the next.
    fn add_order_errors(
        &self,
        name: &str,
        [min, default_request, default, max]: [Option<&Quantity>; 4],
        errors: &mut FieldErrors,
    ) {
        let (least, most) = (("min value", min), ("max value", max));
        let (request, limit) = (("default request value", default_request), ("default value", default));
        // Which of the two an error shows differs from case to case.
        let pairs = [
            ("min", least, most, min),
            ("defaultRequest", least, request, default_request),
            ("defaultRequest", request, most, default_request),
            ("defaultRequest", request, ("default limit value", default), default_request),
            ("default", least, limit, min),
            ("default", limit, most, max),
        ];
        for (member, (lower_name, lower), (upper_name, upper), shown) in pairs {
            if let (Some(lower), Some(upper), Some(shown)) = (lower, upper, shown)
                && lower > upper
            {
                let detail = format!("{lower_name} {lower} is greater than {upper_name} {upper}");
                errors.push(FieldError::invalid(&self.path.child(member).key(name), shown.to_string(), &detail));
            }
        }
    }

    fn add_ratio_errors(
        &self,
        name: &str,
        given: Option<&Quantity>,
        [min, max]: [Option<&Quantity>; 2],
        errors: &mut FieldErrors,
    ) {
        let Some(given) = given else { return };
        let path = self.path.child("maxLimitRequestRatio").key(name);
        if *given < Quantity::whole(1) {
            errors.push(FieldError::invalid(&path, given.to_string(), &format!("ratio {given} is less than 1")));
        }
        if let (Some(min), Some(max)) = (min, max) {
            let most = ratio(max, min);
            if given.thousandths() as f64 / 1000.0 > most {
                let detail = format!("ratio {given} is greater than max/min = {most:.6}");
                errors.push(FieldError::invalid(&path, given.to_string(), &detail));
            }
        }
    }
}
