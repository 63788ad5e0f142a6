//! Deletes the instances of a definition that is being deleted, and then lets the definition go.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

use super::status::{MANAGER, write_status};
use crate::{
    kinds::{
        Kind,
        apiextensions::{
            conditions::{self, Condition, DELETION_COMPLETED, DELETION_IN_PROGRESS, NEVER_ESTABLISHED},
            custom::CustomKinds,
            custom_resource_definition::DEF,
            naming,
        },
    },
    object::{Reason, meta, status::Result},
    verbs::{Api, Caller, DeleteOptions, ListOptions, Target, view},
};

/// Delay before another attempt.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// The definitions that are being deleted.
pub struct Finalizers {
    api: Api,
    running: HashMap<String, AbortOnDropHandle<()>>,
}

impl Finalizers {
    /// None yet.
    pub fn new(api: Api) -> Self {
        Self { api, running: HashMap::new() }
    }

    /// Begins to delete the instances of a definition if it is being deleted.
    pub fn update(&mut self, definition: &Value, kinds: Option<Arc<CustomKinds>>) {
        let name = meta::name(definition);
        let is_waiting = meta::is_deleting(definition) && meta::finalizers(definition).contains(&naming::FINALIZER);
        if !is_waiting || self.running.contains_key(name) {
            return;
        }
        let (api, target) = (self.api.clone(), name.to_owned());
        let task = async move {
            while let Err(error) = finalize(&api, &target, kinds.as_deref()).await {
                if error.reason == Reason::NotFound {
                    return;
                }
                if error.reason != Reason::Conflict {
                    tracing::warn!(name = target, %error, "cannot delete the instances of a definition, will be retried");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
        };
        self.running.insert(name.to_owned(), AbortOnDropHandle::new(tokio::spawn(task)));
    }

    /// The definition is gone.
    pub fn forget(&mut self, name: &str) {
        // Its last work is to look for instances that came in while it went.
        if let Some(task) = self.running.remove(name) {
            drop(task.detach());
        }
    }
}

async fn finalize(api: &Api, name: &str, kinds: Option<&CustomKinds>) -> Result<()> {
    set(api, name, &DELETION_IN_PROGRESS, false).await?;
    match kinds {
        None => set(api, name, &NEVER_ESTABLISHED, true).await,
        Some(kinds) => {
            delete_instances(api, &kinds.stored).await?;
            set(api, name, &DELETION_COMPLETED, true).await?;
            sweep(api, &kinds.stored).await
        }
    }
}

/// Sets a condition, and takes away the finalizer if that is the end.
async fn set(api: &Api, name: &str, condition: &Condition, is_last: bool) -> Result<()> {
    let mut definition = api.get(&Target::new(&DEF, "", name), None, "").await?.into_value(&DEF);
    if conditions::says(&definition, condition) && !is_last {
        return Ok(());
    }
    conditions::set(&mut definition, condition, api.now());
    if is_last {
        naming::remove_finalizer(&mut definition);
    }
    write_status(api, definition).await?;
    Ok(())
}

/// Deletes all instances and waits until they are gone.
async fn delete_instances(api: &Api, kind: &Kind) -> Result<()> {
    sweep(api, kind).await?;
    let everything = Target::new(kind, "", "");
    loop {
        let page = api.list(&everything, &ListOptions::default()).await?;
        if page.items.is_empty() {
            return Ok(());
        }
        let options = ListOptions { resource_version: page.revision.to_string(), ..ListOptions::default() };
        // An instance that has a finalizer goes when somebody takes it away.
        api.watch(&everything, &options).await?.next().await;
    }
}

async fn sweep(api: &Api, kind: &Kind) -> Result<()> {
    let page = api.list(&Target::new(kind, "", ""), &ListOptions::default()).await?;
    let options = DeleteOptions::new(Caller::internal(MANAGER));
    for stored in &page.items {
        let object = view(kind, stored);
        let target = Target::new(kind, meta::namespace(&object), meta::name(&object));
        match api.delete(&target, &options).await {
            Err(status) if status.reason != Reason::NotFound => return Err(status),
            _ => {}
        }
    }
    Ok(())
}
