//! Runs the controllers: watch → keys → queue → reconcile → retry, written once for all of them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{CONTROLLERS, Controller, informer::Informers, queue::Queue};
use crate::{kinds::KindDef, object::Reason, verbs::Api};

/// Keys that one controller works on at the same time.
const WORKERS: usize = 5;

/// The running controllers. Dropping it stops them.
pub struct Runner {
    _tasks: JoinSet<()>,
}

/// Starts every controller.
pub fn start(api: &Api) -> Runner {
    let mut tasks = JoinSet::new();
    let world = Arc::new(Informers::new(api.clone(), followed()));
    let running: Arc<Vec<(&'static dyn Controller, Queue)>> =
        Arc::new(CONTROLLERS.iter().map(|controller| (*controller, Queue::default())).collect());
    for def in world.kinds() {
        let (world, running) = (world.clone(), running.clone());
        tasks.spawn(async move { follow(def, &world, &running).await });
    }
    for (controller, queue) in running.iter() {
        for _ in 0..WORKERS {
            let (world, controller, queue) = (world.clone(), *controller, queue.clone());
            tasks.spawn(async move { work(controller, &queue, &world).await });
        }
    }
    Runner { _tasks: tasks }
}

fn followed() -> Vec<&'static KindDef> {
    let mut kinds: Vec<&'static KindDef> = Vec::new();
    for def in CONTROLLERS.iter().flat_map(|controller| controller.follows()) {
        if !kinds.iter().any(|known| known.gvk == def.gvk) {
            kinds.push(def);
        }
    }
    kinds
}

async fn follow(def: &'static KindDef, world: &Informers, running: &[(&'static dyn Controller, Queue)]) {
    let interested: Vec<_> = running.iter().filter(|(c, _)| c.follows().iter().any(|d| d.gvk == def.gvk)).collect();
    world
        .follow(def, |change| {
            for (controller, queue) in &interested {
                for key in controller.keys(def, change.old.as_deref(), change.new.as_deref(), world) {
                    queue.add(key);
                }
            }
        })
        .await;
}

async fn work(controller: &'static dyn Controller, queue: &Queue, world: &Informers) {
    loop {
        let key = queue.take().await;
        let outcome = controller.reconcile(&key, world).await;
        if let Err(status) = &outcome {
            // Losing a race is part of the work; anything else is worth a line.
            if status.reason == Reason::Conflict || status.reason == Reason::AlreadyExists {
                tracing::debug!(controller = controller.name(), key, error = %status, "will try again");
            } else {
                tracing::warn!(controller = controller.name(), key, error = %status, "will try again");
            }
        }
        queue.done(&key, outcome.is_ok());
    }
}
