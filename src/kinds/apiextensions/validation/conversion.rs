//! How a definition converts between its versions.

use serde_json::{Value, json};

use crate::kinds::{
    admission::client_config,
    rules::check::{self, given},
};
use crate::object::{FieldError, FieldErrors, Path, meta, names};

/// The versions of ConversionReview that are known.
const KNOWN: [&str; 2] = ["v1", "v1beta1"];

/// What is wrong with the conversion.
pub fn errors(definition: &Value, old: Option<&Value>, path: &Path) -> FieldErrors {
    let Some(conversion) = meta::at(definition, &["spec", "conversion"]).filter(|given| !given.is_null()) else {
        return FieldErrors::new();
    };
    let strategy = meta::text(conversion, &["strategy"]);
    let mut errors: FieldErrors =
        check::one_of(&path.child("strategy"), strategy, &["None", "Webhook"]).into_iter().collect();
    let preserves = meta::at(definition, &["spec", "preserveUnknownFields"]) == Some(&Value::Bool(true));
    if strategy != "None" && preserves {
        let detail = "must be None if spec.preserveUnknownFields is true";
        errors.insert(0, FieldError::invalid(&path.child("strategy"), strategy, detail));
    }
    // The internal form has the members of the webhook in the conversion itself.
    let (client, versions) = (path.child("webhookClientConfig"), path.child("conversionReviewVersions"));
    let webhook = given(conversion, "webhook").unwrap_or(&Value::Null);
    let config = given(webhook, "clientConfig");
    let reviews = meta::items(webhook, &["conversionReviewVersions"]);
    if strategy != "Webhook" {
        let detail = "should not be set when strategy is not set to Webhook";
        errors.extend(config.map(|_| FieldError::forbidden(&client, detail)));
        errors.extend((!reviews.is_empty()).then(|| FieldError::forbidden(&versions, detail)));
        return errors;
    }
    match config {
        None => errors.push(FieldError::required(&client, "required when strategy is set to Webhook")),
        Some(config) => errors.extend(config_errors(config, &client)),
    }
    let old_reviews = old.map(|old| meta::items(old, &["spec", "conversion", "webhook", "conversionReviewVersions"]));
    errors.extend(review_errors(reviews, old_reviews, &versions));
    errors
}

/// As in kube-apiserver, a service that has no name is told to lack its namespace, and the other way round; and it is not
/// said once more what is required.
fn config_errors(config: &Value, path: &Path) -> FieldErrors {
    let mut mixed_up = config.clone();
    if let Some(service) = mixed_up.get_mut("service").and_then(Value::as_object_mut) {
        let [name, namespace] = ["name", "namespace"].map(|member| service.shift_remove(member).unwrap_or_default());
        service.extend([("name".to_owned(), namespace), ("namespace".to_owned(), name)]);
    }
    let in_service = ["name", "namespace"].map(|name| path.child("service").child(name));
    let errors = client_config::errors(path, &mixed_up).into_iter();
    errors
        .map(|error| if in_service.contains(&error.path) { FieldError::required(&error.path, "") } else { error })
        .collect()
}

fn review_errors(reviews: &[Value], old: Option<&[Value]>, path: &Path) -> FieldErrors {
    if reviews.is_empty() {
        return vec![FieldError::required(path, "")];
    }
    let mut errors = FieldErrors::new();
    for (index, review) in reviews.iter().enumerate() {
        let name = review.as_str().unwrap_or_default();
        if reviews[..index].contains(review) {
            errors.push(FieldError::invalid(&path.index(index), name, "duplicate version"));
            continue;
        }
        let problems = names::dns1035_label(name);
        errors.extend(problems.iter().map(|problem| FieldError::invalid(&path.index(index), name, problem)));
    }
    let has_known = |reviews: &[Value]| reviews.iter().any(|review| KNOWN.iter().any(|known| review == known));
    if !has_known(reviews) && old.is_none_or(|old| old.is_empty() || has_known(old)) {
        let detail = format!("must include at least one of {}", KNOWN.join(", "));
        errors.push(FieldError::invalid(path, json!(reviews), &detail));
    }
    errors
}
