//! Runs the controllers: change → keys → queue → reconcile → retry, written once for all of them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{CONTROLLERS, Controller, informer::Informers, queue::Queue};
use crate::{object::Reason, verbs::Api};

/// Keys that one controller works on at the same time.
const WORKERS: usize = 5;

/// The running controllers. Dropping it stops them.
pub struct Runner {
    world: Arc<Informers>,
    running: Arc<Vec<Running>>,
    _tasks: JoinSet<()>,
}

/// A controller and its work.
struct Running {
    controller: Box<dyn Controller>,
    queue: Queue,
}

/// Starts every controller.
pub fn start(api: &Api) -> Runner {
    let mut tasks = JoinSet::new();
    let world = Arc::new(Informers::new(api.clone()));
    let build = |build: &fn() -> Box<dyn Controller>| Running { controller: build(), queue: Queue::default() };
    let running: Arc<Vec<Running>> = Arc::new(CONTROLLERS.iter().map(build).collect());
    let (view, all) = (world.clone(), running.clone());
    tasks.spawn(async move { follow(&view, &all).await });
    for index in 0..running.len() {
        for _ in 0..WORKERS {
            let (world, running) = (world.clone(), running.clone());
            tasks.spawn(async move { work(&running[index], &world).await });
        }
    }
    Runner { world, running, _tasks: tasks }
}

impl Runner {
    /// Returns once everything that has happened so far is worked off. What waits for a retry is left out.
    pub async fn settled(&self) {
        loop {
            let revision = self.world.api.revision();
            self.world.catch_up().await;
            for Running { queue, .. } in self.running.iter() {
                queue.idle().await;
            }
            let is_idle = |running: &Running| running.queue.is_idle();
            if self.world.api.revision() == revision && self.running.iter().all(is_idle) {
                return;
            }
        }
    }
}

async fn follow(world: &Informers, running: &[Running]) {
    world
        .follow(|change| {
            for Running { controller, queue } in running {
                controller.keys(&change, world).into_iter().for_each(|key| queue.add(key));
            }
        })
        .await;
}

async fn work(Running { controller, queue }: &Running, world: &Informers) {
    loop {
        let key = queue.take().await;
        world.catch_up().await;
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
