//! IPAddress: one cluster IP and the object it belongs to.

use std::sync::{Arc, LazyLock};

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::kinds::{
    Claim, Column, Doc, Family, Kind, KindDef, Moment, NameRule, Scope, Strategy, model::strategy::age, rules::ip,
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names, status::Result};

/// Says which family an address is of.
pub const FAMILY_LABEL: &str = "ipaddress.kubernetes.io/ip-family";
/// Says who looks after an address.
pub const MANAGED_BY_LABEL: &str = "ipaddress.kubernetes.io/managed-by";
/// The one who looks after the addresses of Services.
pub const ALLOCATOR: &str = "ipallocator.k8s.io";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("networking.k8s.io", "v1", "IPAddress"),
        plural: "ipaddresses".into(),
        singular: "ipaddress".into(),
        short_names: texts(["ip"]),
        scope: Scope::Cluster,
        schema: "api.networking.v1.IPAddress".into(),
        // kube-apiserver names two columns and sends three cells, the last one being the age.
        columns: vec![
            Column::NAME,
            Column::new("ParentRef", Doc::Field("api.networking.v1.IPAddressSpec", "parentRef")),
        ],
        cells: Arc::new(cells),
        name_rule: NameRule::Ip,
        strategy: Arc::new(Address),
        ..KindDef::default()
    })
});

/// The IPAddress that stands for a Service's cluster IP.
pub fn for_service(address: &IpAddr, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {
            "name": address.to_string(),
            "labels": {FAMILY_LABEL: Family::of(address).name(), MANAGED_BY_LABEL: ALLOCATOR},
        },
        "spec": {"parentRef": {"resource": "services", "namespace": namespace, "name": name}},
    })
}

/// Checks a reference to the object that an address belongs to.
pub fn validate_parent(group: &str, resource: &str, namespace: &str, name: &str) -> FieldErrors {
    let path = Path::new("spec").child("parentRef");
    let mut errors = FieldErrors::new();
    let mut check = |field: &str, value: &str, required: bool, rule: fn(&str) -> Vec<String>| {
        let path = path.child(field);
        if !value.is_empty() {
            errors.extend(rule(value).iter().map(|reason| FieldError::invalid(&path, value, reason)));
        } else if required {
            errors.push(FieldError::required(&path, ""));
        }
    };
    check("group", group, false, names::dns1123_subdomain);
    check("resource", resource, true, names::path_segment);
    check("name", name, true, names::path_segment);
    check("namespace", namespace, false, names::path_segment);
    errors
}

struct Address;

impl Strategy for Address {
    fn validate(&self, object: &Value) -> FieldErrors {
        if meta::at(object, &["spec", "parentRef"]).is_none_or(Value::is_null) {
            return vec![FieldError::required(&Path::new("spec").child("parentRef"), "")];
        }
        let part = |field| parent(object, field);
        validate_parent(part("group"), part("resource"), part("namespace"), part("name"))
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        const PARTS: [&str; 4] = ["group", "resource", "namespace", "name"];
        if PARTS.iter().all(|part| parent(object, part) == parent(old, part)) {
            return FieldErrors::new();
        }
        let path = Path::new("spec").child("parentRef");
        vec![FieldError::invalid(&path, shown_parent(object), "field is immutable")]
    }

    /// A Service holds its own addresses; the others are held by the object itself.
    fn claims(&self, object: &Value) -> Result<Vec<Claim>> {
        let is_managed = meta::text(object, &["metadata", "labels", MANAGED_BY_LABEL]) == ALLOCATOR;
        let address = ip::parse(meta::name(object)).filter(|_| !is_managed);
        Ok(address.iter().map(Claim::address).collect())
    }
}

fn parent<'a>(object: &'a Value, field: &str) -> &'a str {
    meta::text(object, &["spec", "parentRef", field])
}

/// The reference as messages print it: a structure without JSON names.
fn shown_parent(object: &Value) -> Value {
    if meta::at(object, &["spec", "parentRef"]).is_none() {
        return Value::Null;
    }
    json!({
        "Group": parent(object, "group"),
        "Resource": parent(object, "resource"),
        "Namespace": parent(object, "namespace"),
        "Name": parent(object, "name"),
    })
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let resource = match (parent(object, "resource"), parent(object, "group")) {
        (resource, "") => resource.to_lowercase(),
        (resource, group) => format!("{resource}.{group}").to_lowercase(),
    };
    let path: Vec<_> = [resource.as_str(), parent(object, "namespace"), parent(object, "name")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    vec![meta::name(object).into(), path.join("/").into(), age(object, now).into()]
}
