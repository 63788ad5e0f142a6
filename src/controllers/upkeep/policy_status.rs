//! The status of ValidatingAdmissionPolicies: warnings about expressions that do not fit the kinds which a policy is for.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    kinds::{
        Kind,
        admission::policy::{type_check, validating_admission_policy::DEF},
    },
    object::{Reason, meta, status::Result},
    verbs::{Patch, PatchKind, Target, WriteOptions},
    world::change::Change,
};

const NAME: &str = "validatingadmissionpolicy-status-controller";
/// The name under which a real cluster writes the status.
const MANAGER: &str = "validatingadmissionpolicy-status";

/// Checks each generation of a policy once.
pub struct PolicyStatusController;

impl Controller for PolicyStatusController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        let changed = change.newest().filter(|_| change.is(&DEF) && !change.is_removal());
        changed.map(|policy| meta::name(policy).to_owned()).into_iter().collect()
    }

    fn reconcile<'a>(&'a self, name: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let api = &world.api;
            let target = Target::new(&DEF, "", name);
            let policy = match api.get(&target, None, "").await {
                Ok(found) => found.into_value(&DEF),
                Err(status) if status.reason == Reason::NotFound => return Ok(()),
                Err(status) => return Err(status),
            };
            let generation = |path: &[&str]| meta::at(&policy, path).and_then(Value::as_i64).unwrap_or_default();
            let current = generation(&["metadata", "generation"]);
            if current <= generation(&["status", "observedGeneration"]) {
                return Ok(());
            }
            let served: Vec<Kind> = api.registry().kinds().iter().cloned().collect();
            let warnings = type_check::warnings(&policy, &served);
            let mut checking = json!({});
            if !warnings.is_empty() {
                checking["expressionWarnings"] = warnings.into();
            }
            let status = json!({
                "apiVersion": DEF.gvk.api_version(),
                "kind": DEF.gvk.kind,
                "metadata": {"name": name},
                "status": {"observedGeneration": current, "typeChecking": checking},
            });
            let patch = Patch { kind: PatchKind::Apply, body: Bytes::from(status.to_string()) };
            let options = WriteOptions { force: Some(true), ..WriteOptions::internal(MANAGER) };
            writes::patch(api, &target, "status", patch, &options).await?;
            Ok(())
        })
    }
}
