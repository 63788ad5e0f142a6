//! APIService: a version of a group, and who serves it.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, NameRule, Scope, Strategy, Subresource,
    model::strategy::age,
    rules::{check, fill},
    texts,
};
use crate::object::{FieldError, FieldErrors, GroupVersionKind, Path, meta, names};
use crate::text::{go_quote, time::rfc3339};

const GVK: GroupVersionKind = GroupVersionKind::new("apiregistration.k8s.io", "v1", "APIService");

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "apiservices".into(),
        singular: "apiservice".into(),
        categories: texts(["api-extensions"]),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "kube-aggregator.pkg.apis.apiregistration.v1.APIService".into(),
        columns: vec![
            Column::NAME,
            Column::new("Service", Doc::text("The reference to the service that hosts this API endpoint.")),
            Column::new("Available", Doc::text("Whether this service is available.")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        name_rule: NameRule::PathSegment,
        has_status: true,
        strategy: Arc::new(ApiService),
        ..KindDef::default()
    })
});

/// Priorities are positive and at most these.
const GROUP_PRIORITY_MAX: i64 = 20_000;
const VERSION_PRIORITY_MAX: i64 = 1000;

struct ApiService;

impl Strategy for ApiService {
    fn default(&self, object: &mut Value) {
        fill::inside(meta::map_mut(object, "spec"), "service", |service| fill::null(service, "port", 443));
    }

    fn prepare_for_create(&self, object: &mut Value, now: Moment) {
        let is_local = meta::at(object, &["spec", "service"]).is_none_or(Value::is_null);
        let available = json!({
            "type": "Available",
            "status": "True",
            "lastTransitionTime": rfc3339(now),
            "reason": "Local",
            "message": "Local APIServices are always available",
        });
        let status = if is_local { json!({"conditions": [available]}) } else { json!({}) };
        meta::members_mut(object).insert("status".to_owned(), status);
    }

    fn name_problems(&self, object: &Value) -> Vec<String> {
        let spec = |member: &str| meta::text(object, &["spec", member]);
        let expected = format!("{}.{}", spec("version"), spec("group"));
        if meta::name(object) == expected {
            return Vec::new();
        }
        vec![format!("must be `spec.version+\".\"+spec.group`: {}", go_quote(&expected))]
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Metadata, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let null = Value::Null;
        spec_errors(&Path::new("spec"), object.get("spec").unwrap_or(&null))
    }
}

fn spec_errors(path: &Path, spec: &Value) -> FieldErrors {
    let (group, version) = (meta::text(spec, &["group"]), meta::text(spec, &["version"]));
    let mut errors = FieldErrors::new();
    if group.is_empty() && version != "v1" {
        let detail = "only v1 may have an empty group and it better be legacy kube";
        errors.push(FieldError::required(&path.child("group"), detail));
    }
    errors.extend(check::rule_if_given(&path.child("group"), group, names::dns1123_subdomain));
    errors.extend(check::rule(&path.child("version"), version, names::dns1035_label));
    for (member, max) in [("groupPriorityMinimum", GROUP_PRIORITY_MAX), ("versionPriority", VERSION_PRIORITY_MAX)] {
        let priority = check::integer(spec, member);
        if !(1..=max).contains(&priority) {
            let detail = format!("must be positive and less than {max}");
            errors.push(FieldError::invalid(&path.child(member), priority, &detail));
        }
    }
    let bundle = meta::text(spec, &["caBundle"]);
    let is_insecure = check::boolean(spec, "insecureSkipTLSVerify");
    let insecure = |detail| FieldError::invalid(&path.child("insecureSkipTLSVerify"), true, detail);
    let Some(service) = check::given(spec, "service") else {
        if !bundle.is_empty() {
            let bytes = bundle.trim_end_matches('=').len() * 3 / 4;
            let detail = "local APIServices may not have a caBundle";
            errors.push(FieldError::invalid(&path.child("caBundle"), format!("{bytes} bytes"), detail));
        }
        errors.extend(is_insecure.then(|| insecure("local APIServices may not have insecureSkipTLSVerify")));
        return errors;
    };
    let at = path.child("service");
    let missing = ["namespace", "name"].into_iter().filter(|name| meta::text(service, &[name]).is_empty());
    errors.extend(missing.map(|name| FieldError::required(&at.child(name), "")));
    let port = check::integer(service, "port");
    if !(1..=65535).contains(&port) {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        errors.push(FieldError::invalid(&at.child("port"), port, detail));
    }
    if is_insecure && !bundle.is_empty() {
        errors.push(insecure("may not be true if caBundle is present"));
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let service = meta::at(object, &["spec", "service"]).filter(|service| !service.is_null());
    let service = service.map_or_else(
        || "Local".to_owned(),
        |service| format!("{}/{}", meta::text(service, &["namespace"]), meta::text(service, &["name"])),
    );
    let conditions = meta::items(object, &["status", "conditions"]);
    let available = conditions.iter().find(|condition| meta::text(condition, &["type"]) == "Available");
    let available = available.map_or_else(
        || "Unknown".to_owned(),
        |condition| match (meta::text(condition, &["status"]), meta::text(condition, &["reason"])) {
            ("True", _) => "True".to_owned(),
            (status, reason) => format!("{status} ({reason})"),
        },
    );
    vec![meta::name(object).into(), service.into(), available.into(), age(object, now).into()]
}
