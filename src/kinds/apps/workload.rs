//! What kinds that keep a number of pods share: their selector, the template of their pods, and how rows show them.

use k8s_openapi::{
    api::core::v1::Volume,
    apimachinery::pkg::apis::meta::v1::{LabelSelector as ApiSelector, LabelSelectorRequirement},
};
use serde::Deserialize;
use serde_json::Value;

use crate::kinds::{
    model::strategy::keep_all_but_status,
    pod,
    rules::{check, go_struct},
};
use crate::object::{
    FieldError, FieldErrors, Path,
    meta::{self, Object},
    names,
    selector::LabelSelector,
};

/// The selector at `spec.selector`, in the form that lists and tables use: `app=web,tier in (a,b)`.
pub fn selector_text(object: &Value) -> String {
    let selector = typed_selector(object).unwrap_or_default();
    let labels = selector.match_labels.into_iter().flatten();
    let mut parts: Vec<(String, String)> = labels.map(|(key, value)| (key.clone(), format!("{key}={value}"))).collect();
    for expression in selector.match_expressions.into_iter().flatten() {
        let LabelSelectorRequirement { key, operator, values } = expression;
        let mut values = values.unwrap_or_default();
        values.sort_unstable();
        let values = values.join(",");
        let part = match operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.clone(),
            _ => format!("!{key}"),
        };
        parts.push((key, part));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join(",")
}

/// The selector at `spec.selector`, unless it is invalid or selects everything.
pub fn selector(object: &Value) -> Option<LabelSelector> {
    let selector = meta::at(object, &["spec", "selector"])?;
    LabelSelector::of_object(selector).ok().filter(|selector| !selector.is_everything())
}

/// Fills in a pod template. What only pods have is filled in when one is made from it.
pub fn default_template(spec: &mut Object) {
    if let Some(Value::Object(pod)) = spec.get_mut("template").and_then(|template| template.get_mut("spec")) {
        pod::default_spec(pod);
    }
}

/// An object without labels has those of its pods.
pub fn take_labels(object: &mut Value) {
    let labels = meta::map(object, &["spec", "template", "metadata", "labels"]).filter(|labels| !labels.is_empty());
    let Some(labels) = labels.cloned() else { return };
    if meta::map(object, &["metadata", "labels"]).is_none_or(Object::is_empty) {
        meta::metadata_mut(object).insert("labels".to_owned(), labels.into());
    }
}

/// Drops what templates can't have on this server.
pub fn prepare_template(object: &mut Value) {
    let template = object.get_mut("spec").and_then(|spec| spec.get_mut("template"));
    if let Some(Value::Object(pod)) = template.and_then(|template| template.get_mut("spec")) {
        pod::drop_disabled(pod);
    }
}

/// Limits a status update to `status`; labels stay as they are.
pub fn prepare_for_status(object: &mut Value, old: &Value) {
    keep_all_but_status(object, old);
    let labels = meta::at(old, &["metadata", "labels"]).cloned().unwrap_or(Value::Null);
    meta::set(meta::metadata_mut(object), "labels", labels);
}

/// Checks the number of pods.
pub fn count_error(spec: &Path, object: &Value, member: &str) -> Option<FieldError> {
    let count = meta::at(object, &["spec", member]).and_then(Value::as_i64)?;
    check::not_negative(&spec.child(member), count)
}

/// Checks `spec.selector` and `spec.template`, which must make pods that the selector selects and that run forever.
pub fn pod_errors(spec: &Path, object: &Value) -> FieldErrors {
    let path = spec.child("selector");
    let Some(value) = meta::at(object, &["spec", "selector"]).filter(|selector| !selector.is_null()) else {
        let mut errors = vec![FieldError::required(&path, "")];
        errors.extend(template_errors(&spec.child("template"), object, None));
        return errors;
    };
    let mut errors = pod::selector_errors(&path, value);
    let shown = || go_struct::selector(value);
    let is_empty = meta::map(value, &["matchLabels"]).is_none_or(Object::is_empty)
        && meta::items(value, &["matchExpressions"]).is_empty();
    if is_empty {
        errors.push(FieldError::invalid(&path, shown(), "empty selector is invalid for deployment"));
    }
    match LabelSelector::of_object(value) {
        Ok(selector) => errors.extend(template_errors(&spec.child("template"), object, Some(&selector))),
        Err(_) => errors.push(FieldError::invalid(&path, shown(), "invalid label selector")),
    }
    errors
}

/// The warnings about a new object or about one whose generation an update has raised.
pub fn warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    if old.is_some_and(|old| is_same_generation(object, old)) {
        return Vec::new();
    }
    let mut warnings: Vec<_> = name_warning(object).filter(|_| old.is_none()).into_iter().collect();
    let path = Path::new("spec").child("template");
    let template = meta::at(object, &["spec", "template"]);
    warnings.extend(template.into_iter().flat_map(|template| pod::template_warnings(&path, template)));
    warnings
}

/// Whether an update has left the generation as it was.
pub fn is_same_generation(object: &Value, old: &Value) -> bool {
    let generation = |object| meta::at(object, &["metadata", "generation"]);
    generation(old) == generation(object)
}

/// Warns of a name that is no DNS label, since pods are named after it.
pub fn name_warning(object: &Value) -> Option<String> {
    let wrong = names::dns1123_label(meta::name(object));
    (!wrong.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label \
             is recommended: [{}]",
            wrong.join(" ")
        )
    })
}

