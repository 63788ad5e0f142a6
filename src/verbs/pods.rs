//! What can be done to a pod besides reading and writing it: binding it to a node, and evicting it.

use serde_json::{Value, json};

use super::{Answer, Api, DeleteOptions, Target, WriteOptions, Written, create::match_namespace, update::Edit};
use crate::{
    kinds::{Action, Subresource, pod},
    object::{Status, meta, status::Result},
    wire::DecodedObject,
};

impl Api {
    /// POST to a subresource, or to `bindings`, which is the same as a pod's `binding`.
    pub async fn create_subresource(
        &self,
        target: &Target,
        sub: &Subresource,
        body: DecodedObject,
        options: &WriteOptions,
    ) -> Result<Written> {
        let DecodedObject { value: mut object, warnings } = body;
        match_namespace(&mut object, target)?;
        match sub.action {
            Action::Binding => self.bind(target, sub, &object, options).await?,
            Action::Eviction => self.evict(target, sub, &object, options).await?,
            Action::Token => return self.issue_token(target, sub, object, warnings, options),
            Action::NeedsNode => {
                self.get(target, Some(sub), "").await?;
            }
            Action::Status | Action::Finalize | Action::Scale | Action::Spec => {
                return Err(Status::method_not_allowed());
            }
        }
        let done = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(Written { answer: Answer::Value(done), created: true, warnings })
    }

    async fn bind(&self, target: &Target, sub: &Subresource, binding: &Value, options: &WriteOptions) -> Result<()> {
        match_subject(target, binding, "Binding")?;
        let now = self.now();
        let edit = |current: &Value| {
            let mut pod = current.clone();
            pod::bind(&mut pod, binding, now)?;
            Ok((pod, Vec::new()))
        };
        self.modify(target, Some(sub), &Edit::Change(&edit), options).await?;
        Ok(())
    }

    /// Marks the pod as evicted and deletes it, unless a disruption budget forbids it; none are kept here.
    async fn evict(&self, target: &Target, sub: &Subresource, eviction: &Value, options: &WriteOptions) -> Result<()> {
        match_subject(target, eviction, "Eviction")?;
        let now = self.now();
        let edit = |current: &Value| {
            let mut pod = current.clone();
            pod::mark_evicted(&mut pod, now);
            Ok((pod, Vec::new()))
        };
        self.modify(target, Some(sub), &Edit::Change(&edit), options).await?;
        let asked = |name: &str| meta::at(eviction, &["deleteOptions", name]);
        let text = |name: &str| asked(name).and_then(Value::as_str).map(str::to_owned);
        let mut delete = DeleteOptions::new(options.caller.clone());
        delete.dry_run = options.dry_run;
        delete.grace_period_seconds = asked("gracePeriodSeconds").and_then(Value::as_i64);
        delete.propagation_policy = text("propagationPolicy");
        if let Some(preconditions) = asked("preconditions") {
            let text = |name: &str| preconditions.get(name).and_then(Value::as_str).map(str::to_owned);
            delete.preconditions.uid = text("uid");
            delete.preconditions.resource_version = text("resourceVersion");
        }
        self.delete(target, &delete).await?;
        Ok(())
    }
}

/// The name in the body must be the pod's.
fn match_subject(target: &Target, body: &Value, kind: &str) -> Result<()> {
    match meta::name(body) {
        name if name == target.name() => Ok(()),
        _ => Err(Status::bad_request(format!("name in URL does not match name in {kind} object"))),
    }
}
