//! Server-side apply: merges what a manager applies, keeps track of who owns what, and refuses to take what others own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    fields::{Element, FieldSet, Typed, combine, fields_of, live_error, remove, show_path, validate, with_named},
    managers::{Changes, Context, Manager, Managers, Operation, Owned, clear, empty, tracked},
    versions::{Failure, typed_error},
};
use crate::{
    object::{
        gvk::split_api_version,
        meta::{self, metadata_mut},
        status::{Cause, Details, Reason, Result, Status},
        well_known::{ANNOTATIONS_BYTES_MAX, LAST_APPLIED},
    },
    text::go_quote,
};

/// Applies a decoded configuration. The result has its `managedFields`, and is to be defaulted and validated.
///
/// `live` is what is stored, nothing if the object is to be created. With `force`, fields are taken from their owners.
pub fn apply(live: Option<&Value>, config: &Value, context: &Context, force: bool) -> Result<Value> {
    check(config, context)?;
    let nothing = empty();
    let mut old = live.unwrap_or(&nothing).clone();
    let mut managers = Managers::read(&old).unwrap_or_default();
    clear(&mut old);
    if managers.0.is_empty() && live.is_some() {
        check_live(&old, context)?;
        managers = Managers::before_first_apply(&old, context);
    }
    if let Some(why) = typed_error(&old, context.object) {
        return Err(Status::untyped(format!("failed to create typed live object ({}): {why}", describe(&old))));
    }
    let attempt = Attempt { old: &old, config, context };
    let (mut new, managers) = match attempt.run(managers.clone(), force) {
        Err(Refusal::Conflicts(conflicts)) if attempt.may_force(&conflicts) => attempt.run(managers, true),
        outcome => outcome,
    }
    .map_err(|refusal| match refusal {
        Refusal::Conflicts(conflicts) => refuse(&conflicts),
        Refusal::Failed(Failure(why)) => Status::untyped(why),
    })?;
    if context.manager == "kubectl" && last_applied(&new).is_some() {
        let text = configuration(config);
        let annotations = metadata_mut(&mut new).get_mut("annotations");
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.insert(LAST_APPLIED.to_owned(), text.into());
        }
    }
    managers.write(&mut new);
    Ok(new)
}

struct Attempt<'a> {
    old: &'a Value,
    config: &'a Value,
    context: &'a Context<'a>,
}

/// An object in one of its kind's versions.
#[derive(Clone)]
struct Versioned<'a> {
    object: Value,
    api_version: &'a str,
}

/// Why a configuration cannot be applied.
enum Refusal {
    Conflicts(Vec<Conflict>),
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A field that another manager owns, and that the configuration would change.
struct Conflict {
    manager: Manager,
    path: Vec<Element>,
}

impl Attempt<'_> {
    fn run(&self, mut managers: Managers, force: bool) -> std::result::Result<(Value, Managers), Refusal> {
        let versions: BTreeSet<&str> = managers.0.values().map(|owned| &*owned.api_version).collect();
        for api_version in versions.into_iter().filter(|version| *version != self.context.api_version) {
            // What a manager owns has to be found in the object as that manager sees it.
            self.context.convert(self.old, api_version).map_err(Failure)?;
        }
        let ty = Typed::Object(self.context.object);
        let me = self.applier();
        let before = managers.0.get(&me).cloned();
        let owned = Owned {
            fields: fields_of(self.config, ty).outside(&self.context.ignored()),
            api_version: self.context.api_version.to_owned(),
            time: before.as_ref().and_then(|owned| owned.time.clone()),
        };
        managers.0.insert(me.clone(), owned);
        let merged = combine(self.old, self.config, ty);
        let new = match before.filter(|before| !before.fields.is_empty()) {
            Some(before) => self.prune(merged, &managers, &before)?,
            None => merged,
        };
        let changes = managers.changes(self.old, &new, self.context)?;
        if !force {
            let conflicts = conflicts(&managers, &me, &changes);
            if !conflicts.is_empty() {
                return Err(Refusal::Conflicts(conflicts));
            }
        }
        managers.take_from_others(Some(&me), &changes);
        let is_changed = new != *self.old;
        if let Some(mine) = managers.0.get_mut(&me) {
            mine.fields = tracked(std::mem::take(&mut mine.fields));
            if is_changed {
                mine.time = self.context.now.map(str::to_owned);
            }
        }
        managers.0.retain(|_, owned| !owned.fields.is_empty());
        Ok((new, managers))
    }

