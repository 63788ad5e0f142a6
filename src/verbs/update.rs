//! PUT, and the read-modify-write that PUT and PATCH share.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Answer, Api, Target, WriteOptions, Written,
    authorize::Reviewer,
    change::{Change, Refusal},
    create::{match_namespace, shown},
    metadata, stored,
};
use crate::{
    kinds::{Action, Kind, KindDef, Subresource, core::namespace, pod},
    merge::managers,
    object::{FieldError, FieldErrors, Path, Revision, Status, meta, status::Result},
    store::Stored,
    text::integer::parse_uint,
    wire::{self, DecodedObject},
};

/// How often a write that lost a race is made again from the newest state.
const ATTEMPTS_MAX: usize = 256;

/// Computes an object's successor, and what is to be warned about.
pub(super) type Successor<'a> = dyn Fn(&Value) -> Result<(Value, Vec<String>)> + Send + Sync + 'a;

/// What a write does to the object it finds; objects are as clients of the kind see them.
pub(super) enum Edit<'a> {
    /// Replaces it with this one.
    Replace(Value),
    /// Computes its successor from what is there; answers the successor and warnings.
    Change(&'a Successor<'a>),
    /// Merges this configuration into it.
    Apply(&'a Value),
}

/// An update that has passed every check.
struct Prepared {
    object: Value,
    warnings: Vec<String>,
}

impl Api {
    /// Replaces an object or one of its subresources.
    pub async fn update(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        body: DecodedObject,
        options: &WriteOptions,
    ) -> Result<Written> {
        if let Some(sub) = sub.filter(|sub| sub.action == Action::Scale) {
            return self.update_scale(target, sub, body, options).await;
        }
        let DecodedObject { value: mut object, warnings } = body;
        match_name(&object, target)?;
        match_namespace(&mut object, target)?;
        let mut written = self.modify(target, sub, &Edit::Replace(object), options).await?;
        written.warnings.splice(0..0, warnings);
        Ok(written)
    }

