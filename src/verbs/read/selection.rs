//! Which objects of a collection a request wants: namespace, name, labels and fields.

use serde_json::Value;

use super::stored;
use crate::verbs::{ListOptions, Target};
use crate::{
    kinds::{FieldLabels, Kind, KindDef},
    object::{
        Facts, Key, Status, meta,
        selector::{FieldSelector, LabelSelector},
        status::Result,
    },
    store::Stored,
    text::go_quote,
};

/// The selectors of a list or watch, checked.
pub(in crate::verbs) struct Selection {
    def: Kind,
    labels: Option<LabelSelector>,
    fields: Option<FieldSelector>,
}

impl Selection {
    /// Parses and checks the selectors. A name in the target counts as a field selector.
    pub fn parse(target: &Target, options: &ListOptions) -> Result<Self> {
        let def = &target.def;
        let labels = LabelSelector::parse(&options.label_selector).map_err(Status::bad_request)?;
        let mut fields = FieldSelector::parse(&options.field_selector).map_err(Status::bad_request)?;
        for requirement in fields.requirements_mut() {
            if let Some((_, now)) = def.field_aliases.iter().find(|(old, _)| *old == requirement.field) {
                requirement.field = now.to_string();
            }
            check_field(def, &requirement.field)?;
        }
        if let Some(name) = &target.name {
            if fields.exact("metadata.name").is_some_and(|wanted| wanted != name) {
                return Err(Status::bad_request("fieldSelector metadata.name doesn't match requested name"));
            }
            fields.require("metadata.name", name);
        }
        Ok(Self {
            def: def.clone(),
            labels: (!labels.is_everything()).then_some(labels),
            fields: (!fields.is_everything()).then_some(fields),
        })
    }

    /// Whether everything is wanted.
    pub fn is_everything(&self) -> bool {
        self.labels.is_none() && self.fields.is_none()
    }

    /// Whether an object of this key can be wanted, whatever it holds.
    pub fn may_match(&self, key: &Key) -> bool {
        let name = self.fields.as_ref().and_then(|fields| fields.exact("metadata.name"));
        name.is_none_or(|name| name == key.name())
    }

    /// Whether the object, which has the kind's form, is wanted.
    pub fn matches(&self, key: &Key, object: &Stored) -> bool {
        if self.is_everything() {
            return true;
        }
        let facts = stored::facts(&self.def, object);
        if facts.kind != self.def.id() && self.fields.is_some() {
            // The facts were noted when the kind had another definition, perhaps with other fields.
            return self.matches_view(key, &stored::view(&self.def, object));
        }
        self.labels.as_ref().is_none_or(|labels| labels.matches(&facts.labels))
            && self.fields.as_ref().is_none_or(|fields| fields.matches(|field| self.fact(key, facts, field)))
    }

    fn fact<'a>(&self, key: &'a Key, facts: &'a Facts, field: &str) -> &'a str {
        match field {
            "metadata.name" => key.name(),
            "metadata.namespace" => key.namespace().unwrap_or_default(),
            _ => {
                let index = self.def.fields.iter().position(|known| known.path == field);
                index.and_then(|i| facts.fields.get(i)).map_or("", String::as_str)
            }
        }
    }

    fn matches_view(&self, key: &Key, object: &Value) -> bool {
        let labels = meta::map(object, &["metadata", "labels"]).into_iter().flatten();
        let mut facts = Facts {
            labels: labels.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect(),
            fields: self.def.fields.iter().map(|field| (field.value)(object)).collect(),
            ..Facts::default()
        };
        facts.labels.sort();
        self.labels.as_ref().is_none_or(|labels| labels.matches(&facts.labels))
            && self.fields.as_ref().is_none_or(|fields| fields.matches(|field| self.fact(key, &facts, field)))
    }
}

fn check_field(def: &KindDef, field: &str) -> Result<()> {
    let metadata = field == "metadata.name" || (field == "metadata.namespace" && known_namespace(def));
    if metadata || def.fields.iter().any(|known| known.path == field) {
        return Ok(());
    }
    Err(Status::bad_request(match def.field_labels {
        FieldLabels::Converted => format!("field label not supported: {field}"),
        FieldLabels::Quoted(kind) => format!("field label {} not supported for {kind}", go_quote(field)),
        FieldLabels::Typed(kind) => format!("field label not supported for {kind}: {field}"),
        FieldLabels::MetadataOnly => {
            let quoted = go_quote(field);
            format!("{quoted} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
    }))
}

/// Kinds with converters of their own list their labels; cluster-scoped ones leave the namespace out.
fn known_namespace(def: &KindDef) -> bool {
    def.is_namespaced() || def.field_labels == FieldLabels::MetadataOnly
}
