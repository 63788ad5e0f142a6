//! PATCH with an applied configuration: server-side apply.

use serde_json::{Map, Value};

use super::{
    Api, Patch, Target, Validation, WriteOptions, Written,
    write::{Edit, Write},
};
use crate::{
    kinds::{Behaviour, Subresource},
    object::{Status, status::Result},
    wire,
};

impl Api {
    /// Merges an applied configuration into an object or one of its subresources.
    pub(super) async fn apply(
        &self,
        target: &Target,
        sub: Option<&Subresource>,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Written> {
        let (config, warnings) = configuration(patch, options)?;
        let write = Write { api: self, target, sub, options };
        let written = match sub.map(|sub| (sub, &sub.behaviour)) {
            Some((sub, Behaviour::Form(form))) => write.apply_form(sub, &**form, &config).await,
            _ => write.run(&Edit::Apply(&config)).await,
        };
        match written {
            Ok(mut written) => {
                written.warnings.splice(0..0, warnings);
                Ok(written)
            }
            Err(status) => Err(status.with_warnings(&warnings)),
        }
    }
}

/// The configuration in an apply patch, which is YAML, of which JSON is a part; and what is to be warned about. What it
/// may contain is checked when it is merged.
fn configuration(patch: &Patch, options: &WriteOptions) -> Result<(Value, Vec<String>)> {
    let undecodable = |why: String| Status::bad_request(format!("error decoding YAML: {why}"));
    let document =
        wire::yaml::parse(&patch.body).map_err(|why| undecodable(format!("error converting YAML to JSON: {why}")))?;
    if options.validation == Validation::Strict && !document.duplicates.is_empty() {
        let why = format!("yaml: unmarshal errors:\n  {}", document.duplicates.join("\n  "));
        return Err(Status::bad_request(format!("error strict decoding YAML: error converting YAML to JSON: {why}")));
    }
    let go_kind = document.node.go_kind();
    let config = match document.node.into_value() {
        Value::Null => Value::Object(Map::new()),
        config @ Value::Object(_) => config,
        _ => {
            let why = format!("json: cannot unmarshal {go_kind} into Go value of type map[string]interface {{}}");
            return Err(undecodable(format!("error unmarshaling JSON: while decoding JSON: {why}")));
        }
    };
    let warnings = if options.validation == Validation::Warn { document.duplicates } else { Vec::new() };
    Ok((config, warnings))
}
