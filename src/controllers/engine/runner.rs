//! Runs the controllers: change → keys → work queue → reconcile → retry, written once for all of them, and lets tests
//! wait for them, pause them and step them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use super::{
    controller::{Context, Controller},
    options::Options,
    throttle::Throttle,
    workqueue::WorkQueue,
    writes,
};
use crate::{
    object::{Reason, Status},
    verbs::Api,
    world::informer::Informers,
};

/// Keys that one controller works on at the same time.
const WORKERS: usize = 5;
/// After work that took this long a key is left alone for a while, if its controller coalesces.
const REST_FROM: Duration = Duration::from_millis(25);
/// How many times as long as the work it is left alone.
const REST_FACTOR: u32 = 3;
/// The longest such time.
const REST_MAX: Duration = Duration::from_secs(1);
/// How often it is looked whether all work is done.
const SETTLED_INTERVAL: Duration = Duration::from_millis(1);
/// How many keys of one controller are named as left to do.
const NAMED_MAX: usize = 20;

/// The running controllers. Dropping it stops them.
pub struct Runner {
    handle: Handle,
    tasks: JoinSet<()>,
}

/// Access to running controllers. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    world: Arc<Informers>,
    running: Arc<Vec<Running>>,
}

/// Keys by the controller's name; of many, the first few.
pub type Keys = BTreeMap<&'static str, BTreeSet<String>>;

/// A controller and its work.
struct Running {
    controller: Box<dyn Controller>,
    queue: WorkQueue,
    throttle: Throttle,
    /// How many changes all controllers of the server have made.
    changes: Arc<AtomicU64>,
}

/// Starts the controllers that the options ask for.
pub fn start(api: &Api, options: &Options) -> Runner {
    start_all(api, options.controllers())
}

/// Starts these controllers.
pub fn start_all(api: &Api, controllers: Vec<Box<dyn Controller>>) -> Runner {
    let mut tasks = JoinSet::new();
    let world = Arc::new(Informers::new(api.clone()));
    let changes = Arc::new(AtomicU64::new(0));
    let running = controllers.into_iter().map(|controller| Running {
        controller,
        queue: WorkQueue::default(),
        throttle: Throttle::default(),
        changes: Arc::clone(&changes),
    });
    let running: Arc<Vec<Running>> = Arc::new(running.collect());
    let (informers, all) = (world.clone(), running.clone());
    tasks.spawn(async move { follow(&informers, &all).await });
    for index in 0..running.len() {
        for _ in 0..WORKERS {
            let (world, running) = (world.clone(), running.clone());
            tasks.spawn(async move { running[index].work(&world).await });
        }
    }
    Runner { handle: Handle { world, running }, tasks }
}

impl Runner {
    /// Access to the controllers.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Returns, with the reason, when one of the tasks has ended: from then on something in the cluster stands still.
    pub async fn ended(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Err(error)) => error.to_string(),
            Some(Ok(())) | None => "it returned".to_owned(),
        }
    }
}

impl Handle {
    /// The names of the controllers.
    pub fn names(&self) -> Vec<&'static str> {
        self.running.iter().map(|running| running.controller.name()).collect()
    }

    /// Waits until all work that follows from what has happened is done. After the timeout it returns what is left to do;
    /// the keys of paused controllers, and those that keep failing, are left out, since waiting does not help there.
    pub async fn settled(&self, timeout: Duration) -> Result<(), Keys> {
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

    /// Pauses a controller; its queue fills up. Returns whether there is one of this name.
    pub fn pause(&self, name: &str) -> bool {
        self.find(name).map(|running| running.queue.pause()).is_some()
    }

    /// Lets a controller work again. Returns whether there is one of this name.
    pub fn resume(&self, name: &str) -> bool {
        self.find(name).map(|running| running.queue.resume()).is_some()
    }

    /// Pauses a controller and lets it work on one key, if one waits; returns the key. `None` if there is no controller of
    /// this name.
    pub async fn step(&self, name: &str) -> Option<Option<String>> {
        let running = self.find(name)?;
        running.queue.pause();
        self.world.catch_up().await;
        Some(running.queue.step().await)
    }

    /// The keys that controllers keep writing for without coming to rest.
    pub fn restless(&self) -> Keys {
        let keys = self.running.iter().map(|running| (running.controller.name(), running.throttle.restless()));
        let found = keys.filter(|(_, keys)| !keys.is_empty());
        found.map(|(name, keys)| (name, keys.into_iter().take(NAMED_MAX).collect())).collect()
    }

    /// Of every controller, for how many keys it keeps writing without coming to rest.
    pub fn restless_counts(&self) -> Vec<(&'static str, usize)> {
        self.running.iter().map(|running| (running.controller.name(), running.throttle.restless().len())).collect()
    }

    fn unsettled(&self) -> Keys {
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
            for Running { controller, queue, .. } in running {
                controller.keys(&change, Context { world, queue }).into_iter().for_each(|key| queue.add(key));
            }
        })
        .await;
}

impl Running {
    async fn work(&self, world: &Informers) {
        let Self { controller, queue, .. } = self;
        loop {
            let key = queue.get().await;
            world.catch_up().await;
            let started = Instant::now();
            let (outcome, changes) = writes::counted(controller.reconcile(&key, Context { world, queue })).await;
            let took = started.elapsed();
            match outcome {
                Ok(()) => queue.forget(&key),
                Err(status) => {
                    self.log_failure(&key, &status);
                    queue.add_rate_limited(key.clone());
                }
            }
            let coalescing = if took >= REST_FROM && controller.coalesces() {
                (took * REST_FACTOR).min(REST_MAX)
            } else {
                Duration::ZERO
            };
            queue.done(&key, self.throttled(&key, changes, world).max(coalescing));
        }
    }

    /// How long the key has to rest because it was written for too often.
    fn throttled(&self, key: &str, changes: u64, world: &Informers) -> Duration {
        let by_controllers = self.changes.fetch_add(changes, Relaxed) + changes;
        let by_clients = world.changes().saturating_sub(by_controllers);
        let verdict = self.throttle.note(key, changes > 0, by_clients);
        if verdict.is_newly_restless {
            let controller = self.controller.name();
            tracing::warn!(controller, key, "keeps writing without coming to rest, and is slowed down");
        }
        verdict.delay
    }

    fn log_failure(&self, key: &str, error: &Status) {
        let controller = self.controller.name();
        // A lost race is part of the work; anything else is worth a line.
        if matches!(error.reason, Reason::Conflict | Reason::AlreadyExists) {
            tracing::debug!(controller, key, %error, "will be retried");
        } else {
            tracing::warn!(controller, key, %error, "will be retried");
        }
    }
}
