//! Service: a stable address for a set of pods.

mod allocate;
mod defaults;
mod families;
mod held;
mod proxy;
pub mod route;
mod table;
mod update;
mod validate;
mod validate_update;
mod view;
mod warnings;

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use serde_json::{Value, json};

use super::{
    Allocator, Claim, Companion, DeletionResult, FieldLabels, Findings, Kind, KindDef, NameRule, SelectableField,
    Strategy, Subresource, networking::ip_address, texts,
};
use crate::object::{FieldErrors, GroupVersionKind, meta, status::Result};
use held::HeldNames;
use validate::Old;

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
            Subresource::proxy(GroupVersionKind::new("", "v1", "ServiceProxyOptions"), proxy::Proxy),
            Subresource::status(GVK),
        ],
        schema: "api.core.v1.Service".into(),
        registry_path: Some("services/specs".into()),
        columns: table::COLUMNS.to_vec(),
        cells: Arc::new(table::cells),
        fields: vec![
            SelectableField::new("spec.clusterIP", |object| meta::text(object, &["spec", "clusterIP"]).to_owned()),
            SelectableField::new("spec.type", |object| view::kind_of(object).to_owned()),
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
        defaults::fill(object);
    }

    /// The spec is decoded here and nowhere else in a write.
    fn allocate(&self, object: &mut Value, old: Option<&Value>, allocator: &dyn Allocator) -> Result<Option<Findings>> {
        let (decoded, old_spec) = (view::decode(object)?, old.map(view::decode).transpose()?);
        let owner = allocate::Owner { namespace: meta::namespace(object), name: meta::name(object) };
        let mut spec = decoded.clone();
        allocate::settle(&owner, &mut spec, old_spec.as_ref(), allocator)?;
        if let Some(old_spec) = &old_spec {
            update::drop_unused(&mut spec, old_spec);
        }
        if spec != decoded {
            view::replace(object, &spec);
        }
        let old = old.zip(old_spec.as_ref()).map(|(object, spec)| Old { object, spec });
        let mut errors = old.as_ref().map(|old| validate_update::change(&spec, old.spec)).unwrap_or_default();
        errors.extend(validate::service(object, &spec, old.as_ref()));
        Ok(Some(Findings { errors, warnings: warnings::of(object, &spec) }))
    }

    /// An alias has no traffic policy to show.
    fn canonicalize(&self, object: &mut Value) {
        if view::kind_of(object) == view::EXTERNAL_NAME {
            meta::map_mut(object, "spec").shift_remove("internalTrafficPolicy");
        }
    }

    /// Only a load balancer has addresses in its status.
    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        if view::kind_of(object) != view::LOAD_BALANCER {
            meta::map_mut(object, "status").insert("loadBalancer".to_owned(), json!({}));
        }
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        validate::status(object, old)
    }

    fn status_warnings(&self, object: &Value) -> Vec<String> {
        warnings::of_status(object)
    }

    fn claims(&self, object: &Value) -> Result<Vec<Claim>> {
        let spec = HeldNames::of(object)?;
        let mut claims: BTreeSet<_> = spec.addresses().map(|address| Claim::address(&address)).collect();
        claims.extend(spec.ports().map(Claim::node_port));
        Ok(claims.into_iter().collect())
    }

    fn companions(&self, object: &Value) -> Result<Vec<Companion>> {
        let companion = |address| Companion {
            gvk: ip_address::DEF.gvk.clone(),
            object: ip_address::for_service(&address, meta::namespace(object), meta::name(object)),
        };
        Ok(HeldNames::of(object)?.addresses().map(companion).collect())
    }
}
