//! DELETE: removal at once, or the beginning of it when a finalizer, a grace period or a namespace's content holds.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Answer, Api, DeleteOptions, Deleted, Target,
    admission::{Attributes, Operation, Reliance, RequestOptions, Review},
    read::stored,
    rfc3339,
    write::{CONFLICTS_MAX, Change, WriteError, edit::Successor},
};
use crate::{
    kinds::{DeletionResult, KindDef, Verb},
    object::{
        FieldError, FieldErrors, Path, Status, meta,
        status::{Details, Result, success},
        well_known::{FOREGROUND_DELETION, ORPHAN},
    },
};

/// What a delete does to the object it finds.
enum Plan {
    /// Nothing: its deletion has begun already, and goes on without being reviewed again.
    Pending,
    /// Nothing: something holds it.
    Keep,
    /// Its deletion begins.
    Mark(Value),
    /// It is removed; watchers first see the last state if there is one.
    Remove(Option<Value>),
}

/// How admission sees a delete.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reviewed {
    /// As a request.
    Alone,
    /// As one of those that a request for a collection stands for.
    InCollection,
    /// Not at all: it has seen the request that led to it.
    Before,
}

impl Api {
    /// Deletes an object, or begins to.
    pub async fn delete(&self, target: &Target, options: &DeleteOptions) -> Result<Deleted> {
        if target.def.allows(Verb::Delete) {
            target.def.strategy.check_deletion(target.name())?;
        }
        self.delete_reviewed(target, options, Reviewed::Alone).await
    }

    /// As [`Api::delete`], for one that is not a request of its own.
    pub(super) async fn delete_reviewed(
        &self,
        target: &Target,
        options: &DeleteOptions,
        reviewed: Reviewed,
    ) -> Result<Deleted> {
        self.edit_and_delete(target, None, options, reviewed).await
    }

    /// As [`Api::delete`], of an object that is edited before, in the same transaction.
    pub(super) async fn edit_and_delete(
        &self,
        target: &Target,
        edit: Option<&Successor<'_>>,
        options: &DeleteOptions,
        reviewed: Reviewed,
    ) -> Result<Deleted> {
        if !target.def.allows(Verb::Delete) {
            return Err(Status::method_not_allowed());
        }
        validate_options(options)?;
        for _ in 0..CONFLICTS_MAX {
            let mut warnings = Vec::new();
            match self.attempt_delete(target, edit, options, reviewed, &mut warnings).await {
                Ok(deleted) => return Ok(Deleted { warnings, ..deleted }),
                Err(WriteError::Failed(status) | WriteError::Exists { status, .. }) => return Err(status),
                Err(WriteError::Conflict(_) | WriteError::Taken) => {}
            }
        }
        Err(Status::modified(&target.def.gvk.group, &target.def.plural, target.name()))
    }

    async fn attempt_delete(
        &self,
        target: &Target,
        edit: Option<&Successor<'_>>,
        options: &DeleteOptions,
        reviewed: Reviewed,
        warnings: &mut Vec<String>,
    ) -> std::result::Result<Deleted, WriteError> {
        let (def, base) = (&target.def, target.def.stored());
        let current = self.0.store.get(&target.key()).ok_or_else(|| target.not_found())?;
        let seen = self.seen(def, &current).await?;
        let mut old = stored::parse(seen.bytes());
        check_preconditions(def, target.name(), &old, options)?;
        let revision = meta::metadata_mut(&mut old).shift_remove("resourceVersion").unwrap_or_default();
        let edited = edit.map(|edit| stored::form(edit(&old)?.0, def)).transpose()?;
        let edited = edited.filter(|edited| !options.dry_run && *edited != old);
        let plan = plan(def, edited.as_ref().unwrap_or(&old), options, self.now());
        let grace = def.strategy.grace_period(&old, options.grace_period_seconds);
        let granted = DeleteOptions { grace_period_seconds: grace.or(options.grace_period_seconds), ..options.clone() };
        let attributes = attributes(target, &granted, reviewed);
        let mut reliance = Reliance::default();
        if !matches!(plan, Plan::Pending) && reviewed != Reviewed::Before {
            reliance = self.admit_delete(attributes, &old, &revision, warnings).await?;
        }
        if let (Plan::Remove(Some(last)), false, false) = (&plan, options.dry_run, reviewed == Reviewed::Before) {
            // It is updated first, and then deleted, which is reviewed too.
            reliance.extend(self.admit_delete(attributes, last, &revision, warnings).await?);
        }
        let (new, mut steps) = match (plan, edited) {
            (Plan::Keep | Plan::Pending, None) => return Ok(held(Answer::Stored(seen), options)),
            (Plan::Keep | Plan::Pending, Some(edited)) => (Some(edited), Vec::new()),
            (Plan::Mark(new), edited) => (Some(new), Vec::from_iter(edited)),
            (Plan::Remove(last), edited) => (None, edited.into_iter().chain(last).collect()),
        };
        let removed = new.is_none();
        if options.dry_run {
            let shown = match new.or_else(|| steps.pop()) {
                Some(object) => self.shown(def, object, Some(current.revision())).await?,
                None => stored::view(def, &seen),
            };
            return Ok(answer(def, Answer::Value(shown), removed, options));
        }
        let new = match new {
            Some(new) => Some(self.to_stored(def, new).await?),
            None => None,
        };
        for step in &mut steps {
            *step = self.to_stored(def, std::mem::take(step)).await?;
        }
        let before = if Arc::ptr_eq(&current, &seen) { old } else { stored::parse(current.bytes()) };
        let change = Change {
            base,
            key: target.key(),
            old: Some((&before, current.revision())),
            new: new.as_ref(),
            steps: &steps,
            reliance: &reliance,
        };
        let stored = self.commit(&change).await?;
        Ok(answer(def, Answer::Stored(self.seen(def, &stored).await?), removed, options))
    }

