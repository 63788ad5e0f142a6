//! The clock by which a connection's headers must come: one timer for a connection's life instead of one for each of
//! its requests.
//!
//! A request's head is nearly always there when it is read, so its own timer would be made, entered and taken out for
//! nothing. Here the connection's alarm is set for the first head that has to be waited for, and moved on only when it
//! goes off too early for the head that is waited for by then.
//!
//! A connection on which a request has come may then be idle for longer, as Go's server has a timeout of its own for
//! idle connections.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// The timer of one connection.
pub struct HeaderTimer {
    alarm: Alarm,
    /// How much longer a connection may be idle than the first head may take.
    idle: Duration,
    /// The first head has been waited for.
    begun: AtomicBool,
}

impl HeaderTimer {
    /// A timer for heads that come within `first` on a new connection, and within `idle` after another request.
    pub fn new(first: Duration, idle: Duration) -> Self {
        Self { alarm: Alarm::default(), idle: idle.saturating_sub(first), begun: AtomicBool::new(false) }
    }
}

/// Shared by all waits of a connection, of which there is one at a time.
type Alarm = Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>;

struct Wait {
    alarm: Alarm,
    deadline: Instant,
}

impl Timer for HeaderTimer {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let deadline = if self.begun.swap(true, Relaxed) { deadline + self.idle } else { deadline };
        Box::pin(Wait { alarm: Arc::clone(&self.alarm), deadline })
    }
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(self.deadline.into())));
        loop {
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() >= self.deadline.into() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(self.deadline.into());
        }
    }
}
