//! Runs the controllers: change → keys → queue → reconcile → retry, written once for all of them, and lets tests wait
//! for them, hold them and step them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use super::queue::Queue;
use crate::{
    controllers::{CONTROLLERS, Controller, Options},
    world::informer::Informers,
};
use crate::{object::Reason, verbs::Api};

/// Keys that one controller works on at the same time.
const WORKERS: usize = 5;
/// Work on a key that took this long is followed by a rest, if its controller rests.
const REST_FROM: Duration = Duration::from_millis(25);
/// How many times as long as the work the rest is.
const REST_FACTOR: u32 = 3;
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(1);
/// How often it is looked whether all work is done.
const SETTLED_INTERVAL: Duration = Duration::from_millis(1);
/// How many keys of one controller are named as left to do.
const NAMED_MAX: usize = 20;

/// The running controllers. Dropping it stops them.
pub struct Runner {
    handle: Handle,
    _tasks: JoinSet<()>,
}

/// What steers running controllers. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    world: Arc<Informers>,
    running: Arc<Vec<Running>>,
}

/// Keys that controllers still have to work on, by the controller's name; of many, the first few.
pub type Unsettled = BTreeMap<&'static str, BTreeSet<String>>;

/// A controller and its work.
struct Running {
    controller: Box<dyn Controller>,
    queue: Queue,
}

/// Starts the controllers that every server has, and those that the options ask for.
pub fn start(api: &Api, options: &Options) -> Runner {
    let mut tasks = JoinSet::new();
    let world = Arc::new(Informers::new(api.clone()));
    let controllers = CONTROLLERS.iter().map(|build| build()).chain(options.controllers());
    let running = controllers.map(|controller| {
        let queue = Queue::default();
        controller.attach(&queue);
        Running { controller, queue }
    });
    let running: Arc<Vec<Running>> = Arc::new(running.collect());
    let (view, all) = (world.clone(), running.clone());
    tasks.spawn(async move { follow(&view, &all).await });
    for index in 0..running.len() {
        for _ in 0..WORKERS {
            let (world, running) = (world.clone(), running.clone());
            tasks.spawn(async move { work(&running[index], &world).await });
        }
    }
    Runner { handle: Handle { world, running }, _tasks: tasks }
}

impl Runner {
    /// What steers the controllers.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Handle {
    /// The names of the controllers.
    pub fn names(&self) -> Vec<&'static str> {
        self.running.iter().map(|running| running.controller.name()).collect()
    }

    /// Waits until everything that has happened is worked off. After the timeout the answer is what is left to do; what
    /// is held back, and what keeps failing, is left out, since waiting does not help there.
    pub async fn settled(&self, timeout: Duration) -> Result<(), Unsettled> {
        let deadline = Instant::now() + timeout;
        loop {
            let revision = self.world.api.revision();
            let caught_up = timeout_at(deadline, self.world.catch_up()).await.is_ok();
            let unsettled = self.unsettled();
            if caught_up && unsettled.is_empty() && self.world.api.revision() == revision {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(unsettled);
            }
            sleep(SETTLED_INTERVAL).await;
        }
    }

    /// Holds a controller back; its work piles up. Answers whether there is one of this name.
    pub fn pause(&self, name: &str) -> bool {
        self.find(name).map(|running| running.queue.pause()).is_some()
    }

    /// Lets a controller work again. Answers whether there is one of this name.
    pub fn resume(&self, name: &str) -> bool {
        self.find(name).map(|running| running.queue.resume()).is_some()
    }

    /// Pauses a controller and lets it work on one key, if one waits; answers the key. `None` if there is no controller
    /// of this name.
    pub async fn step(&self, name: &str) -> Option<Option<String>> {
        let running = self.find(name)?;
        running.queue.pause();
        self.world.catch_up().await;
        Some(running.queue.step().await)
    }

    fn unsettled(&self) -> Unsettled {
        let working = self.running.iter().filter(|running| !running.queue.is_paused());
        let open = working.map(|running| (running.controller.name(), running.queue.open(NAMED_MAX)));
        open.filter(|(_, keys)| !keys.is_empty()).collect()
    }

    fn find(&self, name: &str) -> Option<&Running> {
        self.running.iter().find(|running| running.controller.name() == name)
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
        let started = Instant::now();
        let outcome = controller.reconcile(&key, world).await;
        if let Err(status) = &outcome {
            // Losing a race is part of the work; anything else is worth a line.
            if status.reason == Reason::Conflict || status.reason == Reason::AlreadyExists {
                tracing::debug!(controller = controller.name(), key, error = %status, "will try again");
            } else {
                tracing::warn!(controller = controller.name(), key, error = %status, "will try again");
            }
        }
        let took = started.elapsed();
        if took < REST_FROM || !controller.rests() {
            queue.done(&key, outcome.is_ok());
        } else {
            let queue = queue.clone();
            tokio::spawn(async move {
                sleep((took * REST_FACTOR).min(REST_MAX)).await;
                queue.done(&key, outcome.is_ok());
            });
        }
    }
}