    /// Admission, which sees what is to be deleted.
    async fn admit_delete(
        &self,
        attributes: Attributes<'_>,
        old: &Value,
        revision: &Value,
        warnings: &mut Vec<String>,
    ) -> Result<Reliance> {
        let chain = self.admission();
        let (handles, validates) = (chain.handles(&attributes), chain.validates(&attributes));
        if !handles && !validates {
            return Ok(Reliance::default());
        }
        let mut shown = stored::with_type(&attributes.target.def, old.clone());
        meta::metadata_mut(&mut shown).insert("resourceVersion".into(), revision.clone());
        let mut review = Review::new(attributes, None, Some(&shown));
        let mut verdict = if handles { chain.mutate(self, &mut review).await } else { Ok(()) };
        if verdict.is_ok() && validates {
            verdict = chain.validate(self, &mut review).await;
        }
        warnings.append(&mut review.warnings);
        verdict.map_err(|status| status.with_warnings(warnings))?;
        Ok(review.reliance)
    }
}

fn attributes<'a>(target: &'a Target, options: &'a DeleteOptions, reviewed: Reviewed) -> Attributes<'a> {
    Attributes {
        operation: Operation::Delete,
        target,
        sub: None,
        caller: &options.caller,
        dry_run: options.dry_run,
        options: RequestOptions::Delete(options),
        is_collection: reviewed == Reviewed::InCollection,
    }
}

/// Refuses options that contradict themselves.
pub(super) fn validate_options(options: &DeleteOptions) -> Result<()> {
    let path = Path::new("propagationPolicy");
    let mut errors = FieldErrors::new();
    if let Some(policy) = &options.propagation_policy {
        if options.orphan_dependents.is_some() {
            let text = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(FieldError::invalid(&path, policy.as_str(), text));
        }
        if !["Foreground", "Background", "Orphan"].contains(&policy.as_str()) {
            let supported = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(FieldError::not_supported(&path, policy.as_str(), &supported));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid_named("meta.k8s.io", "DeleteOptions", "", &errors)) }
}

fn plan(def: &KindDef, old: &Value, options: &DeleteOptions, now: Timestamp) -> Plan {
    if let Some(begun) = def.strategy.begin_deletion(old, now) {
        return Plan::Mark(begun);
    }
    let mut new = old.clone();
    settle_finalizers(def, &mut new, options);
    let grace = def.strategy.grace_period(old, options.grace_period_seconds);
    if let Some(grace) = grace {
        return plan_graceful(old, new, grace, options.grace_period_seconds.is_some(), now);
    }
    let bound = !meta::finalizers(&new).is_empty() || def.strategy.is_held(&new);
    if !bound {
        return Plan::Remove(None);
    }
    if meta::is_deleting(old) {
        return if new == *old { Plan::Keep } else { Plan::Mark(new) };
    }
    begin(&mut new, now);
    if !meta::finalizers(&new).is_empty() {
        meta::metadata_mut(&mut new).insert("deletionGracePeriodSeconds".into(), json!(0));
    }
    def.strategy.mark_deleting(&mut new);
    Plan::Mark(new)
}

