//! The stages of a write between decoding and storing it.

use serde_json::{Value, json};

use super::{Draft, Edit, Write};
use crate::{
    kinds::{
        Behaviour, KindDef,
        rules::{checks, metadata},
    },
    object::{FieldError, FieldErrors, Path, Revision, Status, meta, status::Result},
    text::integer::parse_uint,
    verbs::{Target, access::Requester},
};

impl Write<'_> {
    /// Default and own fields: fills in what the object leaves out, and records who wrote what.
    pub(super) async fn default_and_own(&self, edit: &Edit<'_>, draft: &mut Draft) {
        if draft.old.is_none() {
            metadata::wipe(&mut draft.object);
        }
        // An applied configuration has got its owners when it was merged, before any default.
        if !matches!(edit, Edit::Apply(_) | Edit::Direct(_)) {
            self.def().strategy.default(&mut draft.object);
            self.own(draft.old.as_ref().map(|old| &old.live), &mut draft.object).await;
        } else if matches!(edit, Edit::Apply(_)) {
            self.def().strategy.default_applied(&mut draft.object);
        } else {
            self.def().strategy.default(&mut draft.object);
        }
    }

    /// Refuses what the writer may not give to others.
    pub(super) fn authorize(&self, draft: &Draft) -> Result<()> {
        if self.sub.is_some() {
            return Ok(());
        }
        let requester = Requester { api: self.api, user: &self.options.caller.user };
        let old = draft.old.as_ref().map(|old| &old.object);
        self.def().strategy.authorize(&draft.object, old, &requester)
    }

    /// Gives a new object its name and identity, and an old one back what only the server changes.
    pub(super) fn identify(&self, draft: &mut Draft) -> Result<()> {
        let def = self.def();
        let Draft { object, old, .. } = draft;
        if let Some(old) = old {
            let may_be_silent = self.sub.is_some_and(|sub| matches!(sub.behaviour, Behaviour::Form(_)));
            check_resource_version(self.target, may_be_silent, object, old.stored.revision())?;
            meta::metadata_mut(object).shift_remove("resourceVersion");
            metadata::restore(object, &old.object);
            return Ok(());
        }
        let prefix = meta::text(object, &["metadata", "generateName"]);
        draft.generated = meta::name(object).is_empty() && !prefix.is_empty();
        let context = &self.api.0.context;
        if draft.generated {
            let name = context.generate_name(self.target.prefix().as_str(), prefix);
            meta::metadata_mut(object).insert("name".into(), name.into());
        } else if def.names_itself && meta::name(object).is_empty() {
            let name = context.uid(self.target.prefix().as_str());
            meta::metadata_mut(object).insert("name".into(), name.into());
        }
        let key = Target::new(def, meta::namespace(object), meta::name(object)).key();
        metadata::stamp(object, def, context.uid(key.as_str()), self.api.now());
        Ok(())
    }

    /// Chooses the addresses and ports that the object needs.
    pub(super) fn allocate(&self, draft: &mut Draft) -> Result<()> {
        if self.sub.is_some() {
            return Ok(());
        }
        let old = draft.old.as_ref().map(|old| &old.object);
        let allocator = self.api.allocator(self.options.dry_run);
        draft.findings = self.def().strategy.allocate(&mut draft.object, old, &allocator)?;
        Ok(())
    }

    /// Clears or restores what this write may not set, and raises the generation.
    pub(super) fn prepare(&self, draft: &mut Draft) {
        let def = self.def();
        let Draft { object, old, .. } = draft;
        let Some(old) = old.as_ref().map(|old| &old.object) else {
            if def.has_status && !def.status_on_create {
                meta::set(members(object), "status", Value::Null);
            }
            def.strategy.prepare_for_create(object, self.api.now());
            def.strategy.record_author(object, &self.options.caller.user);
            return;
        };
        match self.sub.map(|sub| &sub.behaviour) {
            Some(Behaviour::Part(part)) => {
                part.prepare(&*def.strategy, object, old);
                part.stamp(&*def.strategy, object, old, self.api.now());
            }
            None | Some(Behaviour::Form(_)) => {
                if def.has_status {
                    meta::set(members(object), "status", old.get("status").cloned().unwrap_or(Value::Null));
                }
                def.strategy.prepare_for_update(object, old);
            }
            Some(_) => {}
        }
        let changes_spec = match self.sub.map(|sub| &sub.behaviour) {
            Some(Behaviour::Part(part)) => part.changes_spec(),
            None | Some(Behaviour::Form(_)) => true,
            Some(_) => false,
        };
        if def.has_generation && changes_spec && def.strategy.raises_generation(object, old) {
            let generation = meta::at(old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
            meta::metadata_mut(object).insert("generation".into(), json!(generation + 1));
        }
    }

    /// Checks the object, collects warnings, and puts it into canonical form.
    pub(super) fn validate(&self, draft: &mut Draft) -> Result<()> {
        let def = self.def();
        let (object, old) = (&draft.object, draft.old.as_ref().map(|old| &old.object));
        let is_part = matches!(self.sub.map(|sub| &sub.behaviour), Some(Behaviour::Part(_)));
        let check = || if is_part { None } else { def.strategy.check(object, old) };
        let (found, warnings) =
            draft.findings.take().or_else(check).map(|found| (found.errors, found.warnings)).unzip();
        let errors = match old {
            None => checks::of_create(def, object, found),
            Some(old) => self.update_errors(object, old, found),
        };
        refuse(self.base(), object, &errors)?;
        draft.warnings.extend(match (self.sub.and_then(|sub| sub.strategy()), old) {
            (Some(part), Some(old)) => part.warnings(&*def.strategy, object, old),
            _ => warnings.unwrap_or_else(|| def.strategy.warnings(object, old)),
        });
        def.strategy.canonicalize(&mut draft.object);
        Ok(())
    }

    fn update_errors(&self, object: &Value, old: &Value, found: Option<FieldErrors>) -> FieldErrors {
        let def = self.def();
        match self.sub.map(|sub| &sub.behaviour) {
            Some(Behaviour::Part(part)) => {
                checks::of_part(def, object, old, part.validate(&*def.strategy, object, old))
            }
            None | Some(Behaviour::Form(_)) => checks::of_update(def, object, old, found),
            Some(_) => FieldErrors::new(),
        }
    }
}

fn refuse(def: &KindDef, object: &Value, errors: &FieldErrors) -> Result<()> {
    if errors.is_empty() {
        return Ok(());
    }
    // A custom object is called by the kind that it states.
    let kind = if def.is_custom { meta::text(object, &["kind"]) } else { &def.gvk.kind };
    Err(Status::invalid_named(&def.gvk.group, kind, meta::name(object), errors))
}

fn members(object: &mut Value) -> &mut meta::Object {
    object.as_object_mut().expect("an object decodes to a map")
}

/// An update must be based on the newest state, unless the kind allows it not to say.
fn check_resource_version(target: &Target, may_be_silent: bool, object: &Value, current: Revision) -> Result<()> {
    let def = &target.def;
    match meta::resource_version(object) {
        "" | "0" if may_be_silent || def.unconditional_update => Ok(()),
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
