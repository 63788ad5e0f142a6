//! `metadata.managedFields`: who owns which fields, and what a plain write makes of it.

use std::{cmp::Ordering, collections::BTreeMap, sync::LazyLock};

use serde_json::{Map, Value};

use super::{
    fields::{Comparison, Element, FieldSet, Typed, compare, live_error},
    versions::{Failure, Versions, typed_error},
};
use crate::{
    object::meta::{self, metadata_mut},
    schema::ObjectType,
};

/// Update managers beyond this many are folded into [`ANCIENT_CHANGES`].
const MAX_UPDATE_MANAGERS: usize = 10;
const ANCIENT_CHANGES: &str = "ancient-changes";
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Who writes, to what, and when.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The manager's name.
    pub manager: &'a str,
    /// `apiVersion` of the object written.
    pub api_version: &'a str,
    /// `kind` of the object written.
    pub kind: &'a str,
    /// The subresource written through, or nothing.
    pub subresource: &'a str,
    /// The present time, as `managedFields` prints it; `None` through a form of the object, whose writes have no time.
    pub now: Option<&'a str>,
    /// The object's type.
    pub object: &'a ObjectType,
    /// Fields that a write through this path does not change, e.g. `[["status"]]`.
    pub reset: &'a [&'a [&'a str]],
    /// The write goes through a form of the object: what somebody owned is handed over, without a time, and what nobody
    /// owned stays so.
    pub hands_over: bool,
    /// The kind's other versions, through which managers may have written; `None` if they do not differ.
    pub versions: Option<&'a dyn Versions>,
}

/// Identifies an entry. An applier is the same whichever version it applies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Manager {
    pub name: String,
    pub operation: Operation,
    pub api_version: String,
    pub subresource: String,
}

/// How an object changes, by version.
pub(super) type Changes = BTreeMap<String, Change>;

/// What a write changes, made once for all managers of a version.
pub(super) struct Change {
    /// The fields whose value it sets.
    pub set: FieldSet,
    removed: FieldSet,
}

/// How a manager writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// What a manager owns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owned {
    pub fields: FieldSet,
    pub api_version: String,
    pub time: Option<String>,
}

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Managers(pub BTreeMap<Manager, Owned>);

/// Records a create, update or patch in the new object's `metadata.managedFields`.
///
/// `new` is defaulted, and not yet touched by the server's own steps; `live` is what is stored, nothing on create.
pub fn update(live: Option<&Value>, new: &mut Value, context: &Context) {
    let managers = sent_or_live(live, new, context);
    clear(new);
    // An object that nobody manages, because tracking was reset, stays so until it is applied.
    let is_untracked = live.is_some() && managers.0.is_empty();
    // Where the items of a list cannot be told apart by their keys, nothing is tracked any more.
    if !is_untracked && live_error(new, Typed::Object(context.object)).is_some() {
        return;
    }
    let managers = if is_untracked { Ok(managers) } else { managers.after_update(live, new, context) };
    // Where ownership cannot be found out it is forgotten, and the write succeeds.
    managers.unwrap_or_default().write(new);
}

/// Undoes a change that is one of times only, so that a write that changes nothing stays one.
pub fn keep_times(live: &Value, new: &mut Value) {
    const PATH: [&str; 2] = ["metadata", "managedFields"];
    let untimed = |object: &Value| {
        let entries = meta::items(object, &PATH).iter().cloned().map(|mut entry| {
            entry.as_object_mut().map(|entry| entry.shift_remove("time"));
            entry
        });
        entries.collect::<Vec<_>>()
    };
    let entries = meta::at(live, &PATH);
    if entries == meta::at(new, &PATH) || untimed(live) != untimed(new) {
        return;
    }
    let mut timeless = new.clone();
    meta::set(metadata_mut(&mut timeless), "managedFields", entries.cloned().unwrap_or_default());
    if timeless == *live {
        *new = timeless;
    }
}

/// Removes `metadata.managedFields`.
pub(super) fn clear(object: &mut Value) {
    if object.get("metadata").is_some_and(Value::is_object) {
        metadata_mut(object).shift_remove("managedFields");
    }
}

/// Without the fields that no manager owns, because they name the object or belong to the server.
pub(super) fn tracked(mut fields: FieldSet) -> FieldSet {
    static UNTRACKED: LazyLock<FieldSet> = LazyLock::new(|| {
        const OF_METADATA: [&str; 9] = [
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "clusterName",
            "generation",
            "managedFields",
            "resourceVersion",
        ];
        let in_metadata = OF_METADATA.map(|name| ["metadata", name]);
        let mut paths: Vec<&[&str]> = vec![&["apiVersion"], &["kind"], &["metadata"]];
        paths.extend(in_metadata.iter().map(|path| &path[..]));
        FieldSet::of_members(&paths)
    });
    fields.take(&UNTRACKED);
    fields
}