    /// Removes what this manager applied last, and now neither it nor anybody else owns. What it applied last is looked for
    /// in the version of that time, and what each manager owns in that manager's.
    fn prune(&self, merged: Value, managers: &Managers, last: &Owned) -> std::result::Result<Value, Failure> {
        let merged = Versioned { object: merged, api_version: self.context.api_version };
        let failed = |what: &str, why: String| Failure(format!("failed to prune fields: {what}: {why}"));
        let to_last = self.convert(&merged, &last.api_version);
        let merged = to_last.map_err(|why| failed("failed to convert merged object to last applied version", why))?;
        let ty = Typed::Object(self.context.object_type(&last.api_version));
        let applied = with_named(&last.fields, ty);
        let pruned = Versioned { object: remove(&merged.object, &applied, ty), api_version: &last.api_version };
        let pruned = self.put_back_owned(&merged, pruned, managers);
        let pruned = pruned.map_err(|why| failed("failed add back owned items", why))?;
        // What went along with an item, but was never applied by this manager, stays.
        let pruned = self.convert(&pruned, &last.api_version).map_err(|why| {
            let what = format!("failed to convert pruned object at version {}: {why}", last.api_version);
            failed("failed add back dangling items", what)
        })?;
        let all_of = |object: &Versioned| with_named(&fields_of(&object.object, ty), ty);
        let gone = all_of(&merged).difference(&all_of(&pruned)).intersection(&applied);
        let kept = Versioned { object: remove(&merged.object, &gone, ty), ..merged };
        let kept = self.convert(&kept, self.context.api_version);
        Ok(kept.map_err(|why| Failure(format!("failed to prune fields: {why}")))?.object)
    }

    /// Puts back what managers own, in the version of each. The version at hand comes first: what is put back there may be
    /// what the conversion to the next one needs.
    fn put_back_owned<'a>(
        &self,
        merged: &Versioned<'a>,
        pruned: Versioned<'a>,
        managers: &'a Managers,
    ) -> std::result::Result<Versioned<'a>, String> {
        let mut owned: BTreeMap<&str, FieldSet> = BTreeMap::new();
        managers.0.values().for_each(|manager| owned.entry(&manager.api_version).or_default().add(&manager.fields));
        let first = owned.remove_entry(pruned.api_version);
        let (mut merged, mut pruned) = (merged.clone(), pruned);
        for (api_version, owned) in first.into_iter().chain(owned) {
            let convert = |object: &Versioned<'a>, what: &str| {
                let why = self.convert(object, api_version);
                why.map_err(|why| format!("failed to convert {what} object at version {api_version}: {why}"))
            };
            (merged, pruned) = (convert(&merged, "merged")?, convert(&pruned, "pruned")?);
            let ty = Typed::Object(self.context.object_type(api_version));
            let all_of = |object: &Value| with_named(&fields_of(object, ty), ty);
            let lost = all_of(&merged.object).difference(&all_of(&pruned.object));
            pruned.object = remove(&merged.object, &lost.difference(&with_named(&owned, ty)), ty);
        }
        Ok(pruned)
    }

    fn convert<'a>(&self, object: &Versioned<'_>, api_version: &'a str) -> std::result::Result<Versioned<'a>, String> {
        let object = if object.api_version == api_version {
            object.object.clone()
        } else {
            self.context.convert(&object.object, api_version)?
        };
        Ok(Versioned { object, api_version })
    }

    /// `kubectl` takes over what it last applied from the client's side without being told to.
    fn may_force(&self, conflicts: &[Conflict]) -> bool {
        if self.context.manager != "kubectl" {
            return false;
        }
        let Some(text) = last_applied(self.old) else { return false };
        let Ok(config) = serde_json::from_str::<Value>(text) else { return false };
        let same_version = meta::text(&config, &["apiVersion"]) == self.context.api_version;
        let allowed = fields_of(&config, Typed::Object(self.context.object));
        let mut wanted = FieldSet::default();
        for conflict in conflicts {
            wanted.insert(&conflict.path);
        }
        same_version && wanted.difference(&allowed).is_empty()
    }

    fn applier(&self) -> Manager {
        Manager {
            name: self.context.manager.to_owned(),
            operation: Operation::Apply,
            api_version: String::new(),
            subresource: self.context.subresource.to_owned(),
        }
    }
}

