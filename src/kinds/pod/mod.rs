//! Pod: containers that share an address.

pub mod amounts;
mod binding;
mod connections;
mod create;
mod defaults;
mod eviction;
mod go;
pub mod go_layout;
pub mod standards;
mod status;
mod subresources;
mod table;
pub mod typed;
mod update;
pub mod validate;
pub mod warnings;

use std::sync::{Arc, LazyLock};

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::Value;

pub use self::{
    create::drop_disabled,
    defaults::spec as default_spec,
    go::show_template as shown_template,
    status::{qos_class, set_condition},
    validate::containers::resources::overhead_value_errors as overhead_errors,
    validate::{
        labels::selector_value_errors as selector_errors, scheduling::toleration_value_errors as toleration_errors,
        template::errors as template_errors,
    },
    warnings::of_template as template_warnings,
};
use super::{
    Behaviour, Check, Column, DeletionResult, Doc, FieldLabels, Kind, KindDef, Moment, SelectableField, Strategy,
    Subresource, Verb, texts,
};
use crate::object::{FieldErrors, GroupVersionKind, meta};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Pod");
const SPEC: &str = "api.core.v1.PodSpec";
const STATUS: &str = "api.core.v1.PodStatus";

/// The typed spec of a pod; what does not decode asks for nothing, and is refused elsewhere.
pub fn spec(pod: &Value) -> PodSpec {
    validate::spec_of(pod).unwrap_or_default()
}

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    Kind::new(KindDef {
        gvk: GVK,
        plural: "pods".into(),
        singular: "pod".into(),
        short_names: texts(["po"]),
        categories: texts(["all"]),
        subresources: vec![
            Subresource::connect("attach", core("PodAttachOptions"), CONNECT, stream("attach", true)),
            Subresource::new("binding", core("Binding"), &[Verb::Create], Behaviour::Edit(Arc::new(binding::Bind))),
            Subresource::part("ephemeralcontainers", GVK, Verb::STATUS, subresources::EphemeralContainers),
            Subresource::new(
                "eviction",
                GroupVersionKind::new("policy", "v1", "Eviction"),
                &[Verb::Create],
                Behaviour::Edit(Arc::new(eviction::Evict)),
            ),
            Subresource::connect("exec", core("PodExecOptions"), CONNECT, stream("exec", true)),
            Subresource::connect("log", GVK, &[Verb::Get], connections::Log),
            Subresource::connect("portforward", core("PodPortForwardOptions"), CONNECT, stream("portforward", false)),
            Subresource::proxy(core("PodProxyOptions"), connections::Proxy),
            Subresource::part("resize", GVK, Verb::STATUS, subresources::Resize),
            Subresource::status(GVK),
        ],
        schema: "api.core.v1.Pod".into(),
        columns: vec![
            Column::NAME,
            Column::new("Ready", Doc::text("The aggregate readiness state of this pod for accepting traffic.")),
            Column::new("Status", Doc::text("The aggregate status of the containers in this pod.")),
            Column::new(
                "Restarts",
                Doc::text(
                    "The number of times the containers in this pod have been restarted \
                     and when the last container in this pod has restarted.",
                ),
            ),
            Column::AGE,
            Column::new("IP", Doc::Field(STATUS, "podIP")).wide(),
            Column::new("Node", Doc::Field(SPEC, "nodeName")).wide(),
            Column::new("Nominated Node", Doc::Field(STATUS, "nominatedNodeName")).wide(),
            Column::new("Readiness Gates", Doc::Field(SPEC, "readinessGates")).wide(),
        ],
        cells: Arc::new(table::cells),
        row_conditions: Arc::new(table::row_conditions),
        fields: vec![
            SelectableField::new("spec.nodeName", |pod| in_spec(pod, "nodeName")),
            SelectableField::new("spec.restartPolicy", |pod| in_spec(pod, "restartPolicy")),
            SelectableField::new("spec.schedulerName", |pod| in_spec(pod, "schedulerName")),
            SelectableField::new("spec.serviceAccountName", |pod| in_spec(pod, "serviceAccountName")),
            SelectableField::new("spec.hostNetwork", |pod| {
                meta::at(pod, &["spec", "hostNetwork"]).and_then(Value::as_bool).unwrap_or_default().to_string()
            }),
            SelectableField::new("status.phase", |pod| meta::text(pod, &["status", "phase"]).to_owned()),
            SelectableField::new("status.podIP", first_pod_ip),
            SelectableField::new("status.podIPs", |_| String::new()),
            SelectableField::new("status.nominatedNodeName", |pod| {
                meta::text(pod, &["status", "nominatedNodeName"]).to_owned()
            }),
        ],
        field_aliases: vec![("spec.host".into(), "spec.nodeName".into())],
        field_labels: FieldLabels::Converted,
        deletion_result: DeletionResult::Object,
        has_generation: true,
        has_status: true,
        strategy: Arc::new(Pod),
        ..KindDef::default()
    })
});

const CONNECT: &[Verb] = &[Verb::Create, Verb::Get];

const fn core(kind: &'static str) -> GroupVersionKind {
    GroupVersionKind::new("", "v1", kind)
}

const fn stream(name: &'static str, to_container: bool) -> connections::Stream {
    connections::Stream { name, to_container }
}

struct Pod;

impl Strategy for Pod {
    fn default(&self, object: &mut Value) {
        defaults::default(object);
    }

    fn prepare_for_create(&self, object: &mut Value, _now: Moment) {
        create::prepare(object);
        status::start(object);
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        validate::create_errors(object)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        // People seldom update pods themselves, and those who do it often do not read warnings.
        if old.is_some() { Vec::new() } else { warnings::of_pod(object) }
    }

    fn prepare_for_update(&self, object: &mut Value, _old: &Value) {
        create::drop_disabled(meta::map_mut(object, "spec"));
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::MetadataChange, Check::Metadata, Check::Change]
    }

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        update::errors(object, old)
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        status::prepare(object, old);
    }

    fn status_reset_fields(&self) -> &'static [&'static [&'static str]] {
        &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]
    }

    fn status_warnings(&self, object: &Value) -> Vec<String> {
        warnings::of_status(object)
    }

    fn validate_status(&self, object: &Value, old: &Value) -> FieldErrors {
        validate::status::errors(object, old)
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        let ended = ["Succeeded", "Failed"].contains(&meta::text(object, &["status", "phase"]));
        if ended || meta::text(object, &["spec", "nodeName"]).is_empty() {
            // Nobody is there to stop it.
            return Some(0);
        }
        let own = || meta::at(object, &["spec", "terminationGracePeriodSeconds"]).and_then(Value::as_i64);
        let seconds = requested.or_else(own).unwrap_or_default();
        Some(if seconds < 0 { 1 } else { seconds })
    }
}

fn in_spec(pod: &Value, member: &str) -> String {
    meta::text(pod, &["spec", member]).to_owned()
}

fn first_pod_ip(pod: &Value) -> String {
    meta::items(pod, &["status", "podIPs"]).first().map(|ip| meta::text(ip, &["ip"]).to_owned()).unwrap_or_default()
}
