//! The pool for long work: what it refuses, and when work in it ends.

use std::{future::pending, sync::Arc, time::Duration};

use kubedouble::http::pool::Pool;
use tokio::sync::{mpsc, oneshot};

#[tokio::test(start_paused = true)]
async fn work_that_takes_too_long_is_given_up() {
    let status = Pool::default().run(pending::<()>()).await.expect_err("it never ends");
    assert_eq!(
        (status.code, status.message.as_str()),
        (504, "Timeout: request did not complete within the allotted timeout")
    );
}

#[tokio::test]
async fn work_ends_when_nobody_waits_for_it() {
    let pool = Pool::default();
    let (alive, mut ended) = mpsc::channel::<()>(1);
    let (begin, begun) = oneshot::channel();
    let work = async move {
        let _alive = alive;
        begin.send(()).expect("the test waits");
        pending::<()>().await
    };
    tokio::select! {
        _ = pool.run(work) => panic!("it never ends"),
        _ = begun => {}
    }
    assert_eq!(ended.recv().await, None, "the work is dropped");
}

#[tokio::test]
async fn too_much_work_is_refused() {
    let pool = Arc::new(Pool::default());
    let mut waiting = Vec::new();
    let refused = loop {
        let task = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(pending::<()>()).await }
        });
        tokio::task::yield_now().await;
        if task.is_finished() {
            break task.await.expect("no panic").expect_err("nothing but a refusal ends");
        }
        waiting.push(task);
        assert!(waiting.len() < 1000, "the queue has a limit");
    };
    assert_eq!(refused.code, 429);
    assert_eq!(refused.details.as_ref().map(|details| details.retry_after_seconds), Some(1));
    waiting.iter().for_each(|task| task.abort());
    // What is aborted gives its place back.
    let mut tries = 0;
    while pool.run(async {}).await.is_err() {
        tries += 1;
        assert!(tries < 1000, "places come back");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
