//! PriorityLevelConfiguration: how many requests of a priority are worked on, and how the others wait.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::conditions;
use crate::kinds::{
    Check, Column, Doc, Kind, KindDef, Moment, Scope, Strategy, Subresource,
    model::strategy::{age, keep_all_but_status},
    rules::{check, fill, metadata},
};
use crate::object::{
    FieldError, FieldErrors, GroupVersionKind, Path,
    meta::{self, Object},
};

const GVK: GroupVersionKind = GroupVersionKind::new("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration");
const QUEUING: &str = "api.flowcontrol.v1.QueuingConfiguration";

/// The definition.
pub static DEF: LazyLock<Kind> = LazyLock::new(|| {
    let limited = "api.flowcontrol.v1.LimitedPriorityLevelConfiguration";
    Kind::new(KindDef {
        gvk: GVK,
        plural: "prioritylevelconfigurations".into(),
        singular: "prioritylevelconfiguration".into(),
        scope: Scope::Cluster,
        subresources: vec![Subresource::status(GVK)],
        schema: "api.flowcontrol.v1.PriorityLevelConfiguration".into(),
        columns: vec![
            Column::NAME,
            Column::new("Type", Doc::Field("api.flowcontrol.v1.PriorityLevelConfigurationSpec", "type")),
            Column::new("NominalConcurrencyShares", Doc::Field(limited, "nominalConcurrencyShares")),
            Column::new("Queues", Doc::Field(QUEUING, "queues")),
            Column::new("HandSize", Doc::Field(QUEUING, "handSize")),
            Column::new("QueueLengthLimit", Doc::Field(QUEUING, "queueLengthLimit")),
            Column::AGE,
        ],
        cells: Arc::new(cells),
        has_generation: true,
        has_status: true,
        strategy: Arc::new(PriorityLevelConfiguration),
        ..KindDef::default()
    })
});

/// The most queues.
const QUEUES_MAX: i64 = 10_000_000;
/// The most bits that the choice of a request's queues takes.
const ENTROPY_MAX: f64 = 60.0;

struct PriorityLevelConfiguration;

impl Strategy for PriorityLevelConfiguration {
    fn default(&self, object: &mut Value) {
        let spec = meta::map_mut(object, "spec");
        for (kind, shares) in [("limited", 30), ("exempt", 0)] {
            fill::inside(spec, kind, |kind| {
                fill::null(kind, "nominalConcurrencyShares", shares);
                fill::null(kind, "lendablePercent", 0);
            });
        }
        fill::inside(spec, "limited", |limited| {
            fill::inside(limited, "limitResponse", |response| fill::inside(response, "queuing", default_queuing));
        });
    }

    fn update_checks(&self) -> &'static [Check] {
        &[Check::Metadata, Check::Object]
    }

    fn validate(&self, object: &Value) -> FieldErrors {
        let null = Value::Null;
        let mut errors = spec_errors(&Path::new("spec"), object.get("spec").unwrap_or(&null), meta::name(object));
        errors.extend(conditions::errors(object));
        errors
    }

    fn raises_generation(&self, object: &Value, old: &Value) -> bool {
        object.get("spec") != old.get("spec")
    }

    fn prepare_for_status(&self, object: &mut Value, old: &Value) {
        keep_all_but_status(object, old);
        metadata::keep_for_part(object, old);
    }

    fn validate_status(&self, object: &Value, _old: &Value) -> FieldErrors {
        conditions::errors(object)
    }
}

