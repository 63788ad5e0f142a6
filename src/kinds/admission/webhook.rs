//! Webhooks as a configuration names them: defaults, validation, and the table of configurations.

use std::{collections::HashSet, sync::Arc};

use serde_json::{Map, Value};

use super::{client_config, match_condition, policy::expressions::Uses, rule};
use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Scope, Strategy,
    model::strategy::age,
    pod,
    rules::{
        check,
        fill::{self, each},
    },
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};

/// The versions of AdmissionReview, the preferred one first.
pub const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];
/// How many seconds a webhook may take to respond.
const TIMEOUTS: std::ops::RangeInclusive<i64> = 1..=30;
/// How many seconds it may take if its configuration does not say.
const DEFAULT_TIMEOUT: i64 = 10;

/// A kind of webhook configuration.
pub fn configuration(kind: &'static str, schema: &'static str, mutating: bool) -> Kind {
    let singular = kind.to_lowercase();
    Kind::new(KindDef {
        gvk: GroupVersionKind::new("admissionregistration.k8s.io", "v1", kind),
        plural: format!("{singular}s").into(),
        singular: singular.into(),
        categories: texts(["api-extensions"]),
        schema: schema.into(),
        columns: vec![
            Column::NAME,
            Column::new(
                "Webhooks",
                Doc::text("Webhooks indicates the number of webhooks registered in this configuration"),
            )
            .integer(),
            Column::AGE,
        ],
        scope: Scope::Cluster,
        any_finalizer: true,
        has_generation: true,
        unconditional_update: false,
        cells: Arc::new(cells),
        strategy: Arc::new(Configuration { mutating }),
        ..KindDef::default()
    })
}

struct Configuration {
    mutating: bool,
}

impl Strategy for Configuration {
    fn default(&self, object: &mut Value) {
        let Some(members) = object.as_object_mut() else { return };
        each(members, "webhooks", |webhook| {
            fill::null(webhook, "failurePolicy", "Fail");
            fill::null(webhook, "matchPolicy", "Equivalent");
            fill::null(webhook, "namespaceSelector", Map::new());
            fill::null(webhook, "objectSelector", Map::new());
            fill::null(webhook, "timeoutSeconds", DEFAULT_TIMEOUT);
            if self.mutating {
                fill::null(webhook, "reinvocationPolicy", "Never");
            }
            fill::inside(webhook, "clientConfig", client_config::default);
            each(webhook, "rules", rule::default);
        });
    }

    /// An empty list that takes the place of an absent one is a change too.
    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        check::given(object, "webhooks") != check::given(old, "webhooks")
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Change]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let mut errors = FieldErrors::new();
        let mut known = HashSet::new();
        for (i, webhook) in meta::items(object, &["webhooks"]).iter().enumerate() {
            let path = Path::new("webhooks").index(i);
            errors.extend(self.webhook_errors(&path, webhook));
            errors.extend(review_version_errors(&path.child("admissionReviewVersions"), webhook));
            let name = meta::text(webhook, &["name"]);
            if !name.is_empty() && !known.insert(name) {
                errors.push(FieldError::duplicate(&path.child("name"), name));
            }
        }
        errors
    }
}

impl Configuration {
    fn webhook_errors(&self, path: &Path, webhook: &Value) -> FieldErrors {
        let mut errors = full_name_errors(&path.child("name"), meta::text(webhook, &["name"]));
        for (i, rule) in meta::items(webhook, &["rules"]).iter().enumerate() {
            errors.extend(rule::errors(&path.child("rules").index(i), rule));
        }
        errors.extend(one_of(path, webhook, "failurePolicy", &["Fail", "Ignore"]));
        errors.extend(one_of(path, webhook, "matchPolicy", &["Equivalent", "Exact"]));
        if check::given(webhook, "sideEffects").is_some() {
            errors.extend(one_of(path, webhook, "sideEffects", &["None", "NoneOnDryRun"]));
        } else {
            let detail = "must specify one of None, NoneOnDryRun";
            errors.push(FieldError::required(&path.child("sideEffects"), detail));
        }
        if let Some(timeout) = check::given(webhook, "timeoutSeconds").and_then(Value::as_i64)
            && !TIMEOUTS.contains(&timeout)
        {
            let detail = "the timeout value must be between 1 and 30 seconds";
            errors.push(FieldError::invalid(&path.child("timeoutSeconds"), timeout, detail));
        }
        for member in ["namespaceSelector", "objectSelector"] {
            if let Some(selector) = check::given(webhook, member) {
                errors.extend(pod::selector_errors(&path.child(member), selector));
            }
        }
        if self.mutating {
            errors.extend(one_of(path, webhook, "reinvocationPolicy", &["IfNeeded", "Never"]));
        }
        let uses = Uses { authorizer: true, ..Uses::default() };
        errors.extend(client_config::errors(&path.child("clientConfig"), &webhook["clientConfig"]));
        errors.extend(match_condition::errors(&path.child("matchConditions"), webhook, uses));
        errors
    }
}

/// A member that may be absent, and otherwise is one of these.
fn one_of(path: &Path, webhook: &Value, member: &str, supported: &[&str]) -> Option<FieldError> {
    let value = check::given(webhook, member)?.as_str().unwrap_or_default();
    (!supported.contains(&value)).then(|| FieldError::not_supported(&path.child(member), value, supported))
}

fn full_name_errors(path: &Path, name: &str) -> FieldErrors {
    if name.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let wrong = names::dns1123_subdomain(name);
    if !wrong.is_empty() {
        return vec![FieldError::invalid(path, name, &wrong.join(","))];
    }
    if name.split('.').count() < 3 {
        let detail = "should be a domain with at least three segments separated by dots";
        return vec![FieldError::invalid(path, name, detail)];
    }
    FieldErrors::new()
}

fn review_version_errors(path: &Path, webhook: &Value) -> FieldErrors {
    let versions: Vec<_> =
        meta::items(webhook, &["admissionReviewVersions"]).iter().map(|v| v.as_str().unwrap_or_default()).collect();
    if versions.is_empty() {
        return vec![FieldError::required(path, &format!("must specify one of {}", REVIEW_VERSIONS.join(", ")))];
    }
    let mut errors = FieldErrors::new();
    let mut known = HashSet::new();
    for (i, version) in versions.iter().enumerate() {
        if known.insert(version) {
            errors.extend(check::rule(&path.index(i), version, names::dns1035_label));
        } else {
            errors.push(FieldError::invalid(&path.index(i), *version, "duplicate version"));
        }
    }
    if !versions.iter().any(|version| REVIEW_VERSIONS.contains(version)) {
        let detail = format!("must include at least one of {}", REVIEW_VERSIONS.join(", "));
        errors.push(FieldError::invalid(path, versions, &detail));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    vec![meta::name(object).into(), meta::items(object, &["webhooks"]).len().into(), age(object, now).into()]
}
