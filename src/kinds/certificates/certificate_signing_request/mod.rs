//! CertificateSigningRequest: who wants which certificate, whether that is approved, and the certificate.

mod approval;
mod conditions;
mod plugin;
mod request;
mod table;
mod validate;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    Check, Column, Doc, FieldLabels, Kind, KindDef, Moment, NameRule, Scope, SelectableField, Strategy, Subresource,
    Verb, texts,
};
use crate::object::{FieldErrors, GroupVersionKind, User, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("certificates.k8s.io", "v1", "CertificateSigningRequest");
const SPEC: &str = "api.certificates.v1.CertificateSigningRequestSpec";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "certificatesigningrequests".into(),
        singular: "certificatesigningrequest".into(),
        short_names: texts(["csr"]),
        scope: Scope::Cluster,
        subresources: vec![
            Subresource::part("approval", GVK, Verb::STATUS, approval::Approval),
            Subresource::status(GVK),
        ],
        schema: "api.certificates.v1.CertificateSigningRequest".into(),
        columns: vec![
            Column::NAME,
            Column::AGE,
            Column::new("SignerName", Doc::Field(SPEC, "signerName")),
            Column::new("Requestor", Doc::Field(SPEC, "request")),
            Column::new("RequestedDuration", Doc::Field(SPEC, "expirationSeconds")),
            Column::new("Condition", Doc::Field("api.certificates.v1.CertificateSigningRequestStatus", "conditions")),
        ],
        cells: Arc::new(table::cells),
        fields: vec![SelectableField::new("spec.signerName", |csr| {
            meta::text(csr, &["spec", "signerName"]).to_owned()
        })],
        field_labels: FieldLabels::Converted,
        name_rule: NameRule::PathSegment,
        untracked: true,
        has_status: true,
        admission: vec![Arc::new(plugin::CertificateSubjectRestriction)],
        strategy: Arc::new(CertificateSigningRequest),
        ..KindDef::default()
    })
});

struct CertificateSigningRequest;

impl Strategy for CertificateSigningRequest {
    fn record_author(&self, object: &mut Value, user: &User) {
        let spec = meta::map_mut(object, "spec");
        let or_null = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
        meta::set(spec, "username", or_null(&user.name));
        meta::set(spec, "uid", or_null(&user.uid));
        meta::set(spec, "groups", if user.groups.is_empty() { Value::Null } else { json!(user.groups) });
        meta::set(spec, "extra", if user.extra.is_empty() { Value::Null } else { json!(user.extra) });
    }

    /// The spec keeps its old value; no error says so.
    fn prepare_for_update(&self, object: &mut Value, old: &Value) {
        let spec = old.get("spec").cloned().unwrap_or(Value::Null);
        meta::set(meta::members_mut(object), "spec", spec);
    }

    fn stamp_status(&self, object: &mut Value, old: &Value, now: Moment) {
        conditions::stamp(object, old, now);
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change, Check::MetadataChange]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validate::errors(object)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = validate::errors(object);
        errors.extend(conditions::change_errors(object, old, false));
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        let mut errors = self.validate_update(object, old);
        errors.extend(validate::certificate_change_error(object, old));
        errors
    }
}
