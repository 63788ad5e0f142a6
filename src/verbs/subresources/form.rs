//! Subresources that show a form of their own of an object, such as its scale.

use serde_json::{Value, json};

use crate::{
    kinds::{Form, Subresource},
    object::{Reason, Status, meta, status::Result},
    schema::ObjectType,
    verbs::{
        Answer, Patch, Target, Written,
        patch::patched,
        read::stored,
        write::{Edit, Write, edit::foreign_uid},
    },
    wire,
};

/// An object in this form, with `kind` and `apiVersion`.
pub(in crate::verbs) fn of(sub: &Subresource, form: &dyn Form, object: &Value) -> Result<Value> {
    let schema = sub.schema()?;
    Ok(complete(sub, &schema, form.of(object)?))
}

/// As [`of`], as admission sees it: with its managers, who are those of a field of the object. One who comes to manage it
/// by this write does so from `now` on.
pub(in crate::verbs) fn reviewed(
    sub: &Subresource,
    form: &dyn Form,
    object: &Value,
    now: Option<String>,
) -> Result<Value> {
    let mut shown = of(sub, form, object)?;
    let field = form.managed();
    let pointer: String = field.iter().map(|name| format!("/f:{name}")).collect();
    let entries = meta::items(object, &["metadata", "managedFields"]).iter();
    let own = entries.filter(|entry| !field.is_empty() && entry["fieldsV1"].pointer(&pointer).is_some());
    let in_form = |entry: &Value| {
        let mut entry = entry.clone();
        entry["apiVersion"] = sub.gvk.api_version().into();
        entry["fieldsV1"] = json!({"f:spec": {"f:replicas": {}}});
        if let (Some(now), true) = (&now, entry["subresource"] == *sub.name && entry.get("time").is_none()) {
            entry["time"] = now.as_str().into();
        }
        entry
    };
    let own: Vec<Value> = own.map(in_form).collect();
    if !own.is_empty() {
        meta::metadata_mut(&mut shown).insert("managedFields".to_owned(), own.into());
    }
    Ok(shown)
}

impl Write<'_> {
    /// Replaces an object's form.
    pub(in crate::verbs) async fn replace_form(
        &self,
        sub: &Subresource,
        form: &dyn Form,
        new: &Value,
    ) -> Result<Written> {
        let edit = |current: &Value| Ok((changed(self.target, form, current, new, self.options.dry_run)?, Vec::new()));
        self.in_form(sub, form, self.run(&Edit::Change(&edit)).await?)
    }

    /// Patches an object's form.
    pub(in crate::verbs) async fn patch_form(
        &self,
        sub: &Subresource,
        form: &dyn Form,
        patch: &Patch,
    ) -> Result<Written> {
        let schema = sub.schema()?;
        let edit = |current: &Value| {
            let shown = complete(sub, &schema, form.before(current)?);
            let (new, warnings) = patched(&sub.gvk, &schema, &shown, patch, self.options.validation)?;
            match changed(self.target, form, current, &new, self.options.dry_run) {
                Ok(object) => Ok((object, warnings)),
                Err(status) => Err(status.with_warnings(&warnings)),
            }
        };
        self.in_form(sub, form, self.run(&Edit::Change(&edit)).await?)
    }

    /// Merges a configuration into an object's form.
    pub(in crate::verbs) async fn apply_form(
        &self,
        sub: &Subresource,
        form: &dyn Form,
        config: &Value,
    ) -> Result<Written> {
        let gvk = &self.target.def.gvk;
        let mut whole = json!({"apiVersion": gvk.api_version(), "kind": gvk.kind});
        whole["metadata"] = config.get("metadata").cloned().unwrap_or_default();
        if let (Some(members), Value::Object(part)) = (whole.as_object_mut(), form.configuration(config)?) {
            members.extend(part);
        }
        if self.target.def.is_custom {
            return Err(self.unapplied(sub, form, &whole).await?);
        }
        self.in_form(sub, form, self.run(&Edit::Apply(&whole)).await?)
    }

    /// Why a form of a custom kind is not applied: kube-apiserver finds conflicts, and then fails to convert the form.
    async fn unapplied(&self, sub: &Subresource, form: &dyn Form, whole: &Value) -> Result<Box<Status>> {
        let stored = self.api.0.store.get(&self.target.key()).ok_or_else(|| self.target.not_found())?;
        let live = stored::view(&self.target.def, &*self.api.seen(&self.target.def, &stored).await?);
        if let Err(status) = self.merge_applied(Some(&live), whole).await
            && status.reason == Reason::Conflict
        {
            return Ok(naming(form.field(), status));
        }
        let (name, gvk) = (self.target.name(), &sub.gvk);
        Ok(Status::untyped(format!(
            "failed to convert new object (/{name}; {gvk}) to proper version: request to convert CR to an invalid \
             group/version: {}",
            gvk.api_version()
        )))
    }

    fn in_form(&self, sub: &Subresource, form: &dyn Form, written: Written) -> Result<Written> {
        let object = written.answer.into_value(&self.target.def);
        Ok(Written { answer: Answer::Value(of(sub, form, &object)?), ..written })
    }
}

/// Conflicts about the field of an object, as conflicts about the field of its form.
fn naming(field: &str, mut status: Box<Status>) -> Box<Status> {
    let causes = status.details.iter_mut().flat_map(|details| &mut details.causes);
    for cause in causes {
        status.message = status.message.replace(&cause.field, field);
        field.clone_into(&mut cause.field);
    }
    status
}

/// The object with the change, the revision and the identity that its form asks for.
fn changed(target: &Target, form: &dyn Form, object: &Value, new: &Value, dry_run: bool) -> Result<Value> {
    let mut changed = object.clone();
    form.apply(&mut changed, new)?;
    let uid = meta::uid(new);
    if !uid.is_empty() && uid != meta::uid(object) {
        return Err(foreign_uid(target, uid, meta::uid(object), dry_run));
    }
    let version = match meta::resource_version(new) {
        "" => Value::Null,
        version => version.into(),
    };
    meta::set(meta::metadata_mut(&mut changed), "resourceVersion", version);
    Ok(changed)
}

fn complete(sub: &Subresource, schema: &ObjectType, value: Value) -> Value {
    let mut whole = json!({"kind": sub.gvk.kind, "apiVersion": sub.gvk.api_version()});
    if let (Some(members), Value::Object(rest)) = (whole.as_object_mut(), wire::normalise(value, schema)) {
        members.extend(rest);
    }
    whole
}
