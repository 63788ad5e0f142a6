//! `MutatingAdmissionWebhook` and `ValidatingAdmissionWebhook`: programs outside this server that are called for writes.

mod audit;
mod call;
mod configurations;
mod matching;
mod patch;
pub(super) mod request;
mod services;

use futures_util::{StreamExt, stream::FuturesUnordered};

use self::{
    call::{CallError, ask},
    configurations::Configurations,
    matching::invocation,
};
use super::{Admission, Attributes, Review, Verdict};
use crate::{
    kinds::admission::{mutating_webhook_configuration, validating_webhook_configuration},
    object::status::Result,
    store::Store,
    verbs::Api,
};
pub(in crate::verbs) use services::StoreServices;

/// The plugin that lets webhooks change what is written, one after the other.
pub struct MutatingWebhooks(Configurations);

/// The plugin that lets webhooks refuse what is written, all at once.
pub struct ValidatingWebhooks(Configurations);

impl MutatingWebhooks {
    /// Follows the configurations in this store.
    pub fn new(store: Store) -> Self {
        Self(Configurations::new(store, &mutating_webhook_configuration::DEF))
    }

    async fn call(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let plugin = self.name();
        review.reinvocation.start(plugin, review.object.as_deref());
        for (index, hook) in self.0.current().iter().enumerate() {
            let Some(kind) = invocation(api, hook, review)? else { continue };
            if !review.reinvocation.calls(plugin, &hook.id) {
                continue;
            }
            let mut outcome = ask(api, hook, &kind, review, true).await;
            if let Ok(response) = &mut outcome {
                review.warnings.append(&mut response.warnings);
            }
            let changed = match outcome {
                Ok(response) => patch::apply(hook, &kind, review, &response).await,
                Err(error) => Err(error),
            };
            let is_changed = changed.as_ref().is_ok_and(|changed| *changed);
            audit::mutation(review, hook, index, is_changed);
            if is_changed {
                review.reinvocation.changed(plugin);
            }
            if hook.reinvocable {
                review.reinvocation.called(plugin, &hook.id);
            }
            match changed {
                Err(CallError::Failed(_)) if hook.ignores_failure => audit::mutation_failed_open(review, hook, index),
                other => drop(other.map_err(|error| error.into_status(hook))?),
            }
        }
        review.reinvocation.finish(plugin, review.object.as_deref());
        Ok(())
    }
}

impl Admission for MutatingWebhooks {
    fn name(&self) -> &'static str {
        "MutatingAdmissionWebhook"
    }

    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        self.0.concern(attributes)
    }

    fn mutate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(self.call(api, review))
    }
}

impl ValidatingWebhooks {
    /// Follows the configurations in this store.
    pub fn new(store: Store) -> Self {
        Self(Configurations::new(store, &validating_webhook_configuration::DEF))
    }

    /// All are called, whatever the others say; of several refusals the first to come counts.
    async fn call(&self, api: &Api, review: &mut Review<'_>) -> Result<()> {
        let hooks = self.0.current();
        let mut warnings = Vec::new();
        let mut refusal = None;
        {
            let review = &*review;
            let mut calls = FuturesUnordered::new();
            for hook in hooks.iter() {
                if let Some(kind) = invocation(api, hook, review)? {
                    let index = calls.len();
                    calls.push(async move { (index, hook, ask(api, hook, &kind, review, false).await) });
                }
            }
            while let Some((index, hook, outcome)) = calls.next().await {
                match outcome {
                    Ok(response) => warnings.extend(response.warnings),
                    Err(CallError::Failed(_)) if hook.ignores_failure => {
                        audit::validation_failed_open(review, hook, index)
                    }
                    Err(error) => drop(refusal.get_or_insert_with(|| error.into_status(hook))),
                }
            }
        }
        review.warnings.append(&mut warnings);
        refusal.map_or(Ok(()), Err)
    }
}

impl Admission for ValidatingWebhooks {
    fn name(&self) -> &'static str {
        "ValidatingAdmissionWebhook"
    }

    fn validates(&self, attributes: &Attributes<'_>) -> bool {
        self.0.concern(attributes)
    }

    fn validate<'a, 'r: 'a>(&'a self, api: &'a Api, review: &'a mut Review<'r>) -> Verdict<'a> {
        Box::pin(self.call(api, review))
    }
}
