//! ServiceAccount: an identity for programs.

use std::sync::{Arc, LazyLock};

use serde_json::Value;

use super::token;
use crate::kinds::{
    Behaviour, Check, DeletionResult, Kind, KindDef, Moment, Strategy, Subresource, Verb, rules::fill, texts,
};
use crate::object::{GroupVersionKind, meta};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("", "v1", "ServiceAccount"),
        plural: "serviceaccounts".into(),
        singular: "serviceaccount".into(),
        short_names: texts(["sa"]),
        schema: "api.core.v1.ServiceAccount".into(),
        subresources: vec![Subresource::new(
            "token",
            token::GVK,
            &[Verb::Create],
            Behaviour::Issue(Arc::new(token::Issue)),
        )],
        deletion_result: DeletionResult::Object,
        strategy: Arc::new(ServiceAccount),
        ..KindDef::default()
    })
});

const MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

struct ServiceAccount;

impl Strategy for ServiceAccount {
    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Metadata]
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        keep_secret_names(object);
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        keep_secret_names(object);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let has = |object: &Value| meta::at(object, &["metadata", "annotations", MOUNTABLE]).is_some();
        if !has(object) || old.is_some_and(has) {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{MOUNTABLE}]: deprecated in v1.32+; \
             prefer separate namespaces to isolate access to mounted secrets"
        )]
    }
}

/// References to Secrets keep nothing but the name.
fn keep_secret_names(object: &mut Value) {
    if let Some(members) = object.as_object_mut() {
        fill::each(members, "secrets", |secret| secret.retain(|member, _| member == "name"));
    }
}
