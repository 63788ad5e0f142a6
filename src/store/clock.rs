//! The clock: whoever needs the time is given one, so that a test can stop it and move it. Waiting goes by
//! `tokio::time`, which a test can stop and move, too.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A source of the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
pub fn system() -> Clock {
    Arc::new(Timestamp::now)
}

/// A clock that begins at this time and goes as tokio's does: with paused time it stands still.
pub fn of_tokio(start: Timestamp) -> Clock {
    let began = Instant::now();
    Arc::new(move || {
        let passed = SignedDuration::try_from(began.elapsed()).unwrap_or(SignedDuration::MAX);
        start.checked_add(passed).unwrap_or(Timestamp::MAX)
    })
}