/// The error of a changed selector.
pub fn changed_selector(object: &Value, old: &Value) -> Option<FieldError> {
    let selector = |object| meta::at(object, &["spec", "selector"]).filter(|selector| !selector.is_null());
    let (new, old) = (selector(object), selector(old));
    let shown = new.map_or(Value::Null, go_struct::selector);
    let path = Path::new("spec").child("selector");
    (new != old).then(|| FieldError::invalid(&path, shown, "field is immutable"))
}

/// The error of a template whose labels the selector does not select.
pub fn label_error(template: &Path, labels: Option<&Object>) -> FieldError {
    let shown = labels.map_or(Value::Null, go_struct::sorted);
    let detail = "`selector` does not match template `labels`";
    FieldError::invalid(&template.child("metadata").child("labels"), shown, detail)
}

/// Checks the template; no selector selects nothing.
fn template_errors(path: &Path, object: &Value, selector: Option<&LabelSelector>) -> FieldErrors {
    let null = Value::Null;
    let template = meta::at(object, &["spec", "template"]).unwrap_or(&null);
    let mut errors = FieldErrors::new();
    let labels = meta::map(template, &["metadata", "labels"]);
    if selector.is_none_or(|selector| !selector.matches_map(labels)) {
        errors.push(label_error(path, labels));
    }
    errors.extend(pod::template_errors(path, template));
    let path = path.child("spec");
    let pod = template.get("spec").unwrap_or(&null);
    if replicas(object) > 1 {
        errors.extend(disk_errors(&path.child("volumes"), pod));
    }
    errors.extend(end_errors(&path, pod, "ReplicaSet"));
    errors
}

/// The pods of a kind that keeps their number run without end.
pub fn end_errors(path: &Path, pod: &Value, kind: &str) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let policy = meta::text(pod, &["restartPolicy"]);
    if policy != "Always" {
        errors.push(FieldError::not_supported(&path.child("restartPolicy"), policy, &["Always"]));
    }
    if check::given(pod, "activeDeadlineSeconds").is_some() {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(FieldError::forbidden(&path.child("activeDeadlineSeconds"), &detail));
    }
    errors
}

/// Several pods can only read a disk that is attached to several machines.
pub fn disk_errors(path: &Path, pod: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (i, volume) in meta::items(pod, &["volumes"]).iter().enumerate() {
        // What does not decode has an error already.
        let Ok(volume) = Volume::deserialize(volume) else { continue };
        let disks = [
            ("gcePersistentDisk", "GCE PD", volume.gce_persistent_disk.map(|disk| disk.read_only)),
            ("awsElasticBlockStore", "AWS EBS", volume.aws_elastic_block_store.map(|disk| disk.read_only)),
        ];
        for (member, name, _) in disks.iter().filter(|(.., disk)| disk.is_some_and(|read_only| read_only != Some(true)))
        {
            let detail = format!(
                "must be read-only for replicated pods > 1; {name} can only be mounted on multiple machines if it is \
                 read-only"
            );
            let path = path.index(i).child(member).child("readOnly");
            errors.push(FieldError::invalid(&path, false, &detail));
        }
    }
    errors
}

/// The cells that a wide row ends with: the template's containers, their images, and the selector.
pub fn wide_cells(object: &Value) -> [Value; 3] {
    let [names, images] = container_cells(object, &["spec", "template"]);
    let selector = selector_text(object);
    let selector = if selector.is_empty() { "<none>".to_owned() } else { selector };
    [names, images, selector.into()]
}

/// The names and the images of a template's containers.
pub fn container_cells(object: &Value, template: &[&str]) -> [Value; 2] {
    let containers =
        meta::at(object, template).map_or(&[][..], |template| meta::items(template, &["spec", "containers"]));
    ["name", "image"].map(|member| {
        containers.iter().map(|container| meta::text(container, &[member])).collect::<Vec<_>>().join(",").into()
    })
}

/// A number in the status, 0 if there is none.
pub fn counted(object: &Value, member: &str) -> i64 {
    meta::at(object, &["status", member]).and_then(Value::as_i64).unwrap_or_default()
}

/// How many pods there should be.
pub fn replicas(object: &Value) -> i64 {
    meta::at(object, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or(1)
}

/// Checks the numbers in a status: none is negative, and no part is more than the whole.
pub fn status_errors(object: &Value, members: &[&str], parts: &[(&str, &str)]) -> FieldErrors {
    let path = Path::new("status");
    let negative =
        members.iter().filter_map(|member| check::not_negative(&path.child(member), counted(object, member)));
    let mut errors: FieldErrors = negative.collect();
    for (part, whole) in parts {
        let count = counted(object, part);
        if count > counted(object, whole) {
            let whole = if *whole == "replicas" { "status.replicas" } else { whole };
            let detail = format!("cannot be greater than {whole}");
            errors.push(FieldError::invalid(&path.child(part), count, &detail));
        }
    }
    errors
}

/// The error of a count of collisions that goes down.
pub fn collision_error(object: &Value, old: &Value) -> Option<FieldError> {
    let count = |object| meta::at(object, &["status", "collisionCount"]).and_then(Value::as_i64);
    let path = Path::new("status").child("collisionCount");
    let goes_down = count(old).is_some_and(|before| count(object).is_none_or(|now| now < before));
    goes_down.then(|| FieldError::invalid(&path, count(object).unwrap_or_default(), "cannot be decremented"))
}

fn typed_selector(object: &Value) -> Option<ApiSelector> {
    ApiSelector::deserialize(meta::at(object, &["spec", "selector"])?).ok()
}
