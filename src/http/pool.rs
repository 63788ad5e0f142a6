//! The pool for long work: threads of their own, so that the threads that serve sockets never wait behind it.
//!
//! What decodes, merges, validates or converts much is run here. A request whose client leaves is taken out at its next
//! point of waiting, and so is one that takes too long.

use std::{sync::OnceLock, thread, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use crate::object::{Reason, Status, status::Result};

/// Work on more bytes than this is long.
pub const LONG: usize = 64 * 1024;
/// Requests that may wait for the pool or run in it. Their bodies are the memory that the queue can take: see
/// [`super::request::body::BODY_MAX`].
const REQUESTS_MAX: usize = 64;
/// How long a request may wait and run, as in kube-apiserver.
const DEADLINE: Duration = Duration::from_secs(60);
/// How much the threads give way to those that serve sockets.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The pool. Its threads start with the first work.
pub struct Pool {
    runtime: OnceLock<Option<Runtime>>,
    places: Semaphore,
}

impl Default for Pool {
    /// A pool without threads.
    fn default() -> Self {
        Self { runtime: OnceLock::new(), places: Semaphore::new(REQUESTS_MAX) }
    }
}

impl Pool {
    /// Runs work to its end: 429 if too much is waiting already, 504 if it takes too long.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let Ok(_place) = self.places.try_acquire() else {
            let text = "too many requests, please try again later";
            return Err(Status::new(Reason::TooManyRequests, text).retry_after(1));
        };
        let runtime = self.runtime.get_or_init(start).as_ref();
        let runtime = runtime.ok_or_else(|| Status::internal("there are no threads for long work"))?;
        // Dropped with this future, when the client leaves.
        let task = AbortOnDropHandle::new(runtime.spawn(work));
        match timeout(DEADLINE, task).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(Status::internal(error)),
            Err(_) => {
                let text = "Timeout: request did not complete within the allotted timeout";
                Err(Status::new(Reason::Timeout, text).empty_details())
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // What still runs belongs to nobody any more; nothing waits for it.
        if let Some(runtime) = self.runtime.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

/// One thread fewer than there are cores, so that one is left for small requests.
fn start() -> Option<Runtime> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads((cores - 1).max(1)).thread_name("long-work").enable_time().on_thread_start(give_way);
    builder.build().inspect_err(|error| tracing::error!(%error, "cannot start the threads for long work")).ok()
}

#[cfg(target_os = "linux")]
fn give_way() {
    // On Linux a thread has a priority of its own, under its thread's id.
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::debug!(%error, "long work keeps its priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}