    /// Reads, edits and writes an object until no other writer comes in between.
    pub(super) async fn modify(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        edit: &Edit<'_>,
        options: &WriteOptions,
    ) -> Result<Written> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(current) = self.0.store.get(&target.key()) else {
                return self.edit_missing(target, sub, edit, options).await;
            };
            match self.modify_once(target, sub, &current, edit, options).await {
                Ok(written) => return Ok(written),
                Err(Refusal::Failed(status)) => return Err(status),
                Err(Refusal::Raced(_) | Refusal::Contended) => {}
            }
        }
        Err(Status::modified(&target.def.gvk.group, &target.def.plural, target.name()))
    }

    async fn edit_missing(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        edit: &Edit<'_>,
        options: &WriteOptions,
    ) -> Result<Written> {
        let def = &target.def;
        let creates = sub.is_none() && (matches!(edit, Edit::Apply(_)) || def.stored().create_on_update);
        let mut object = match edit {
            Edit::Replace(object) if creates => {
                let uid = meta::uid(object);
                if !uid.is_empty() {
                    return Err(foreign_uid(target, uid, ""));
                }
                let mut object = object.clone();
                meta::metadata_mut(&mut object).shift_remove("resourceVersion");
                def.strategy.default(&mut object);
                self.record(def, sub, None, &mut object, options);
                object
            }
            Edit::Apply(config) if creates => {
                let uid = meta::uid(config);
                if !uid.is_empty() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                    );
                    return Err(Status::conflict(&def.gvk.group, &def.plural, target.name(), &why));
                }
                match_name(config, target)?;
                let mut object = decoded(def, self.merge_applied(def, sub, None, config, options)?)?;
                def.strategy.default(&mut object);
                object
            }
            _ => return Err(target.not_found()),
        };
        match_namespace(&mut object, target)?;
        self.create_object(target, object, options, Vec::new()).await
    }

    async fn modify_once(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        current: &Arc<Stored>,
        edit: &Edit<'_>,
        options: &WriteOptions,
    ) -> std::result::Result<Written, Refusal> {
        let (def, base) = (&target.def, target.def.stored());
        let live = stored::view(def, current);
        let (mut new, mut warnings) = self.edited(target, sub, edit, &live, options)?;
        new = def.to_stored(new);
        let mut old = stored::parse(current.bytes());
        check_resource_version(target, base, &new, current.revision())?;
        meta::metadata_mut(&mut old).shift_remove("resourceVersion");
        let prepared = self.prepare_update(def, base, sub, new, &old, options)?;
        warnings.extend(prepared.warnings);
        let answer = self.store_update(target, base, current, (&old, prepared.object), options).await?;
        Ok(Written { answer, created: false, warnings })
    }

    /// The object after the edit, its fields' owners recorded.
    fn edited(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        edit: &Edit<'_>,
        live: &Value,
        options: &WriteOptions,
    ) -> Result<(Value, Vec<String>)> {
        let def = &target.def;
        let (mut new, warnings) = match edit {
            Edit::Replace(object) => {
                let uid = meta::uid(object);
                if !uid.is_empty() && uid != meta::uid(live) {
                    return Err(foreign_uid(target, uid, meta::uid(live)));
                }
                (object.clone(), Vec::new())
            }
            Edit::Change(change) => change(live)?,
            Edit::Apply(config) => {
                (decoded(def, self.merge_applied(def, sub, Some(live), config, options)?)?, Vec::new())
            }
        };
        match_name(&new, target)?;
        match_namespace(&mut new, target)?;
        let direct = matches!(sub.map(|s| s.action), Some(Action::Binding | Action::Eviction));
        if !direct && !matches!(edit, Edit::Apply(_)) {
            def.strategy.default(&mut new);
            self.record(def, sub, Some(live), &mut new, options);
        }
        Ok((new, warnings))
    }

    /// All steps between the edit and the store, in Kubernetes' order.
    fn prepare_update(
        &self,
        def: &Kind,
        base: &Kind,
        sub: Option<&Subresource>,
        mut object: Value,
        old: &Value,
        options: &WriteOptions,
    ) -> Result<Prepared> {
        let strategy = &*base.strategy;
        let metadata = meta::metadata_mut(&mut object);
        metadata.shift_remove("resourceVersion");
        strategy.default(&mut object);
        let action = sub.map(|s| s.action);
        if action.is_none() {
            strategy.authorize(&object, Some(old), &Reviewer { api: self, user: &options.caller.user })?;
            strategy.admit(&mut object, Some(old), self.now());
            strategy.allocate(&mut object, Some(old), &self.ledger(options.dry_run))?;
        }
        metadata::restore(&mut object, old);
        let mut warnings: Vec<String> = metadata::dedup_owners(&mut object).into_iter().collect();
        let mut finalize_errors = FieldErrors::new();
        match action {
            Some(Action::Status) => strategy.prepare_for_status(&mut object, old),
            Some(Action::Finalize) => finalize_errors = namespace::finalize(&mut object, old),
            Some(Action::Binding | Action::Eviction) => {}
            Some(Action::Spec) => pod::prepare_subresource(sub.map_or("", |s| &s.name), &mut object, old),
            _ => {
                if base.has_status {
                    let stored = old.get("status").cloned().unwrap_or(Value::Null);
                    meta::set(object.as_object_mut().expect("an object decodes to a map"), "status", stored);
                }
                strategy.prepare_for_update(&mut object, old);
            }
        }
        let of_spec = matches!(action, None | Some(Action::Spec | Action::Scale));
        if base.has_generation && of_spec && strategy.raises_generation(&object, old) {
            let generation = meta::at(old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
            meta::metadata_mut(&mut object).insert("generation".into(), json!(generation + 1));
        }
        // The generic check and the kind's own both look at metadata, so its errors appear twice.
        let mut errors = metadata::validate_update(&object, old);
        errors.extend_from_within(..);
        errors.extend(match action {
            Some(Action::Status) => strategy.validate_status(&object, old),
            Some(Action::Finalize) => finalize_errors,
            Some(Action::Binding | Action::Eviction) => FieldErrors::new(),
            Some(Action::Spec) => pod::subresource_errors(sub.map_or("", |s| &s.name), &object, old),
            _ if def.is_view() => {
                def.strategy.validate_update(&def.from_stored(object.clone()), &def.from_stored(old.clone()))
            }
            _ => strategy.validate_update(&object, old),
        });
        if !errors.is_empty() {
            return Err(Status::invalid(&def.gvk, meta::name(&object), &errors));
        }
        warnings.extend(match action {
            Some(Action::Status) => strategy.status_warnings(&object),
            _ => strategy.warnings(&object, Some(old)),
        });
        strategy.canonicalize(&mut object);
        Ok(Prepared { object, warnings })
    }

    /// Stores an update; an update that changes nothing is not written, one that frees a deleted object removes it.
    async fn store_update(
        &self,
        target: &Target,
        base: &Kind,
        current: &Arc<Stored>,
        (old, object): (&Value, Value),
        options: &WriteOptions,
    ) -> std::result::Result<Answer, Refusal> {
        let def = &target.def;
        let revision = current.revision();
        let with_revision = |mut object: Value| {
            let metadata = meta::metadata_mut(&mut object);
            metadata.insert("resourceVersion".into(), revision.to_string().into());
            shown(def, wire::normalise(object, base.schema()))
        };
        let removes = is_freed(base, &object);
        if options.dry_run {
            return Ok(Answer::Value(with_revision(object)));
        }
        let mut object = stored::without_type(stored::form(object, base)?);
        managers::keep_times(old, &mut object);
        if !removes && object == *old {
            return Ok(Answer::of(def, current.clone()));
        }
        let new = (!removes).then_some(&object);
        let change = Change { base, key: target.key(), old: Some((old, revision)), new, last: None };
        let stored = self.commit(&change).await?;
        Ok(if removes { Answer::Value(with_revision(object)) } else { Answer::of(def, stored) })
    }
}

