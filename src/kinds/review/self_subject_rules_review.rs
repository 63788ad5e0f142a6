//! SelfSubjectRulesReview: asks what the caller may do in a namespace.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{Authority, Kind, KindDef, Scope, Storage, Strategy, Verb};
use crate::object::{GroupVersionKind, Status, meta, status::Result};

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("authorization.k8s.io", "v1", "SelfSubjectRulesReview"),
        plural: "selfsubjectrulesreviews".into(),
        singular: "selfsubjectrulesreview".into(),
        scope: Scope::Cluster,
        verbs: vec![Verb::Create],
        schema: "api.authorization.v1.SelfSubjectRulesReview".into(),
        storage: Storage::Nothing,
        strategy: Arc::new(SelfSubjectRulesReview),
        ..KindDef::default()
    })
});

struct SelfSubjectRulesReview;

impl Strategy for SelfSubjectRulesReview {
    fn review(&self, object: &mut Value, authority: &dyn Authority) -> Result<()> {
        let namespace = meta::text(object, &["spec", "namespace"]);
        if namespace.is_empty() {
            return Err(Status::bad_request("no namespace on request"));
        }
        let (rules, errors) = authority.rules(namespace);
        let (of_paths, of_resources): (Vec<_>, Vec<_>) =
            rules.into_iter().partition(|rule| rule.resources.is_empty() && !rule.non_resource_urls.is_empty());
        object["status"] = json!({
            "resourceRules": of_resources,
            "nonResourceRules": of_paths,
            "incomplete": !errors.is_empty(),
            "evaluationError": errors.join(", "),
        });
        Ok(())
    }
}