/// Pods: the deletion begins, somebody else ends it when the grace period is over.
fn plan_graceful(old: &Value, mut new: Value, grace: i64, asked: bool, now: Timestamp) -> Plan {
    let bound = !meta::finalizers(&new).is_empty();
    let granted = meta::at(old, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64);
    if meta::is_deleting(old) {
        let granted = granted.unwrap_or_default();
        if grace > 0 && (!asked || grace >= granted) {
            return Plan::Pending;
        }
        if granted == 0 && bound {
            return Plan::Pending;
        }
        let deadline: Timestamp = meta::text(old, &["metadata", "deletionTimestamp"]).parse().unwrap_or(now);
        let shortened = deadline.saturating_sub(SignedDuration::from_secs(granted - grace)).unwrap_or(now).max(now);
        set_deadline(&mut new, shortened, grace);
    } else {
        begin(&mut new, now);
        let deadline = now.saturating_add(SignedDuration::from_secs(grace)).unwrap_or(now);
        set_deadline(&mut new, deadline, grace);
    }
    if grace > 0 || bound { Plan::Mark(new) } else { Plan::Remove(Some(new)) }
}

fn begin(object: &mut Value, now: Timestamp) {
    let metadata = meta::metadata_mut(object);
    metadata.insert("deletionTimestamp".into(), rfc3339(now).into());
    if let Some(generation) = metadata.get("generation").and_then(Value::as_i64).filter(|g| *g > 0) {
        metadata.insert("generation".into(), json!(generation + 1));
    }
}

fn set_deadline(object: &mut Value, deadline: Timestamp, grace: i64) {
    let metadata = meta::metadata_mut(object);
    metadata.insert("deletionTimestamp".into(), rfc3339(deadline).into());
    metadata.insert("deletionGracePeriodSeconds".into(), json!(grace));
}

/// The propagation policy lives on as a finalizer that the garbage collector works off.
fn settle_finalizers(def: &KindDef, object: &mut Value, options: &DeleteOptions) {
    let has_policy = meta::finalizers(object).iter().any(|f| [FOREGROUND_DELETION, ORPHAN].contains(f));
    let wanted = match (options.propagation_policy.as_deref(), options.orphan_dependents) {
        (Some("Foreground"), _) => Some(FOREGROUND_DELETION),
        (Some("Orphan"), _) | (None, Some(true)) => Some(ORPHAN),
        (None, None) if def.orphans_by_default && !has_policy => Some(ORPHAN),
        (None, None) => return,
        _ => None,
    };
    let mut finalizers: Vec<_> = meta::finalizers(object).into_iter().map(str::to_owned).collect();
    finalizers.retain(|f| f != FOREGROUND_DELETION && f != ORPHAN);
    finalizers.extend(wanted.map(str::to_owned));
    let value = if finalizers.is_empty() { Value::Null } else { json!(finalizers) };
    meta::set(meta::metadata_mut(object), "finalizers", value);
}

/// Refuses an object that is not the one that the options name.
pub(super) fn check_preconditions(def: &KindDef, name: &str, object: &Value, options: &DeleteOptions) -> Result<()> {
    let conflict = |why: String| Err(Status::conflict(&def.gvk.group, &def.gvk.kind, name, &why));
    if let Some(uid) = options.preconditions.uid.as_deref().filter(|uid| *uid != meta::uid(object)) {
        return conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been \
             deleted and then recreated",
            meta::uid(object)
        ));
    }
    let stored = meta::resource_version(object);
    if let Some(version) = options.preconditions.resource_version.as_deref().filter(|version| *version != stored) {
        return conflict(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({stored}). \
             The object might have been modified"
        ));
    }
    Ok(())
}

fn answer(def: &KindDef, object: Answer, removed: bool, options: &DeleteOptions) -> Deleted {
    if !removed {
        return held(object, options);
    }
    if def.deletion_result == DeletionResult::Object {
        return Deleted { answer: object, accepted: false, warnings: Vec::new() };
    }
    let object = object.into_value(def);
    let details = Details {
        name: meta::name(&object).to_owned(),
        group: def.gvk.group.to_string(),
        kind: def.plural.to_string(),
        uid: meta::uid(&object).to_owned(),
        ..Details::default()
    };
    Deleted { answer: Answer::Value(success(&details)), accepted: false, warnings: Vec::new() }
}

fn held(object: Answer, options: &DeleteOptions) -> Deleted {
    Deleted { answer: object, accepted: options.orphan_dependents == Some(false), warnings: Vec::new() }
}
