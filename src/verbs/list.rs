//! GET of a collection: consistent, selected, in pages.

use std::sync::Arc;

use super::{
    Api, ListOptions, Page, Target,
    get::parse_revision,
    read::{continuation::Continuation, selection::Selection},
};
use crate::{
    kinds::Verb,
    object::{FieldError, FieldErrors, Path, Revision, Status, status::Result},
    store::{self, Snapshot, Stored},
};

const CONTINUE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
const LIST_EXPIRED: &str = "The resourceVersion for the provided list is too old.";

impl Api {
    /// Lists a collection, or one page of it.
    pub async fn list(&self, target: &Target, options: &ListOptions) -> Result<Page> {
        if !target.def.allows(Verb::List) {
            return Err(Status::method_not_allowed());
        }
        let errors = validate_list(options);
        if !errors.is_empty() {
            return Err(Status::invalid_named("meta.k8s.io", "ListOptions", "", &errors));
        }
        let selection = Selection::parse(target, options)?;
        let (snapshot, start) = self.list_snapshot(options).await?;
        // A list from any cached state is given whole.
        let cached = options.resource_version == "0" && options.resource_version_match != "Exact";
        let limit = if cached { 0 } else { options.limit };
        self.page(&snapshot, target, start.as_deref(), limit, &selection).await
    }

    /// The state to list, and where in it to begin.
    async fn list_snapshot(&self, options: &ListOptions) -> Result<(Snapshot, Option<String>)> {
        if !options.continue_token.is_empty() {
            if !matches!(options.resource_version.as_str(), "" | "0") {
                let text = "specifying resource version is not allowed when using continue";
                return Err(Status::bad_request(text));
            }
            return self.continued_snapshot(&options.continue_token).await;
        }
        let asked = parse_revision(&options.resource_version)
            .map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?;
        self.wait_for(asked).await?;
        let legacy_exact = options.resource_version_match.is_empty() && options.limit > 0;
        let exact = asked.0 > 0 && (options.resource_version_match == "Exact" || legacy_exact);
        if !exact {
            return Ok((self.0.store.snapshot(), None));
        }
        match self.0.store.snapshot_at(asked) {
            Ok(snapshot) => Ok((snapshot, None)),
            Err(store::Error::Compacted { .. }) => Err(Status::expired(LIST_EXPIRED)),
            Err(error) => Err(Status::internal(error)),
        }
    }

    async fn page(
        &self,
        snapshot: &Snapshot,
        target: &Target,
        start: Option<&str>,
        limit: usize,
        selection: &Selection,
    ) -> Result<Page> {
        let (revision, prefix) = (snapshot.revision(), target.prefix());
        let mut items: Vec<Arc<Stored>> = Vec::new();
        let mut rest = snapshot.range(&prefix, start).filter(|(key, _)| selection.may_match(key));
        while let Some((key, stored)) = rest.next() {
            let object = self.seen(&target.def, stored).await?;
            if !selection.matches(key, &object) {
                continue;
            }
            items.push(object);
            if limit == 0 || items.len() < limit {
                continue;
            }
            // Whether what follows would be selected is for the next page to find out.
            let is_everything = selection.is_everything();
            let more = if is_everything { rest.count() } else { usize::from(rest.next().is_some()) };
            if more > 0 {
                let after = key.after(&prefix).unwrap_or_default();
                let continue_token = Continuation::after(after, Some(revision.0)).encode();
                let remaining = is_everything.then_some(more as u64);
                return Ok(Page { items, revision, continue_token, remaining });
            }
            break;
        }
        Ok(Page { items, revision, continue_token: String::new(), remaining: None })
    }

    async fn continued_snapshot(&self, token: &str) -> Result<(Snapshot, Option<String>)> {
        let next = Continuation::decode(token)?;
        let Some(revision) = next.revision else {
            return Ok((self.0.store.snapshot(), Some(next.start)));
        };
        self.wait_for(Revision(revision)).await?;
        match self.0.store.snapshot_at(Revision(revision)) {
            Ok(snapshot) => Ok((snapshot, Some(next.start))),
            Err(store::Error::Compacted { .. }) => {
                let mut status = Status::expired(CONTINUE_EXPIRED);
                status.continue_token = Continuation { revision: None, start: next.start }.encode();
                Err(status)
            }
            Err(error) => Err(Status::internal(error)),
        }
    }
}

fn validate_list(options: &ListOptions) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let path = Path::new("resourceVersionMatch");
    let wanted = options.resource_version_match.as_str();
    if options.send_initial_events.is_some() {
        let text = "sendInitialEvents is forbidden for list";
        errors.push(FieldError::forbidden(&Path::new("sendInitialEvents"), text));
    }
    if wanted.is_empty() {
        return errors;
    }
    if options.resource_version.is_empty() {
        let text = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        errors.push(FieldError::forbidden(&path, text));
    }
    if !options.continue_token.is_empty() {
        errors.push(FieldError::forbidden(&path, "resourceVersionMatch is forbidden when continue is provided"));
    }
    if wanted != "Exact" && wanted != "NotOlderThan" {
        errors.push(FieldError::not_supported(&path, wanted, &["Exact", "NotOlderThan", ""]));
    }
    if wanted == "Exact" && options.resource_version == "0" {
        let text = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        errors.push(FieldError::forbidden(&path, text));
    }
    errors
}