impl Context<'_> {
    /// How two versions differ in the fields that this write may change.
    pub(super) fn compare(&self, old: &Value, new: &Value) -> Comparison {
        compare(old, new, Typed::Object(self.object)).outside(&self.ignored())
    }

    /// As [`Context::compare`], in the version that a manager wrote through.
    pub(super) fn compare_in(&self, api_version: &str, old: &Value, new: &Value) -> Result<Comparison, Failure> {
        if api_version == self.api_version {
            return Ok(self.compare(old, new));
        }
        let convert = |object: &Value, what: &str| {
            if object.as_object().is_some_and(Map::is_empty) {
                return Ok(object.clone());
            }
            let converted = self.convert(object, api_version);
            converted.map_err(|why| Failure(format!("failed to convert {what} object: {why}")))
        };
        let (old, new) = (convert(old, "old")?, convert(new, "new")?);
        Ok(compare(&old, &new, Typed::Object(self.object_type(api_version))).outside(&self.ignored()))
    }

    /// The object's type in a version.
    pub(super) fn object_type(&self, api_version: &str) -> &ObjectType {
        let other = self.versions.filter(|_| api_version != self.api_version);
        other.and_then(|versions| versions.object_type(api_version)).unwrap_or(self.object)
    }

    /// An object in another version, whose fields can be told there.
    pub(super) fn convert(&self, object: &Value, api_version: &str) -> Result<Value, String> {
        let Some(versions) = self.versions.filter(|_| api_version != meta::text(object, &["apiVersion"])) else {
            return Ok(object.clone());
        };
        let converted = versions.convert(object, api_version)?;
        let object_type = versions.object_type(api_version);
        object_type.and_then(|object_type| typed_error(&converted, object_type)).map_or(Ok(converted), Err)
    }

    pub(super) fn ignored(&self) -> FieldSet {
        FieldSet::of_members(self.reset)
    }

    pub(super) fn updater(&self, name: &str) -> Manager {
        Manager {
            name: if name.is_empty() { "unknown".to_owned() } else { name.to_owned() },
            operation: Operation::Update,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
        }
    }
}

impl Managers {
    /// Reads the entries of an object; `None` if one is malformed.
    pub fn read(object: &Value) -> Option<Self> {
        let entries = meta::items(object, &["metadata", "managedFields"]).iter().map(|entry| {
            let operation = match meta::text(entry, &["operation"]) {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return None,
            };
            let api_version = meta::text(entry, &["apiVersion"]).to_owned();
            if api_version.is_empty() || meta::text(entry, &["fieldsType"]) != "FieldsV1" {
                return None;
            }
            let manager = Manager {
                name: meta::text(entry, &["manager"]).to_owned(),
                operation,
                api_version: if operation == Operation::Apply { String::new() } else { api_version.clone() },
                subresource: meta::text(entry, &["subresource"]).to_owned(),
            };
            let fields = entry.get("fieldsV1").map(FieldSet::parse).unwrap_or_default();
            let time = meta::at(entry, &["time"]).and_then(Value::as_str).map(str::to_owned);
            Some((manager, Owned { fields, api_version, time }))
        });
        entries.collect::<Option<_>>().map(Self)
    }

    /// Writes the entries to an object: appliers first, then by time.
    pub fn write(&self, object: &mut Value) {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by(|(a, x), (b, y)| {
            let by_time = compare_times(x.time.as_deref(), y.time.as_deref());
            let by_name = || (&a.name, &x.api_version, &a.subresource).cmp(&(&b.name, &y.api_version, &b.subresource));
            a.operation.cmp(&b.operation).then(by_time).then_with(by_name)
        });
        let entries: Vec<_> = entries.into_iter().map(|(manager, owned)| entry(manager, owned)).collect();
        if !entries.is_empty() {
            meta::set(metadata_mut(object), "managedFields", entries);
        }
    }

    /// How an object changes, in each version that managers wrote through.
    pub fn changes(&self, old: &Value, new: &Value, context: &Context) -> Result<Changes, Failure> {
        let mut changes = Changes::new();
        for owned in self.0.values() {
            if !changes.contains_key(&owned.api_version) {
                let change = context.compare_in(&owned.api_version, old, new)?;
                let set = change.set();
                changes.insert(owned.api_version.clone(), Change { set, removed: change.removed });
            }
        }
        Ok(changes)
    }

    /// Takes what has changed from everyone but one.
    pub fn take_from_others(&mut self, owner: Option<&Manager>, changes: &Changes) {
        self.0.retain(|manager, owned| {
            if Some(manager) != owner
                && let Some(change) = changes.get(&owned.api_version)
            {
                owned.fields.take(&change.set);
                owned.fields.take(&change.removed);
            }
            Some(manager) == owner || !owned.fields.is_empty()
        });
    }

    /// What an object without managers belonged to before it was first applied.
    pub fn before_first_apply(live: &Value, context: &Context) -> Self {
        let fields = tracked(context.compare(&empty(), live).set());
        let owned = Owned { fields, api_version: context.api_version.to_owned(), time: context.now.map(str::to_owned) };
        let all = [(context.updater(BEFORE_FIRST_APPLY), owned)];
        Self(all.into_iter().filter(|(_, owned)| !owned.fields.is_empty()).collect())
    }

