//! What ends the process: a signal, or the end of the process that has started it.

use std::{io, time::Duration};

/// How often it is looked whether the parent is still there.
const PARENT_INTERVAL: Duration = Duration::from_millis(250);

/// Completes when the process is to stop.
pub async fn told_to_stop(with_parent: bool) -> io::Result<()> {
    tokio::select! {
        outcome = signal() => outcome,
        () = parent_ended(), if with_parent => {
            tracing::info!("the process that has started this one has ended");
            Ok(())
        }
    }
}

/// Completes when this process has been handed to another parent, since its own has ended.
#[cfg(unix)]
async fn parent_ended() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        tokio::time::sleep(PARENT_INTERVAL).await;
    }
}

#[cfg(not(unix))]
async fn parent_ended() {
    std::future::pending().await
}

#[cfg(unix)]
async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
