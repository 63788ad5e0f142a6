//! POST: a new object.

use serde_json::Value;

use super::{
    Answer, Api, Target, WriteOptions, Written,
    authorize::Reviewer,
    change::{Change, Refusal},
    metadata, stored,
};
use crate::{
    kinds::{Kind, KindDef, Storage, Verb, core::binding, pod},
    object::{
        FieldErrors, Status, meta,
        status::{Details, Result},
    },
    wire::{self, DecodedObject},
};

/// How often a name is generated before giving up.
const GENERATED_NAMES_MAX: usize = 8;
/// How often an allocation that lost a race is tried again.
const ALLOCATIONS_MAX: usize = 64;

impl Api {
    /// Creates an object from a decoded body.
    pub async fn create(&self, target: &Target, body: DecodedObject, options: &WriteOptions) -> Result<Written> {
        let def = &target.def;
        if !def.allows(Verb::Create) {
            return Err(Status::method_not_allowed());
        }
        let DecodedObject { value: mut object, warnings } = body;
        match_namespace(&mut object, target)?;
        if def.gvk == binding::DEF.gvk {
            let pod = Target::new(&pod::DEF, meta::namespace(&object), meta::name(&object));
            let sub = pod::DEF.subresource("binding").expect("pods can be bound");
            return self.create_subresource(&pod, sub, DecodedObject { value: object, warnings }, options).await;
        }
        if let Storage::Nothing = def.storage {
            def.strategy.default(&mut object);
            def.strategy.review(&mut object, &Reviewer { api: self, user: &options.caller.user })?;
            let object = wire::normalise(object, def.schema());
            return Ok(Written { answer: Answer::Value(stored::with_type(def, object)), created: true, warnings });
        }
        metadata::wipe(&mut object);
        def.strategy.default(&mut object);
        self.record(def, None, None, &mut object, options);
        self.create_object(target, object, options, warnings).await
    }

    /// Creates an object that has its defaults and whose fields have their owners; what POST, PUT and apply on a missing
    /// object share.
    pub(super) async fn create_object(
        &self,
        target: &Target,
        mut object: Value,
        options: &WriteOptions,
        mut warnings: Vec<String>,
    ) -> Result<Written> {
        let base = target.def.stored();
        if target.def.is_view() {
            object = target.def.to_stored(object);
            base.strategy.default(&mut object);
        }
        self.admit_into_namespace(&target.def, &object)?;
        base.strategy.admit(&mut object, None, self.now());
        base.strategy.authorize(&object, None, &Reviewer { api: self, user: &options.caller.user })?;
        warnings.extend(metadata::dedup_owners(&mut object));
        let generated =
            meta::name(&object).is_empty() && !meta::text(&object, &["metadata", "generateName"]).is_empty();
        let mut names_left = if generated { GENERATED_NAMES_MAX } else { 1 };
        for _ in 0..ALLOCATIONS_MAX {
            let mut attempt = object.clone();
            if generated {
                let base_name = meta::text(&attempt, &["metadata", "generateName"]);
                let name = self.0.context.generate_name(target.prefix().as_str(), base_name);
                meta::metadata_mut(&mut attempt).insert("name".into(), name.into());
            }
            let more = self.prepare_new(&target.def, base, &mut attempt, options)?;
            let name = meta::name(&attempt).to_owned();
            match self.store_new(target, base, attempt, options).await {
                Ok(answer) => {
                    warnings.extend(more);
                    return Ok(Written { answer, created: true, warnings });
                }
                Err(Refusal::Failed(status)) => return Err(status),
                Err(Refusal::Contended) => {}
                Err(Refusal::Raced(current)) => {
                    names_left -= 1;
                    if names_left == 0 {
                        let deleting = current.is_some_and(|c| stored::facts(base, &c).deleting);
                        return Err(exists(&target.def, &name, generated, deleting));
                    }
                }
            }
        }
        Err(Status::internal("the object could not be stored: other writers kept taking what it was given"))
    }

    /// All steps between admission and the store, in Kubernetes' order. Answers the warnings.
    fn prepare_new(&self, def: &Kind, base: &Kind, object: &mut Value, options: &WriteOptions) -> Result<Vec<String>> {
        let strategy = &*base.strategy;
        let resource_version = meta::resource_version(object).to_owned();
        let key = Target::new(base, meta::namespace(object), meta::name(object)).key();
        metadata::stamp(object, base, self.0.context.uid(key.as_str()), self.now());
        strategy.allocate(object, None, &self.ledger(options.dry_run))?;
        if base.has_status
            && !base.status_on_create
            && let Some(members) = object.as_object_mut()
        {
            members.shift_remove("status");
        }
        strategy.prepare_for_create(object, self.now());
        let mut errors: FieldErrors = metadata::validate(object, base);
        errors.extend(if def.is_view() {
            def.strategy.validate(&def.from_stored(object.clone()))
        } else {
            strategy.validate(object)
        });
        if !errors.is_empty() {
            return Err(Status::invalid(&def.gvk, meta::name(object), &errors));
        }
        let errors = metadata::validate_path_segment(object);
        if !errors.is_empty() {
            return Err(Status::invalid(&def.gvk, meta::name(object), &errors));
        }
        let warnings = strategy.warnings(object, None);
        strategy.canonicalize(object);
        if !resource_version.is_empty() && resource_version != "0" {
            return Err(Status::untyped("resourceVersion should not be set on objects to be created"));
        }
        meta::metadata_mut(object).shift_remove("resourceVersion");
        Ok(warnings)
    }

    async fn store_new(
        &self,
        target: &Target,
        base: &Kind,
        object: Value,
        options: &WriteOptions,
    ) -> std::result::Result<Answer, Refusal> {
        let place = Target::new(base, meta::namespace(&object), meta::name(&object));
        let key = place.key();
        if options.dry_run {
            return match self.0.store.get(&key) {
                Some(current) => Err(Refusal::Raced(Some(current))),
                None => Ok(Answer::Value(shown(&target.def, wire::normalise(object, base.schema())))),
            };
        }
        let object = stored::form(object, base)?;
        let change = Change { base, key, old: None, new: Some(&object), last: None };
        Ok(Answer::of(&target.def, self.commit(&change).await?))
    }
}

/// An object in stored form as a client of the kind sees it.
pub(super) fn shown(def: &KindDef, object: Value) -> Value {
    stored::with_type(def, def.from_stored(object))
}

/// The object's namespace must be the request's; an empty one is filled in.
pub(super) fn match_namespace(object: &mut Value, target: &Target) -> Result<()> {
    let asked = target.namespace.clone().unwrap_or_default();
    let given = meta::namespace(object).to_owned();
    if given == asked {
        return Ok(());
    }
    if given.is_empty() || (given == "default" && asked.is_empty()) {
        meta::set(meta::metadata_mut(object), "namespace", if asked.is_empty() { Value::Null } else { asked.into() });
        return Ok(());
    }
    Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"))
}

fn exists(def: &KindDef, name: &str, generated: bool, deleting: bool) -> Box<Status> {
    let mut status = Status::already_exists(&def.gvk.group, &def.plural, name);
    if generated {
        status.message.push_str(", the server was not able to generate a unique name for the object");
        status.details.get_or_insert_with(Details::default).retry_after_seconds = 1;
    }
    if deleting {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}