    fn after_update(mut self, live: Option<&Value>, new: &Value, context: &Context) -> Result<Self, Failure> {
        let nothing = empty();
        let mut old = live.unwrap_or(&nothing).clone();
        clear(&mut old);
        for object in [&old, new] {
            if let Some(why) = typed_error(object, context.object) {
                return Err(Failure(why));
            }
        }
        let mut taken = tracked(context.compare(&old, new).set());
        if context.hands_over {
            taken.take(&zeros(&taken, new));
        }
        let changes = self.changes(&old, new, context)?;
        let owned: usize = self.0.values().map(|owned| owned.fields.paths().len()).sum();
        self.take_from_others(None, &changes);
        let left: usize = self.0.values().map(|owned| owned.fields.paths().len()).sum();
        if context.hands_over && owned == left {
            return Ok(self);
        }
        if !taken.is_empty() {
            let owned = self.0.entry(context.updater(context.manager)).or_insert_with(|| Owned {
                fields: FieldSet::default(),
                api_version: context.api_version.to_owned(),
                time: None,
            });
            owned.fields.add(&taken);
            owned.time = context.now.filter(|_| !context.hands_over).map(str::to_owned);
        }
        self.cap();
        Ok(self)
    }

    /// Folds the oldest update managers of each version into one until there are few enough.
    fn cap(&mut self) {
        let updaters = self.0.iter().filter(|(manager, _)| manager.operation == Operation::Update);
        let mut updaters: Vec<_> = updaters.map(|(manager, owned)| (owned.time.clone(), manager.clone())).collect();
        updaters.sort_by(|(a, x), (b, y)| compare_times(a.as_deref(), b.as_deref()).then_with(|| x.cmp(y)));
        let mut count = updaters.len();
        let mut first_of_version: BTreeMap<String, Manager> = BTreeMap::new();
        for (time, manager) in updaters {
            if count <= MAX_UPDATE_MANAGERS {
                return;
            }
            let version = manager.api_version.clone();
            let bucket = Manager {
                name: ANCIENT_CHANGES.to_owned(),
                operation: Operation::Update,
                api_version: version.clone(),
                subresource: String::new(),
            };
            let Some(first) = first_of_version.get(&version) else {
                first_of_version.insert(version, manager);
                continue;
            };
            if !self.0.contains_key(&bucket)
                && let Some(owned) = self.0.remove(first)
            {
                self.0.insert(bucket.clone(), owned);
            }
            if manager == bucket {
                continue;
            }
            if let Some(folded) = self.0.remove(&manager)
                && let Some(owned) = self.0.get_mut(&bucket)
            {
                owned.fields.add(&folded.fields);
                owned.time = time;
                count -= 1;
            }
        }
    }
}

/// The fields of a set whose value is 0, which a form leaves out.
fn zeros(fields: &FieldSet, object: &Value) -> FieldSet {
    let mut zeros = FieldSet::default();
    let is_zero = |path: &[Element]| {
        let value = path.iter().try_fold(object, |value, element| match element {
            Element::Field(name) => value.get(&**name),
            _ => None,
        });
        value == Some(&Value::from(0))
    };
    fields.paths().iter().filter(|path| is_zero(path)).for_each(|path| zeros.insert(path));
    zeros
}

/// The managers that the request states on the main resource, or else the stored ones.
fn sent_or_live(live: Option<&Value>, new: &Value, context: &Context) -> Managers {
    let stored = || live.and_then(Managers::read).unwrap_or_default();
    if !context.subresource.is_empty() {
        return stored();
    }
    match meta::at(new, &["metadata", "managedFields"]).and_then(Value::as_array).map(Vec::as_slice) {
        // An object that no Go struct holds has no empty list of managers.
        Some([]) if context.object.is_structural() => stored(),
        Some(entries) if is_reset(entries) => Managers::default(),
        Some(_) => Managers::read(new).unwrap_or_else(stored),
        None => stored(),
    }
}

/// An empty list, or one empty entry, asks to forget all managers.
fn is_reset(entries: &[Value]) -> bool {
    match entries {
        [] => true,
        [only] => only.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}

fn entry(manager: &Manager, owned: &Owned) -> Value {
    let operation = match manager.operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    let mut out = Map::new();
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            out.insert(name.to_owned(), value.into());
        }
    };
    text("manager", &manager.name);
    text("operation", operation);
    text("apiVersion", &owned.api_version);
    text("time", owned.time.as_deref().unwrap_or_default());
    text("fieldsType", "FieldsV1");
    out.insert("fieldsV1".to_owned(), owned.fields.to_value());
    if !manager.subresource.is_empty() {
        out.insert("subresource".to_owned(), manager.subresource.clone().into());
    }
    Value::Object(out)
}

/// Times of one form compare as texts; an entry without a time is the oldest.
fn compare_times(a: Option<&str>, b: Option<&str>) -> Ordering {
    a.unwrap_or_default().cmp(b.unwrap_or_default())
}

pub(super) fn empty() -> Value {
    Value::Object(Map::new())
}
