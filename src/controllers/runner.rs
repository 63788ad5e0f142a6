//! Runs the controllers: watch → keys → queue → reconcile → retry, written once for all of them, and lets tests wait for
//! them, hold them and step them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use super::{CONTROLLERS, Controller, Options, informer::Informers, queue::Queue};
use crate::{kinds::KindDef, object::Reason, verbs::Api};

/// Keys that one controller works on at the same time.
const WORKERS: usize = 5;
/// How often it is looked whether all work is done.
const SETTLED_INTERVAL: Duration = Duration::from_millis(1);

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

/// What is left to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unsettled {
    /// The keys that each controller has to work on.
    pub work: BTreeMap<&'static str, BTreeSet<String>>,
    /// The kinds of which controllers have not seen the newest state.
    pub behind: Vec<&'static str>,
}

struct Running {
    controller: Box<dyn Controller>,
    queue: Queue,
}

/// Starts the controllers that every server has, and those that the options ask for.
pub fn start(api: &Api, options: Options) -> Runner {
    let built_in = CONTROLLERS.iter().map(|controller| Box::new(*controller) as Box<dyn Controller>);
    let running = built_in.chain(options.controllers()).map(|controller| {
        let queue = Queue::default();
        controller.attach(&queue);
        Running { controller, queue }
    });
    let running: Arc<Vec<_>> = Arc::new(running.collect());
    let world = Arc::new(Informers::new(api.clone(), followed(&running)));
    let mut tasks = JoinSet::new();
    for def in world.kinds() {
        let (world, running) = (world.clone(), running.clone());
        tasks.spawn(async move { follow(def, &world, &running).await });
    }
    for place in 0..running.len() {
        for _ in 0..WORKERS {
            let (world, running) = (world.clone(), running.clone());
            tasks.spawn(async move { work(&running[place], &world).await });
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

    /// Waits until no controller has work and all have seen the newest state. After the timeout the answer is what is
    /// left to do.
    pub async fn settled(&self, timeout: Duration) -> Result<(), Unsettled> {
        let deadline = Instant::now() + timeout;
        loop {
            let unsettled = self.unsettled();
            match unsettled {
                None => return Ok(()),
                Some(unsettled) if Instant::now() >= deadline => return Err(unsettled),
                Some(_) => tokio::time::sleep(SETTLED_INTERVAL).await,
            }
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
        Some(running.queue.step().await)
    }

    /// What is left to do. Controllers that are held back are left out: they would never be done.
    fn unsettled(&self) -> Option<Unsettled> {
        // In this order: what a watch has brought is in the queues by the time that the queues are looked at.
        let revision = self.world.api.revision();
        let behind = self.world.behind();
        let working = self.running.iter().filter(|running| !running.queue.is_paused());
        let work: BTreeMap<_, _> = working
            .map(|running| (running.controller.name(), running.queue.open()))
            .filter(|(_, keys)| !keys.is_empty())
            .collect();
        let settled = behind.is_empty() && work.is_empty() && self.world.api.revision() == revision;
        (!settled).then_some(Unsettled { work, behind })
    }

    fn find(&self, name: &str) -> Option<&Running> {
        self.running.iter().find(|running| running.controller.name() == name)
    }
}

fn followed(running: &[Running]) -> Vec<&'static KindDef> {
    let mut kinds: Vec<&'static KindDef> = Vec::new();
    for def in running.iter().flat_map(|running| running.controller.follows()) {
        if !kinds.iter().any(|known| known.gvk == def.gvk) {
            kinds.push(def);
        }
    }
    kinds
}

async fn follow(def: &'static KindDef, world: &Informers, running: &[Running]) {
    let follows = |running: &&Running| running.controller.follows().iter().any(|followed| followed.gvk == def.gvk);
    let interested: Vec<_> = running.iter().filter(follows).collect();
    world
        .follow(def, |change| {
            for Running { controller, queue } in &interested {
                for key in controller.keys(def, change.old.as_deref(), change.new.as_deref(), world) {
                    queue.add(key);
                }
            }
        })
        .await;
}

async fn work(Running { controller, queue }: &Running, world: &Informers) {
    world.synced().await;
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