fn default_queuing(queuing: &mut Object) {
    for (member, value) in [("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)] {
        if queuing.get(member).and_then(Value::as_i64).unwrap_or_default() == 0 {
            queuing.insert(member.to_owned(), value.into());
        }
    }
}

fn spec_errors(path: &Path, spec: &Value, name: &str) -> FieldErrors {
    let (at, kind) = (path.child("type"), meta::text(spec, &["type"]));
    let (limited, exempt) = (check::given(spec, "limited"), check::given(spec, "exempt"));
    let (at_limited, at_exempt) = (path.child("limited"), path.child("exempt"));
    let mut errors = FieldErrors::new();
    if (name == "exempt") != (kind == "Exempt") {
        errors.push(FieldError::invalid(&at, kind, "must be 'Exempt' if and only if `name` is 'exempt'"));
    }
    match kind {
        "Exempt" => {
            if limited.is_some() {
                errors.push(FieldError::forbidden(&at_limited, "must be nil if the type is not Limited"));
            }
            errors.extend(exempt.map(|exempt| share_errors(&at_exempt, exempt)).unwrap_or_default());
        }
        "Limited" => {
            if exempt.is_some() {
                errors.push(FieldError::forbidden(&at_exempt, "must be nil if the type is Limited"));
            }
            match limited {
                None => errors.push(FieldError::required(&at_limited, "must not be empty when type is Limited")),
                Some(limited) => errors.extend(limited_errors(&at_limited, limited)),
            }
        }
        "" => errors.push(FieldError::required(&at, "")),
        other => errors.push(FieldError::not_supported(&at, other, &["Exempt", "Limited"])),
    }
    errors
}

fn limited_errors(path: &Path, limited: &Value) -> FieldErrors {
    let mut errors = share_errors(path, limited);
    let place = errors.iter().take_while(|error| error.path.to_string().ends_with("Shares")).count();
    let response = response_errors(&path.child("limitResponse"), limited.get("limitResponse").unwrap_or(&Value::Null));
    errors.splice(place..place, response);
    let borrowing = limited.get("borrowingLimitPercent").and_then(Value::as_i64);
    if let Some(share) = borrowing.filter(|share| *share < 0) {
        let detail = "if specified, must be a non-negative integer";
        errors.push(FieldError::invalid(&path.child("borrowingLimitPercent"), share, detail));
    }
    errors
}

fn share_errors(path: &Path, level: &Value) -> FieldErrors {
    let number = |member: &str| level.get(member).and_then(Value::as_i64);
    let mut errors = FieldErrors::new();
    if let Some(shares) = number("nominalConcurrencyShares").filter(|shares| *shares < 0) {
        let path = path.child("nominalConcurrencyShares");
        errors.push(FieldError::invalid(&path, shares, "must be a non-negative integer"));
    }
    let lendable = number("lendablePercent").unwrap_or_default();
    errors.extend(check::in_range(&path.child("lendablePercent"), lendable, 0..=100, (0, 100)));
    errors
}

fn response_errors(path: &Path, response: &Value) -> FieldErrors {
    let (at, kind) = (path.child("type"), meta::text(response, &["type"]));
    let at_queuing = path.child("queuing");
    match (kind, check::given(response, "queuing")) {
        ("Reject", Some(_)) => {
            vec![FieldError::forbidden(&at_queuing, "must be nil if limited.limitResponse.type is not Limited")]
        }
        ("Queue", None) => {
            vec![FieldError::required(&at_queuing, "must not be empty if limited.limitResponse.type is Limited")]
        }
        ("Queue", Some(queuing)) => queuing_errors(&at_queuing, queuing),
        ("Reject", None) => FieldErrors::new(),
        ("", _) => vec![FieldError::required(&at, "")],
        (other, _) => vec![FieldError::not_supported(&at, other, &["Queue", "Reject"])],
    }
}

fn queuing_errors(path: &Path, queuing: &Value) -> FieldErrors {
    let number = |member: &str| check::integer(queuing, member);
    let (queues, hand, length) = (number("queues"), number("handSize"), number("queueLengthLimit"));
    let mut errors = FieldErrors::new();
    let mut refuse = |member: &str, value: i64, detail: &str| {
        errors.push(FieldError::invalid(&path.child(member), value, detail));
    };
    if length <= 0 {
        refuse("queueLengthLimit", length, "must be positive");
    }
    if queues <= 0 {
        refuse("queues", queues, "must be positive");
    } else if queues > QUEUES_MAX {
        refuse("queues", queues, &format!("must not be greater than {QUEUES_MAX}"));
    }
    if hand <= 0 {
        refuse("handSize", hand, "must be positive");
    } else if hand > queues {
        refuse("handSize", hand, &format!("should not be greater than queues ({queues})"));
    } else if ((queues as f64).log2() * hand as f64).ceil() > ENTROPY_MAX {
        let detail = format!(
            "required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {ENTROPY_MAX}"
        );
        refuse("handSize", hand, &detail);
    }
    errors
}

fn cells(object: &Value, now: Moment) -> Vec<Value> {
    let or_none = |path: &[&str]| {
        let limited = meta::at(object, &["spec", "limited"]);
        limited.and_then(|limited| meta::at(limited, path)).cloned().unwrap_or_else(|| json!("<none>"))
    };
    vec![
        meta::name(object).into(),
        meta::text(object, &["spec", "type"]).into(),
        or_none(&["nominalConcurrencyShares"]),
        or_none(&["limitResponse", "queuing", "queues"]),
        or_none(&["limitResponse", "queuing", "handSize"]),
        or_none(&["limitResponse", "queuing", "queueLengthLimit"]),
        age(object, now).into(),
    ]
}
