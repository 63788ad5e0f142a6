//! Service: a stable address for a set of pods.

mod allocate;
mod defaults;
mod families;
mod table;
mod update;
mod validate;
mod validate_update;
mod view;
mod warnings;

use std::sync::{Arc, LazyLock};

use std::{collections::BTreeSet, net::IpAddr};

use serde_json::{Value, json};

use super::{
    Allocator, Claim, Companion, DeletionResult, FieldLabels, Kind, KindDef, NameRule, SelectableField, Strategy,
    Subresource, networking::ip_address, rules::ip, texts,
};
use crate::object::{FieldErrors, GroupVersionKind, meta, status::Result};
use validate::Old;
use view::{NONE, SpecView};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Service");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "services".into(),
        singular: "service".into(),
        short_names: texts(["svc"]),
        categories: texts(["all"]),
        subresources: vec![
            Subresource::proxy(GroupVersionKind::new("", "v1", "ServiceProxyOptions")),
            Subresource::status(GVK),
        ],
        schema: "api.core.v1.Service".into(),
        registry_path: Some("services/specs".into()),
        columns: table::COLUMNS.to_vec(),
        cells: Arc::new(table::cells),
        fields: vec![
            SelectableField::new("spec.clusterIP", |object| meta::text(object, &["spec", "clusterIP"]).to_owned()),
            SelectableField::new("spec.type", |object| meta::text(object, &["spec", "type"]).to_owned()),
        ],
        field_labels: FieldLabels::Converted,
        name_rule: NameRule::Label,
        create_on_update: true,
        deletion_result: DeletionResult::Object,
        has_status: true,
        strategy: Arc::new(Service),
        ..KindDef::default()
    })
});

struct Service;

impl Strategy for Service {
    fn default(&self, object: &mut Value) {
        // What does not decode is refused when addresses are chosen.
        let _ = view::edit(object, defaults::fill);
        if meta::text(object, &["spec", "type"]) == view::LOAD_BALANCER {
            defaults::fill_status(object);
        }
    }

    fn allocate(&self, object: &mut Value, old: Option<&Value>, allocator: &dyn Allocator) -> Result<()> {
        let old = old.map(view::decode).transpose()?;
        let (namespace, name) = (meta::namespace(object).to_owned(), meta::name(object).to_owned());
        let owner = allocate::Owner { namespace: &namespace, name: &name };
        view::edit(object, |spec| allocate::settle(&owner, spec, old.as_ref(), allocator))?
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validate::service(object, &view::spec(object), None)
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        warnings::of(object, &view::spec(object))
    }

    /// An alias has no traffic policy to show.
    fn canonicalize(&self, object: &mut Value) {
        if meta::text(object, &["spec", "type"]) == view::EXTERNAL_NAME {
            meta::map_mut(object, "spec").shift_remove("internalTrafficPolicy");
        }
    }

    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        if view::edit(object, |spec| update::drop_unused(spec, &view::spec(old))).unwrap_or_default() {
            meta::map_mut(object, "status").insert("loadBalancer".to_owned(), json!({}));
        }
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let (new_spec, old_spec) = (view::spec(object), view::spec(old));
        let mut errors = validate_update::change(&new_spec, &old_spec);
        errors.extend(validate::service(object, &new_spec, Some(&Old { object: old, spec: &old_spec })));
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        validate::status(object, old, &view::spec(object))
    }

    fn status_warnings(&self, object: &Value) -> Vec<String> {
        warnings::of_status(object)
    }

    fn claims(&self, object: &Value) -> Vec<Claim> {
        let spec = view::spec(object);
        let mut claims = BTreeSet::new();
        if !spec.is_external_name() {
            claims.extend(addresses(object).map(|address| Claim::address(&address)));
        }
        let mut ports = if spec.has_node_ports() { spec.node_ports() } else { Vec::new() };
        if spec.needs_health_check() {
            ports.push(spec.health_check_port());
        }
        let ports = ports.into_iter().filter_map(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
        claims.extend(ports.map(Claim::node_port));
        claims.into_iter().collect()
    }

    fn companions(&self, object: &Value) -> Vec<Companion> {
        let companion = |address| Companion {
            kind: ip_address::DEF.clone(),
            object: ip_address::for_service(&address, meta::namespace(object), meta::name(object)),
        };
        addresses(object).map(companion).collect()
    }
}

/// The cluster IPs that a stored Service holds.
fn addresses(object: &Value) -> impl Iterator<Item = IpAddr> {
    let is_alias = meta::text(object, &["spec", "type"]) == view::EXTERNAL_NAME;
    let list = if is_alias { &[] } else { meta::items(object, &["spec", "clusterIPs"]) };
    list.iter().filter_map(Value::as_str).filter(|text| *text != NONE).filter_map(ip::parse)
}
