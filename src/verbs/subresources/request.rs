//! POST to a subresource: a request about an object, such as to evict a pod or to issue a token.

use serde_json::{Value, json};

use crate::{
    kinds::{
        Behaviour, EditRequest, IfChanged, IssueRequest, Kind, Permit, Subresource, model::subresource::check_subject,
    },
    object::{Reason, Status, meta, status::Result},
    verbs::{
        Answer, Api, DeleteOptions, Target, WriteOptions, Written,
        access::Requester,
        admission::{Attributes, Operation, RequestOptions, Review},
        delete::{Reviewed, check_preconditions, validate_options},
        read::stored,
        write::{
            CONFLICTS_MAX, Edit, Write,
            edit::{Successor, match_namespace},
        },
    },
    wire::{self, DecodedObject},
};

/// Under which name the server itself writes.
const SELF: &str = "kube-apiserver";

impl Api {
    /// Does what a request to a subresource asks for.
    pub async fn create_subresource(
        &self,
        target: &Target,
        sub: &Subresource,
        body: DecodedObject,
        options: &WriteOptions,
    ) -> Result<Written> {
        self.create_request(target, sub, body, options, create(target, Some(sub), options)).await
    }

    /// As [`Api::create_subresource`], for a request that admission may see as one for something else.
    pub(in crate::verbs) async fn create_request(
        &self,
        target: &Target,
        sub: &Subresource,
        body: DecodedObject,
        options: &WriteOptions,
        attributes: Attributes<'_>,
    ) -> Result<Written> {
        let DecodedObject { value: mut request, mut warnings } = body;
        match_namespace(&mut request, target)?;
        let answer = match &sub.behaviour {
            Behaviour::Edit(handler) => {
                check_subject(&sub.gvk.kind, target.name(), &request)?;
                self.own_request(sub, &mut request, options)?;
                self.review(attributes, &mut request, &mut warnings).await?;
                self.edit_by_request(target, sub, &**handler, request, options).await?
            }
            Behaviour::Issue(handler) => {
                handler.default(&mut request);
                self.own_request(sub, &mut request, options)?;
                self.review(attributes, &mut request, &mut warnings).await?;
                self.issue(target, sub, &**handler, request, options)?
            }
            Behaviour::Connect { .. } | Behaviour::Part(_) | Behaviour::Form(_) => {
                return Err(Status::method_not_allowed());
            }
        };
        Ok(Written { answer, created: true, warnings })
    }

    /// Admission of something that is not stored.
    pub(in crate::verbs) async fn review(
        &self,
        attributes: Attributes<'_>,
        object: &mut Value,
        warnings: &mut Vec<String>,
    ) -> Result<()> {
        let chain = self.admission();
        let mut review = Review::new(attributes, Some(object), None);
        let mut verdict = chain.mutate(self, &mut review).await;
        if verdict.is_ok() {
            verdict = chain.validate(self, &mut review).await;
        }
        warnings.append(&mut review.warnings);
        verdict.map_err(|status| status.with_warnings(warnings))
    }

    async fn edit_by_request(
        &self,
        target: &Target,
        sub: &Subresource,
        handler: &dyn EditRequest,
        request: Value,
        options: &WriteOptions,
    ) -> Result<Answer> {
        let deletion = handler.deletion(&request).map(|asked| delete_options(asked, options));
        let dry_run = options.dry_run || deletion.as_ref().is_some_and(|deletion| deletion.dry_run);
        let options = &WriteOptions { dry_run, ..options.clone() };
        let now = self.now();
        let edit = |current: &Value| {
            let mut object = current.clone();
            handler.edit(&mut object, &request, now)?;
            Ok((object, Vec::new()))
        };
        match deletion {
            Some(deletion) => self.delete_within_limits(target, handler, &deletion, &edit).await?,
            None => {
                Write { api: self, target, sub: Some(sub), options }.run(&Edit::Direct(&edit)).await?;
            }
        }
        let done = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
        Ok(Answer::Value(done))
    }