/// Whether an object whose deletion has begun has nothing left that holds it.
pub(super) fn is_freed(base: &KindDef, object: &Value) -> bool {
    let grace = meta::at(object, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64);
    meta::is_deleting(object)
        && grace.unwrap_or_default() == 0
        && meta::finalizers(object).is_empty()
        && !base.strategy.is_held(object)
}

/// A merged configuration as the server understands it.
fn decoded(def: &KindDef, object: Value) -> Result<Value> {
    let decoded = wire::recheck(object, def.schema()).map_err(|error| Status::untyped(error.0))?;
    Ok(decoded.value)
}

/// The name in a body must be the one in the URL.
pub(super) fn match_name(object: &Value, target: &Target) -> Result<()> {
    let (given, asked) = (meta::name(object), target.name());
    if given.is_empty() {
        let text = format!("the name of the object ({asked} based on URL) was undeterminable: name must be provided");
        return Err(Status::bad_request(text));
    }
    if given != asked {
        let text = format!("the name of the object ({given}) does not match the name on the URL ({asked})");
        return Err(Status::bad_request(text));
    }
    Ok(())
}

/// An update must be based on the newest state, unless the kind allows it not to say.
fn check_resource_version(target: &Target, base: &KindDef, object: &Value, current: Revision) -> Result<()> {
    let def = &target.def;
    match meta::resource_version(object) {
        "" | "0" if base.unconditional_update => Ok(()),
        "" | "0" => {
            let path = Path::new("metadata").child("resourceVersion");
            let error = FieldError::invalid(&path, 0, "must be specified for an update");
            Err(Status::invalid_named(&def.gvk.group, &def.plural, target.name(), &[error]))
        }
        given if given == current.to_string() => Ok(()),
        given => match parse_uint(given) {
            Ok(_) => Err(Status::modified(&def.gvk.group, &def.plural, target.name())),
            Err(why) => Err(Status::untyped(why)),
        },
    }
}

/// The conflict of a PUT that names another object's uid.
pub(super) fn foreign_uid(target: &Target, given: &str, stored: &str) -> Box<Status> {
    let def = &target.def;
    let path = def.registry_path();
    let namespace = target.namespace.as_ref().map(|n| format!("{n}/")).unwrap_or_default();
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{path}/{namespace}{}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {stored}",
        target.name()
    );
    Status::conflict(&def.gvk.group, &def.plural, target.name(), &why)
}
