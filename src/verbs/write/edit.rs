//! What a write does to the object it finds, and the checks of names that come with it.

use std::sync::Arc;

use serde_json::Value;

use super::{Draft, Old, Write};
use crate::{
    kinds::{Kind, KindDef},
    merge,
    object::{Status, meta, status::Result},
    store::Stored,
    verbs::{Target, admission::Reliance, read::stored},
    wire,
};

/// Computes an object's successor, and what is to be warned about.
pub(in crate::verbs) type Successor<'a> = dyn Fn(&Value) -> Result<(Value, Vec<String>)> + Send + Sync + 'a;

/// What a write does to the object it finds; objects are as clients of the kind see them.
pub(in crate::verbs) enum Edit<'a> {
    /// Adds this one, which must be new.
    Create(Value),
    /// Replaces it with this one.
    Replace(Value),
    /// Computes its successor.
    Change(&'a Successor<'a>),
    /// Computes its successor, which is the server's own doing: nobody comes to own its fields.
    Direct(&'a Successor<'a>),
    /// Merges this configuration into it.
    Apply(&'a Value),
}

impl Write<'_> {
    /// Reads what is stored and edits it.
    pub(super) async fn decode(&self, edit: &Edit<'_>) -> Result<Draft> {
        let mut draft = match edit {
            Edit::Create(object) => Draft::new(object.clone(), None),
            _ => match self.api.0.store.get(&self.target.key()) {
                None => Draft::new(self.made(edit).await?, None),
                Some(stored) => {
                    let old = Old::new(self.def(), &stored, self.api.seen(self.def(), &stored).await?);
                    let (new, warnings) = self.edited(edit, &old.live).await?;
                    Draft { warnings, ..Draft::new(new, Some(old)) }
                }
            },
        };
        let is_named = if draft.old.is_some() { match_name(&draft.object, self.target) } else { Ok(()) };
        let is_placed = is_named.and_then(|()| match_namespace(&mut draft.object, self.target));
        is_placed.map_err(|status| status.with_warnings(&draft.warnings))?;
        Ok(draft)
    }

    /// The new object that an edit of a missing one makes.
    async fn made(&self, edit: &Edit<'_>) -> Result<Value> {
        let (def, target) = (self.def(), self.target);
        match edit {
            Edit::Replace(object) if self.sub.is_none() && self.def().create_on_update => {
                let uid = meta::uid(object);
                if !uid.is_empty() {
                    return Err(foreign_uid(target, uid, "", self.options.dry_run));
                }
                let mut object = object.clone();
                meta::metadata_mut(&mut object).shift_remove("resourceVersion");
                Ok(object)
            }
            Edit::Apply(config) if self.sub.is_none() => {
                let uid = meta::uid(config);
                if !uid.is_empty() {
                    let why = format!(
                        "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                    );
                    return Err(Status::conflict(&def.gvk.group, &def.plural, target.name(), &why));
                }
                match_name(config, target)?;
                decoded(def, config, self.merge_applied(None, config).await?)
            }
            _ => Err(target.not_found()),
        }
    }

    async fn edited(&self, edit: &Edit<'_>, live: &Value) -> Result<(Value, Vec<String>)> {
        match edit {
            Edit::Create(object) | Edit::Replace(object) => {
                let uid = meta::uid(object);
                if !uid.is_empty() && uid != meta::uid(live) {
                    return Err(foreign_uid(self.target, uid, meta::uid(live), self.options.dry_run));
                }
                Ok((object.clone(), Vec::new()))
            }
            Edit::Change(change) | Edit::Direct(change) => change(live),
            Edit::Apply(config) => {
                Ok((decoded(self.def(), config, self.merge_applied(Some(live), config).await?)?, Vec::new()))
            }
        }
    }
}

impl Old {
    fn new(def: &Kind, stored: &Arc<Stored>, seen: Arc<Stored>) -> Self {
        let mut object = stored::parse(seen.bytes());
        let live = stored::with_type(def, object.clone());
        meta::metadata_mut(&mut object).shift_remove("resourceVersion");
        Self { stored: Arc::clone(stored), seen, live, object }
    }
}

impl Draft {
    fn new(object: Value, old: Option<Old>) -> Self {
        Self { object, old, warnings: Vec::new(), reliance: Reliance::default(), generated: false, findings: None }
    }
}

/// The name in a body must be the one in the URL.
pub(in crate::verbs) fn match_name(object: &Value, target: &Target) -> Result<()> {
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

/// The object's namespace must be the request's; an empty one is filled in, and a cluster-wide object loses its own.
pub(in crate::verbs) fn match_namespace(object: &mut Value, target: &Target) -> Result<()> {
    let asked = target.namespace.as_deref().unwrap_or_default();
    let given = meta::namespace(object);
    if given == asked {
        return Ok(());
    }
    if given.is_empty() || asked.is_empty() {
        meta::set(meta::metadata_mut(object), "namespace", if asked.is_empty() { Value::Null } else { asked.into() });
        return Ok(());
    }
    Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"))
}

/// The conflict of a PUT that names another object's uid. A dry run does not get as far as to the store, and its key.
pub(in crate::verbs) fn foreign_uid(target: &Target, given: &str, stored: &str, dry_run: bool) -> Box<Status> {
    let def = &target.def;
    let path = def.registry_path();
    let root = if dry_run { "" } else { "/registry" };
    let namespace = target.namespace.as_ref().map(|n| format!("{n}/")).unwrap_or_default();
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {root}/{path}/{namespace}{}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {stored}",
        target.name()
    );
    Status::conflict(&def.gvk.group, &def.plural, target.name(), &why)
}

/// A merged configuration as the server understands it.
fn decoded(def: &KindDef, config: &Value, mut object: Value) -> Result<Value> {
    let refused = |why: &str| {
        let (namespace, name) = (meta::namespace(config), meta::name(config));
        let kind = format!("{}/{}, Kind={}", def.gvk.group, def.gvk.version, def.gvk.kind);
        Status::untyped(format!(
            "failed to convert new object ({namespace}/{name}; {kind}) to proper version: \
             unable to convert unstructured object to {kind}: {why}"
        ))
    };
    merge::restore(&mut object, def.schema()).map_err(|why| refused(&why))?;
    let decoded = wire::recheck(object, def.schema()).map_err(|error| refused(&error.0))?;
    Ok(decoded.value)
}
