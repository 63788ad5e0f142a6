//! Pod: containers that share an address.

mod admission;
mod amounts;
mod binding;
mod create;
mod defaults;
mod diff;
mod go;
mod status;
mod subresources;
mod table;
mod typed;
mod update;
mod validate;
mod warnings;

use serde_json::Value;

pub use self::{
    binding::{bind, mark_evicted},
    create::drop_disabled,
    defaults::spec as default_spec,
    go::selector as shown_selector,
    status::set_condition,
    subresources::{errors as subresource_errors, prepare as prepare_subresource},
    validate::{labels::selector_errors, template::errors as template_errors},
    warnings::of_template as template_warnings,
};
use super::{Action, Authority, Column, DeleteAnswer, Doc, FieldLabels, KindDef, Moment, Strategy, Subresource, Verb};
use crate::object::{FieldErrors, GroupVersionKind, meta, status::Result};

const GVK: GroupVersionKind = GroupVersionKind::new("", "v1", "Pod");
const SPEC: &str = "api.core.v1.PodSpec";
const STATUS: &str = "api.core.v1.PodStatus";

/// The definition.
pub const DEF: KindDef = KindDef {
    gvk: GVK,
    plural: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    subresources: &[
        Subresource { name: "attach", gvk: core("PodAttachOptions"), verbs: CONNECT, action: Action::NeedsNode },
        Subresource { name: "binding", gvk: core("Binding"), verbs: &[Verb::Create], action: Action::Binding },
        Subresource { name: "ephemeralcontainers", gvk: GVK, verbs: Verb::STATUS, action: Action::Spec },
        Subresource {
            name: "eviction",
            gvk: GroupVersionKind::new("policy", "v1", "Eviction"),
            verbs: &[Verb::Create],
            action: Action::Eviction,
        },
        Subresource { name: "exec", gvk: core("PodExecOptions"), verbs: CONNECT, action: Action::NeedsNode },
        Subresource { name: "log", gvk: GVK, verbs: &[Verb::Get], action: Action::NeedsNode },
        Subresource {
            name: "portforward",
            gvk: core("PodPortForwardOptions"),
            verbs: CONNECT,
            action: Action::NeedsNode,
        },
        Subresource { name: "proxy", gvk: core("PodProxyOptions"), verbs: Verb::PROXY, action: Action::NeedsNode },
        Subresource { name: "resize", gvk: GVK, verbs: Verb::STATUS, action: Action::Spec },
        Subresource { name: "status", gvk: GVK, verbs: Verb::STATUS, action: Action::Status },
    ],
    message: "api.core.v1.Pod",
    columns: &[
        Column::NAME,
        Column::new("Ready", Doc::Text("The aggregate readiness state of this pod for accepting traffic.")),
        Column::new("Status", Doc::Text("The aggregate status of the containers in this pod.")),
        Column::new(
            "Restarts",
            Doc::Text(
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
    cells: table::cells,
    row_conditions: table::row_conditions,
    fields: &[
        ("spec.nodeName", |pod| in_spec(pod, "nodeName")),
        ("spec.restartPolicy", |pod| in_spec(pod, "restartPolicy")),
        ("spec.schedulerName", |pod| in_spec(pod, "schedulerName")),
        ("spec.serviceAccountName", |pod| in_spec(pod, "serviceAccountName")),
        ("spec.hostNetwork", |pod| {
            meta::at(pod, &["spec", "hostNetwork"]).and_then(Value::as_bool).unwrap_or_default().to_string()
        }),
        ("status.phase", |pod| meta::text(pod, &["status", "phase"]).to_owned()),
        ("status.podIP", first_pod_ip),
        ("status.podIPs", |_| String::new()),
        ("status.nominatedNodeName", |pod| meta::text(pod, &["status", "nominatedNodeName"]).to_owned()),
    ],
    field_aliases: &[("spec.host", "spec.nodeName")],
    field_labels: FieldLabels::Converted,
    delete_answer: DeleteAnswer::Object,
    has_generation: true,
    has_status: true,
    strategy: &Pod,
    ..KindDef::BASE
};

const CONNECT: &[Verb] = &[Verb::Create, Verb::Get];

const fn core(kind: &'static str) -> GroupVersionKind {
    GroupVersionKind::new("", "v1", kind)
}

struct Pod;

impl Strategy for Pod {
    fn default(&self, object: &mut Value) {
        defaults::default(object);
    }

    fn admit(&self, object: &mut Value, old: Option<&Value>, _now: Moment) {
        admission::admit(object, old);
    }

    fn authorize(&self, object: &Value, old: Option<&Value>, _authority: &dyn Authority) -> Result<()> {
        if old.is_some() { Ok(()) } else { admission::check(object) }
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

    fn validate_update(&self, object: &Value, old: &Value) -> FieldErrors {
        update::errors(object, old)
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        status::prepare(object, old);
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
