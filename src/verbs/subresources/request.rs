//! POST to a subresource: a request about an object, such as to evict a pod or to issue a token.

use serde_json::{Value, json};

use crate::{
    kinds::{Behaviour, EditRequest, IssueRequest, Subresource, model::subresource::check_subject},
    object::{Status, meta, status::Result},
    verbs::{
        Answer, Api, DeleteOptions, Target, WriteOptions, Written,
        access::Requester,
        admission::{Attributes, Operation, Review},
        write::{Edit, Write, edit::match_namespace},
    },
    wire::{self, DecodedObject},
};

impl Api {
    /// Does what a request to a subresource asks for.
    pub async fn create_subresource(
        &self,
        target: &Target,
        sub: &Subresource,
        body: DecodedObject,
        options: &WriteOptions,
    ) -> Result<Written> {
        let DecodedObject { value: mut request, warnings } = body;
        match_namespace(&mut request, target)?;
        let answer = match &sub.behaviour {
            Behaviour::Edit(handler) => {
                check_subject(&sub.gvk.kind, target.name(), &request)?;
                self.edit_by_request(target, sub, &**handler, request, options).await?
            }
            Behaviour::Issue(handler) => self.issue(target, sub, &**handler, request, options)?,
            Behaviour::Connect { .. } => self.get(target, Some(sub), "").await?,
            Behaviour::Part(_) | Behaviour::Form(_) => return Err(Status::method_not_allowed()),
        };
        Ok(Written { answer, created: true, warnings })
    }

    async fn edit_by_request(
        &self,
        target: &Target,
        sub: &Subresource,
        handler: &dyn EditRequest,
        mut request: Value,
        options: &WriteOptions,
    ) -> Result<Answer> {
        let WriteOptions { caller, dry_run, .. } = options;
        let operation = Operation::Create;
        let attributes = Attributes { operation, target, sub: Some(sub), caller, dry_run: *dry_run };
        let chain = self.admission();
        let mut review = Review::new(attributes, Some(&mut request), None);
        chain.mutate(self, &mut review).await?;
        chain.validate(self, &mut review).await?;
        let now = self.now();
        let edit = |current: &Value| {
            let mut object = current.clone();
            handler.edit(&mut object, &request, now)?;
            Ok((object, Vec::new()))
        };
        Write { api: self, target, sub: Some(sub), options }.run(&Edit::Direct(&edit)).await?;
        if let Some(asked) = handler.deletion(&request) {
            self.delete(target, &delete_options(asked, options)).await?;
        }
        let done = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(Answer::Value(done))
    }

    fn issue(
        &self,
        target: &Target,
        sub: &Subresource,
        handler: &dyn IssueRequest,
        mut request: Value,
        options: &WriteOptions,
    ) -> Result<Answer> {
        let schema = sub.schema()?;
        handler.default(&mut request);
        self.own_request(sub, &mut request, options)?;
        handler.check_name(target.name(), &request)?;
        let object = self.view_of(target)?;
        handler.issue(&mut request, &object, &Requester { api: self, user: &options.caller.user })?;
        let mut answer = json!({"kind": sub.gvk.kind, "apiVersion": sub.gvk.api_version()});
        let request = wire::normalise(request, &schema);
        if let (Some(members), Value::Object(rest)) = (answer.as_object_mut(), request) {
            members.extend(rest.into_iter().filter(|(name, _)| name != "kind" && name != "apiVersion"));
        }
        Ok(Answer::Value(answer))
    }
}

/// `DeleteOptions` as a request carries them.
fn delete_options(asked: &Value, options: &WriteOptions) -> DeleteOptions {
    let text = |path: &[&str]| meta::at(asked, path).and_then(Value::as_str).map(str::to_owned);
    let mut delete = DeleteOptions::new(options.caller.clone());
    delete.dry_run = options.dry_run;
    delete.grace_period_seconds = asked.get("gracePeriodSeconds").and_then(Value::as_i64);
    delete.propagation_policy = text(&["propagationPolicy"]);
    delete.preconditions.uid = text(&["preconditions", "uid"]);
    delete.preconditions.resource_version = text(&["preconditions", "resourceVersion"]);
    delete
}