    /// Deletes what a request asks for if the objects that limit such requests allow it.
    async fn delete_within_limits(
        &self,
        target: &Target,
        handler: &dyn EditRequest,
        deletion: &DeleteOptions,
        edit: &Successor<'_>,
    ) -> Result<()> {
        validate_options(deletion)?;
        let limiting = handler.limited_by().map(|gvk| self.known_kind(&gvk)).transpose()?;
        for _ in 0..CONFLICTS_MAX {
            let object = self.view_of(target)?;
            let limits = limiting.as_ref().map(|kind| self.limits(kind, target)).unwrap_or_default();
            let Permit { charge, if_changed } = handler.permit(&object, limits, self.now())?;
            check_preconditions(&target.def, target.name(), &object, deletion)?;
            if let (Some(kind), Some(charge), false) = (&limiting, charge, deletion.dry_run)
                && !self.charge(kind, charge).await?
            {
                continue;
            }
            let mut deletion = deletion.clone();
            let is_free = deletion.preconditions.resource_version.is_none();
            if is_free && !matches!(if_changed, IfChanged::GoOn) {
                deletion.preconditions.resource_version = Some(meta::resource_version(&object).to_owned());
            }
            let Err(status) = self.edit_and_delete(target, Some(edit), &deletion, Reviewed::Before).await else {
                return Ok(());
            };
            match if_changed {
                IfChanged::AskAgain if is_free && status.reason == Reason::Conflict => {}
                IfChanged::Refuse(refusal) if is_free && status.reason == Reason::Conflict => return Err(refusal),
                _ => return Err(status),
            }
        }
        Err(Status::modified(&target.def.gvk.group, &target.def.plural, target.name()))
    }

    /// The objects of a kind in the target's namespace.
    fn limits(&self, kind: &Kind, target: &Target) -> Vec<Value> {
        let prefix = Target { def: kind.clone(), name: None, namespace: target.namespace.clone() }.prefix();
        self.0.store.snapshot().range(&prefix, None).map(|(_, limit)| stored::view(kind, limit)).collect()
    }

    /// Stores what a request makes of a limit's status; false if the limit has changed or gone meanwhile.
    async fn charge(&self, kind: &Kind, limit: Value) -> Result<bool> {
        let target = Target::new(kind, meta::namespace(&limit), meta::name(&limit));
        let options = WriteOptions::internal(SELF);
        let write = Write { api: self, target: &target, sub: kind.subresource("status"), options: &options };
        match write.run(&Edit::Replace(limit)).await {
            Ok(_) => Ok(true),
            Err(status) if [Reason::Conflict, Reason::NotFound].contains(&status.reason) => Ok(false),
            Err(status) => Err(status),
        }
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

/// A request that creates something.
pub(in crate::verbs) fn create<'a>(
    target: &'a Target,
    sub: Option<&'a Subresource>,
    options: &'a WriteOptions,
) -> Attributes<'a> {
    Attributes {
        operation: Operation::Create,
        target,
        sub,
        caller: &options.caller,
        dry_run: options.dry_run,
        options: RequestOptions::Write(options),
        is_collection: false,
    }
}

/// `DeleteOptions` as a request carries them.
fn delete_options(asked: &Value, options: &WriteOptions) -> DeleteOptions {
    let text = |path: &[&str]| meta::at(asked, path).and_then(Value::as_str).map(str::to_owned);
    let mut delete = DeleteOptions::new(options.caller.clone());
    delete.dry_run = options.dry_run || !meta::items(asked, &["dryRun"]).is_empty();
    delete.grace_period_seconds = asked.get("gracePeriodSeconds").and_then(Value::as_i64);
    delete.propagation_policy = text(&["propagationPolicy"]);
    delete.preconditions.uid = text(&["preconditions", "uid"]);
    delete.preconditions.resource_version = text(&["preconditions", "resourceVersion"]);
    delete
}
