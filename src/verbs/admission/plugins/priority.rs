//! `Priority`: a pod gets the priority and the preemption policy of its class, and there is one default class at most.

use std::future::ready;

use serde_json::Value;

use super::{is_create, namespace_lifecycle::shown_name};
use crate::{
    kinds::{pod, priority_class, rules::fill},
    object::{Status, meta, status::Result},
    verbs::{
        Api,
        admission::{Admission, Attributes, Operation, Review, Verdict},
        read::stored,
    },
};

/// The plugin.
pub struct Priority;

impl Admission for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        is_write(attributes) && attributes.target.def.gvk == pod::DEF.gvk
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(mutate(api, review)))
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        is_write(attributes) && attributes.target.def.gvk == priority_class::DEF.gvk
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(ready(check_default(api, review)))
    }
}

fn is_write(attributes: &Attributes<'_>) -> bool {
    attributes.sub.is_none() && matches!(attributes.operation, Operation::Create | Operation::Update)
}

/// What a class gives to its pods.
struct Class {
    name: String,
    value: i64,
    /// Empty says nothing.
    policy: String,
}

fn mutate(api: &Api, review: &mut Review<'_>) -> Result<()> {
    if !is_create(&review.attributes) {
        keep(review);
        return Ok(());
    }
    let given = review.object.as_deref().map(|pod| meta::text(pod, &["spec", "priorityClassName"]).to_owned());
    let Some(name) = given else { return Ok(()) };
    let class = match name.as_str() {
        "" => default_class(api, review, "").unwrap_or_else(Class::none),
        name => match review.rely_on(api, &priority_class::DEF, "", name) {
            Some(class) => Class::of(&class),
            None => return Err(refusal(review, &format!("no PriorityClass with name {name} was found"))),
        },
    };
    match review.object.as_deref_mut().map(|pod| apply(pod, &class)) {
        Some(Err(why)) => Err(refusal(review, &why)),
        _ => Ok(()),
    }
}

/// An update keeps what the plugin has set when the pod was created; what is given differently is refused later.
fn keep(review: &mut Review<'_>) {
    let (Some(pod), Some(old)) = (review.object.as_deref_mut(), review.old) else { return };
    let spec = meta::map_mut(pod, "spec");
    for member in ["priority", "preemptionPolicy"] {
        if let Some(value) = meta::at(old, &["spec", member]) {
            fill::null(spec, member, value.clone());
        }
    }
}

/// Gives a pod what is its class's; it may have said the same itself, but nothing else.
fn apply(pod: &mut Value, class: &Class) -> std::result::Result<(), String> {
    let Class { name, value, policy } = class;
    let spec = meta::map_mut(pod, "spec");
    fill::absent(spec, "priorityClassName", name.as_str());
    if name.is_empty() {
        spec.shift_remove("priorityClassName");
    }
    if let Some(given) = spec.get("priority").and_then(Value::as_i64).filter(|given| given != value) {
        return Err(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {value} from the given PriorityClass name"
        ));
    }
    spec.insert("priority".to_owned(), (*value).into());
    if policy.is_empty() {
        return Ok(());
    }
    if let Some(given) = spec.get("preemptionPolicy").and_then(Value::as_str).filter(|given| given != policy) {
        return Err(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        ));
    }
    spec.insert("preemptionPolicy".to_owned(), policy.as_str().into());
    Ok(())
}

/// Refuses a second default class.
fn check_default(api: &Api, review: &mut Review<'_>) -> Result<()> {
    let is_default = |class: &Value| class.get("globalDefault") == Some(&Value::Bool(true));
    if !review.object.as_deref().is_some_and(is_default) {
        return Ok(());
    }
    let own = review.name().to_owned();
    match default_class(api, review, &own) {
        Some(Class { name, .. }) => {
            let why = format!("PriorityClass {name} is already marked as default. Only one default can exist");
            Err(refusal(review, &why))
        }
        None => Ok(()),
    }
}

/// The default class, unless it is the one of this name. Should there be several, that of the lowest priority.
fn default_class(api: &Api, review: &mut Review<'_>, but: &str) -> Option<Class> {
    let snapshot = api.0.store.snapshot();
    let classes = snapshot.range(&priority_class::DEF.prefix(), None).filter(|(key, _)| key.name() != but);
    let parsed = classes.map(|(key, class)| (key.clone(), class.revision(), stored::parse(class.bytes())));
    let defaults = parsed.filter(|(.., class)| class.get("globalDefault") == Some(&Value::Bool(true)));
    let (key, revision, class) = defaults.min_by_key(|(.., class)| Class::of(class).value)?;
    review.reliance.unchanged.push((key, revision));
    Some(Class::of(&class))
}

impl Class {
    fn of(class: &Value) -> Self {
        Self {
            name: meta::name(class).to_owned(),
            value: class.get("value").and_then(Value::as_i64).unwrap_or_default(),
            policy: meta::text(class, &["preemptionPolicy"]).to_owned(),
        }
    }

    /// What pods have that have no class.
    fn none() -> Self {
        Self { name: String::new(), value: 0, policy: priority_class::PREEMPT.to_owned() }
    }
}

fn refusal(review: &Review<'_>, why: &str) -> Box<Status> {
    let def = &review.attributes.target.def;
    let object = review.object.as_deref().unwrap_or(&Value::Null);
    Status::forbidden(&def.gvk.group, &def.plural, shown_name(object), why)
}
