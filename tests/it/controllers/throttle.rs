//! Keys that a controller keeps writing for are slowed down; keys that come to rest, or that clients keep busy, are not.

use std::time::Duration;

use kubedouble::controllers::engine::throttle::{Throttle, Verdict};

#[test]
fn a_key_that_never_rests_is_slowed_down_more_and_more_and_named_once() {
    let throttle = Throttle::default();
    let verdicts: Vec<_> = (0..1000).map(|_| throttle.note("a", true, 0)).collect();
    assert_eq!(verdicts[100], Verdict::default());
    assert!(verdicts[300].delay > verdicts[200].delay);
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_newly_restless).count(), 1);
    assert_eq!(verdicts[999].delay, Duration::from_secs(30));
    assert_eq!(throttle.restless(), ["a"]);
    // In an hour there are some hundred writes, not some million.
    let hour: Duration = verdicts.iter().take(500).map(|verdict| verdict.delay).sum();
    assert!(hour > Duration::from_secs(3600), "{hour:?}");
}

#[test]
fn a_key_that_comes_to_rest_is_forgotten() {
    let throttle = Throttle::default();
    for _ in 0..1000 {
        throttle.note("a", true, 0);
    }
    assert_eq!(throttle.note("a", false, 0), Verdict::default());
    assert!(throttle.restless().is_empty());
    assert_eq!(throttle.note("a", true, 0), Verdict::default());
}

#[test]
fn what_clients_change_may_be_followed_at_once() {
    let throttle = Throttle::default();
    let verdicts = (0..100_000).map(|change| throttle.note("a", true, change));
    assert!(verdicts.into_iter().all(|verdict| verdict == Verdict::default()));
}
