//! ServiceCIDR: ranges from which Services get their cluster IPs.

use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::kinds::{
    Column, Doc, Family, Kind, KindDef, Moment, Scope, Strategy, Subresource,
    model::strategy::{age, keep_all_but_status},
    rules::{ip, metadata},
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("networking.k8s.io", "v1", "ServiceCIDR");
const IMMUTABLE: &str = "field is immutable";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "servicecidrs".into(),
        singular: "servicecidr".into(),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "api.networking.v1.ServiceCIDR".into(),
        columns: vec![
            Column::NAME,
            Column::new("CIDRs", Doc::Field("api.networking.v1.ServiceCIDRSpec", "cidrs")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        has_status: true,
        strategy: Arc::new(Cidr),
        ..KindDef::default()
    })
});

/// The ranges of a ServiceCIDR.
pub fn ranges(object: &Value) -> Vec<&str> {
    meta::items(object, &["spec", "cidrs"]).iter().filter_map(Value::as_str).collect()
}

/// Whether Services may get addresses from it: unless it says otherwise.
pub fn is_ready(object: &Value) -> bool {
    let conditions = meta::items(object, &["status", "conditions"]);
    let ready = conditions.iter().find(|condition| meta::text(condition, &["type"]) == "Ready");
    ready.is_none_or(|condition| meta::text(condition, &["status"]) == "True")
}

/// The ranges from which Services may get addresses.
pub fn ready_ranges(object: &Value) -> Vec<IpNet> {
    if !is_ready(object) {
        return Vec::new();
    }
    ranges(object).iter().filter_map(|cidr| cidr.parse().ok()).collect()
}

struct Cidr;

impl Strategy for Cidr {
    fn validate(&self, object: &Value) -> FieldErrors {
        let path = path();
        let cidrs = ranges(object);
        let shown = json!({"CIDRs": cidrs});
        match cidrs[..] {
            [] => return vec![FieldError::required(&path, "at least one CIDR required")],
            [_] => {}
            [first, second] if family(first).is_some() && family(first).map(Family::other) == family(second) => {}
            [_, _] => {
                let detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
                return vec![FieldError::invalid(&path, shown, detail)];
            }
            _ => return vec![FieldError::invalid(&path, shown, "may only hold up to 2 values")],
        }
        cidrs.iter().enumerate().flat_map(|(i, cidr)| ip::strict_cidr(&path.index(i), cidr)).collect()
    }

    /// A single-stack object may become dual-stack; nothing else changes.
    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let path = path();
        let (now, before) = (ranges(object), ranges(old));
        let changed = |i: usize| FieldError::invalid(&path.index(i), now[i], IMMUTABLE);
        if now.len() == before.len() {
            return (0..now.len()).filter(|i| now[*i] != before[*i]).map(changed).collect();
        }
        if before.len() != 1 || now.len() != 2 {
            return vec![FieldError::invalid(&path, now, IMMUTABLE)];
        }
        let mut errors = if now[0] == before[0] { Vec::new() } else { vec![changed(0)] };
        errors.extend(self.validate(object));
        errors
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        metadata::keep_for_part(object, old);
    }
}

fn path() -> Path {
    Path::new("spec").child("cidrs")
}

fn family(cidr: &str) -> Option<Family> {
    ip::parse_cidr(cidr).as_ref().map(Family::of_net)
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), ranges(object).join(",").into(), age(object, now).into()]
}
