//! The kinds that a definition makes: one for each version that is served, all of them versions of the stored one.

mod cells;
pub mod conversion;
pub mod json_path;
mod scale;
mod strategy;

use std::sync::Arc;

use serde_json::Value;

pub use conversion::{Converter, Unconverted};

use super::{
    conditions::{self, TERMINATING},
    custom_resource_definition::DEF,
    spec::{group, storage_version},
};
use crate::{
    kinds::{FieldLabels, Kind, KindDef, Scope, Storage, Subresource, Verb},
    object::{GroupVersionKind, meta},
    schema::{Text, Unstructural},
    structural::Schema,
};
use conversion::{VersionConversion, Versions};
use strategy::{Instances, StatusOnly};

/// What can be done to instances, in the order in which discovery names it.
const VERBS: [Verb; 8] =
    [Verb::Delete, Verb::DeleteCollection, Verb::Get, Verb::List, Verb::Patch, Verb::Create, Verb::Update, Verb::Watch];
/// What can be done while the definition is being deleted.
const LAST_VERBS: [Verb; 5] = [Verb::Delete, Verb::DeleteCollection, Verb::Get, Verb::List, Verb::Watch];

/// The kinds that an established definition makes.
pub struct CustomKinds {
    /// The kind in whose form the instances are stored; it need not be served.
    pub stored: Kind,
    /// The kinds that are served.
    pub served: Vec<Kind>,
}

/// Makes the kinds. What is not of the stored version, or has to become so, goes through the converter. Objects look as
/// they did `before`, if that is given: whoever follows those kinds follows these.
pub fn kinds(
    definition: &Value,
    converter: Arc<dyn Converter>,
    before: Option<&CustomKinds>,
) -> Result<CustomKinds, Unstructural> {
    let storage = storage_version(definition).unwrap_or_default();
    let versions = meta::items(definition, &["spec", "versions"]).iter();
    let versions: Vec<Version> =
        versions.map(|version| Version::read(definition, version)).collect::<Result<_, _>>()?;
    let schemas = versions.iter().map(|version| (version.gvk.api_version(), Arc::clone(&version.schema)));
    let all = Arc::new(Versions {
        group: group(definition).to_owned(),
        kind: meta::text(definition, &["status", "acceptedNames", "kind"]).to_owned(),
        stored: GroupVersionKind::owned(group(definition), storage, "").api_version(),
        schemas: schemas.collect(),
        converter,
    });
    let Some(stored) = versions.iter().find(|version| version.gvk.version == storage) else {
        return Err(Unstructural { path: "spec.versions".to_owned(), why: "no version is stored".to_owned() });
    };
    let make = |def: KindDef, before: Option<&Kind>| match before {
        Some(before) => before.with(def),
        None => Kind::new(def),
    };
    let stored_kind = make(stored.def(definition, &all, Storage::Own), before.map(|kinds| &kinds.stored));
    let served = versions.iter().filter(|version| version.is_served).map(|version| {
        if version.gvk == stored.gvk {
            return stored_kind.clone();
        }
        let before = before.and_then(|kinds| kinds.served.iter().find(|kind| kind.gvk.version == version.gvk.version));
        make(version.def(definition, &all, Storage::VersionOf(stored_kind.clone())), before)
    });
    Ok(CustomKinds { served: served.collect(), stored: stored_kind.clone() })
}

/// One version of a definition.
struct Version<'a> {
    spec: &'a Value,
    gvk: GroupVersionKind,
    list_kind: String,
    is_served: bool,
    schema: Arc<Schema>,
}

impl<'a> Version<'a> {
    fn read(definition: &'a Value, spec: &'a Value) -> Result<Self, Unstructural> {
        let names = |name| meta::text(definition, &["status", "acceptedNames", name]);
        let (group, version) = (group(definition), meta::text(spec, &["name"]));
        let gvk = GroupVersionKind::owned(group, version, names("kind"));
        let list = GroupVersionKind::owned(group, version, names("listKind"));
        let schema = meta::at(spec, &["schema", "openAPIV3Schema"]);
        let schema = Arc::new(Schema::compile(&gvk, &list, schema)?);
        let is_served = spec.get("served").and_then(Value::as_bool).unwrap_or_default();
        Ok(Self { spec, gvk, list_kind: names("listKind").to_owned(), is_served, schema })
    }

    fn def(&self, definition: &Value, versions: &Arc<Versions>, storage: Storage) -> KindDef {
        let names = meta::at(definition, &["status", "acceptedNames"]).unwrap_or(&Value::Null);
        let text = |name| meta::text(names, &[name]).to_owned().into();
        let list = |name| meta::items(names, &[name]).iter().filter_map(Value::as_str);
        let is_namespaced = meta::text(definition, &["spec", "scope"]) == "Namespaced";
        let is_terminating = conditions::is_true(definition, TERMINATING);
        let has_status = meta::at(self.spec, &["subresources", "status"]).is_some_and(|status| !status.is_null());
        let scale = meta::at(self.spec, &["subresources", "scale"]).filter(|scale| !scale.is_null());
        let scale = scale.map(scale::Paths::read).map(Arc::new);
        let (columns, cells) = cells::of(self.spec);
        let mut subresources = Vec::new();
        subresources
            .extend(has_status.then(|| Subresource::part("status", self.gvk.clone(), Verb::STATUS, StatusOnly)));
        subresources.extend(scale.as_ref().map(|paths| scale::subresource(Arc::clone(paths))));
        KindDef {
            gvk: self.gvk.clone(),
            plural: text("plural"),
            singular: text("singular"),
            short_names: list("shortNames").map(|name| name.to_owned().into()).collect(),
            categories: list("categories").map(|name| name.to_owned().into()).collect(),
            scope: if is_namespaced { Scope::Namespaced } else { Scope::Cluster },
            verbs: if is_terminating { LAST_VERBS.to_vec() } else { VERBS.to_vec() },
            subresources,
            schema: self.schema.kind.object.clone(),
            list_schema: Some(self.schema.kind.list.clone()),
            list_kind: Some(self.list_kind.clone().into()),
            columns,
            cells,
            fields: cells::selectable_fields(self.spec),
            field_labels: FieldLabels::Converted,
            storage,
            conversion: Some(Arc::new(VersionConversion::new(versions, &self.gvk, &self.schema))),
            requires: Some(DEF.prefix().key(meta::name(definition))),
            is_custom: true,
            registry_path: Some(format!("{}/{}", self.gvk.group, meta::text(names, &["plural"])).into()),
            any_finalizer: true,
            unconditional_update: false,
            has_generation: true,
            has_status,
            deprecation: self.deprecation(),
            strategy: Arc::new(Instances { schema: Arc::clone(&self.schema), has_status, scale }),
            ..KindDef::default()
        }
    }

    fn deprecation(&self) -> Option<Text> {
        if self.spec.get("deprecated").and_then(Value::as_bool) != Some(true) {
            return None;
        }
        let default = || format!("{} {} is deprecated", self.gvk.api_version(), self.gvk.kind);
        let given = self.spec.get("deprecationWarning").and_then(Value::as_str).map(str::to_owned);
        Some(given.unwrap_or_else(default).into())
    }
}