fn check(config: &Value, context: &Context) -> Result<()> {
    let (api_version, kind) = (meta::text(config, &["apiVersion"]), meta::text(config, &["kind"]));
    let (group, version) = split_api_version(api_version);
    if kind != context.kind || api_version != context.api_version {
        return Err(Status::bad_request(format!("invalid object type: {group}/{version}, Kind={kind}")));
    }
    if meta::at(config, &["metadata", "managedFields"]).is_some_and(Value::is_array) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    match validate(config, Typed::Object(context.object)) {
        None => Ok(()),
        Some(why) => {
            let (namespace, name) = (meta::namespace(config), meta::name(config));
            Err(Status::untyped(format!(
                "failed to create typed patch object ({namespace}/{name}; {group}/{version}, Kind={kind}): {why}"
            )))
        }
    }
}

/// An object that nobody manages can only be applied if the items of its lists can be told apart by their keys.
fn check_live(live: &Value, context: &Context) -> Result<()> {
    let Some(why) = live_error(live, Typed::Object(context.object)) else { return Ok(()) };
    let (group, version) = split_api_version(context.api_version);
    Err(Status::untyped(format!(
        "failed to create manager for existing fields: failed to convert new object ({}/{}; {group}/{version}, Kind={}) \
         to smd typed: {why}",
        meta::namespace(live),
        meta::name(live),
        context.kind
    )))
}

fn conflicts(managers: &Managers, me: &Manager, changes: &Changes) -> Vec<Conflict> {
    let others = managers.0.iter().filter(|(manager, _)| *manager != me);
    let found = others.flat_map(|(manager, owned)| {
        let shared = changes.get(&owned.api_version).map(|change| owned.fields.intersection(&change.set));
        let paths = shared.unwrap_or_default().paths();
        paths.into_iter().map(|path| Conflict { manager: manager.clone(), path })
    });
    found.collect()
}

/// The 409 that lists conflicts, manager by manager.
fn refuse(conflicts: &[Conflict]) -> Box<Status> {
    let causes = conflicts.iter().map(|conflict| Cause {
        reason: "FieldManagerConflict".to_owned(),
        message: format!("conflict with {}", conflict.manager.describe()),
        field: show_path(&conflict.path),
    });
    let causes: Vec<_> = causes.collect();
    let message = match conflicts {
        [only] => format!(
            "Apply failed with 1 conflict: conflict with {}: {}",
            only.manager.describe(),
            show_path(&only.path)
        ),
        many => {
            let blocks = many.chunk_by(|a, b| a.manager == b.manager).map(|block| {
                let paths: String = block.iter().map(|c| format!("\n- {}", show_path(&c.path))).collect();
                format!("conflicts with {}:{paths}", block[0].manager.describe())
            });
            format!("Apply failed with {} conflicts: {}", many.len(), blocks.collect::<Vec<_>>().join("\n"))
        }
    };
    let mut status = Status::new(Reason::Conflict, message);
    status.details = Some(Details { causes, ..Details::default() });
    status
}

impl Manager {
    fn describe(&self) -> String {
        let mut out = go_quote(&self.name);
        if !self.subresource.is_empty() {
            out += &format!(" with subresource {}", go_quote(&self.subresource));
        }
        if self.operation == Operation::Update {
            out += &format!(" using {}", self.api_version);
        }
        out
    }
}

/// An object as errors name it: `ns/name; group/version, Kind=kind`.
fn describe(object: &Value) -> String {
    let (group, version) = split_api_version(meta::text(object, &["apiVersion"]));
    let (namespace, name, kind) = (meta::namespace(object), meta::name(object), meta::text(object, &["kind"]));
    format!("{namespace}/{name}; {group}/{version}, Kind={kind}")
}

fn last_applied(object: &Value) -> Option<&str> {
    meta::at(object, &["metadata", "annotations", LAST_APPLIED])?.as_str()
}

/// The text of the annotation: the configuration without the annotation itself; empty if it would be too long.
fn configuration(config: &Value) -> String {
    let mut config = config.clone();
    clear(&mut config);
    let annotations = metadata_mut(&mut config).get_mut("annotations").and_then(Value::as_object_mut);
    annotations.map(|annotations| annotations.shift_remove(LAST_APPLIED));
    config.sort_all_objects();
    let text = format!("{config}\n");
    if text.len() > ANNOTATIONS_BYTES_MAX { String::new() } else { text }
}
