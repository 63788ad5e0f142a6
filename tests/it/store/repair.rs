//! `kubedouble check`: whole files are left alone, and of damaged ones everything is kept that is provably whole.

use std::{collections::BTreeSet, fs};

use kubedouble::{
    object::Revision,
    store::{self, Data, Error, Options, Store, Transaction},
};
use rand::{RngExt, SeedableRng};

use super::support::{Bench, claim, copy_of, delete, key, put, services, text, tx, wal_of};

/// Some objects with claims; returns every state that one of them ever had.
async fn used(bench: &Bench) -> (Store, BTreeSet<String>) {
    let store = bench.open().await;
    let mut states = BTreeSet::new();
    for round in 0..5 {
        for name in 0..20 {
            let claims = vec![claim(round * 20 + name, "one")];
            let put = put(&format!("a/{name}"), &format!("{round} {}", "v".repeat(700)));
            let done = store.commit(Transaction { claims, ..tx([put]) }).await.expect("a commit");
            states.insert(text(&done.results[0]));
        }
    }
    store.commit(tx([delete("a/7")])).await.expect("a commit");
    (store, states)
}

#[tokio::test]
async fn a_whole_file_is_left_alone() {
    let bench = Bench::file();
    let (store, _) = used(&bench).await;
    assert!(matches!(store::check(bench.path()).await, Err(Error::Locked { .. })), "it is in use");
    let (_directory, crashed) = copy_of(bench.path());
    store.close().await;
    for file in [bench.path(), &crashed] {
        let files = [file.to_owned(), wal_of(file)];
        let before = files.each_ref().map(|file| fs::read(file).ok());
        let checked = store::check(file).await.expect("a whole file");
        assert_eq!((checked.entries, checked.claims, checked.revision), (101, 100, Revision(102)));
        assert!(before == files.each_ref().map(|file| fs::read(file).ok()));
        let left = fs::read_dir(file.parent().expect("a directory")).expect("a directory").count();
        assert_eq!(left, before.iter().flatten().count(), "nothing is left behind");
    }
    assert!(matches!(store::check(&bench.path().with_extension("none")).await, Err(Error::Open { .. })));
}

#[tokio::test]
async fn a_repair_keeps_all_but_what_is_damaged() {
    let bench = Bench::file();
    let (store, _) = used(&bench).await;
    store.close().await;
    let mut bytes = fs::read(bench.path()).expect("the file");
    let place = |bytes: &[u8], text: &str| bytes.windows(text.len()).position(|it| it == text.as_bytes()).expect(text);
    let row = place(&bytes, r#"{"revision":"90","value":"4 vv"#);
    bytes[row + 40] ^= 1;
    fs::write(bench.path(), &bytes).expect("the file");
    let wrong = "revision 90 of core/services/a/8 does not match its checksum";
    let error = store::check(bench.path()).await.expect_err("damage").to_string();
    assert!(error.contains(wrong), "{error}");

    let repaired = store::repair(bench.path()).await.expect("a repair");
    assert_eq!((repaired.objects, repaired.claims), (19, 100));
    assert!(repaired.lost.iter().any(|lost| lost == wrong), "{:?}", repaired.lost);
    assert!(fs::read(&repaired.damaged).expect("the damaged file") == bytes, "it is kept as it was");

    store::check(bench.path()).await.expect("a whole file");
    let store = bench.open().await;
    assert_eq!((store.oldest(), store.revision()), (Revision(102), Revision(102)));
    assert!(text(&store.get(&key("a/8")).expect("an older state")).contains(r#""revision":"70""#));
    assert!(text(&store.get(&key("a/9")).expect("the newest state")).contains(r#""revision":"91""#));
    assert!(store.get(&key("a/7")).is_none());
    assert_eq!(store.commit(tx([put("a/new", "x")])).await.expect("a commit").revision, Revision(103));
}

#[tokio::test]
async fn a_repair_says_what_a_missing_log_has_taken_along() {
    let mut bench = Bench::file();
    bench.options.durability = kubedouble::store::Durability::Full;
    let (_store, _) = used(&bench).await;
    let (_directory, copy) = copy_of(bench.path());
    fs::remove_file(wal_of(&copy)).expect("a file that is gone");
    let repaired = store::repair(&copy).await.expect("a repair");
    assert!(repaired.lost[0].contains("is missing"), "{:?}", repaired.lost);
    assert!(repaired.lost.iter().any(|lost| lost == "revisions 2 to 102 are missing"), "{:?}", repaired.lost);
    let store = Store::open(Options { data: Data::File(copy), ..bench.options.clone() }).await.expect("a store");
    assert_eq!(store.revision(), Revision(102), "revisions never go back");
}

#[tokio::test]
async fn what_a_repair_keeps_was_once_written() {
    let bench = Bench::file();
    let (store, states) = used(&bench).await;
    store.close().await;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let mut kept = 0;
    for _ in 0..60 {
        let (_directory, copy) = copy_of(bench.path());
        let mut bytes = fs::read(&copy).expect("a file");
        for _ in 0..random.random_range(1..20) {
            // The header and the schema are one page; without them nothing can be read.
            let place = random.random_range(4096..bytes.len());
            bytes[place] ^= 1 << random.random_range(0..8);
        }
        fs::write(&copy, bytes).expect("a file");
        let Ok(repaired) = store::repair(&copy).await else { continue };
        kept += repaired.objects;
        let store = Store::open(Options { data: Data::File(copy), ..bench.options.clone() }).await.expect("a store");
        let snapshot = store.snapshot();
        assert_eq!(snapshot.len(), repaired.objects);
        for (_, stored) in snapshot.range(&services(), None) {
            assert!(states.contains(&text(stored)), "{stored:?}");
        }
        assert!(snapshot.len() == 19 || !repaired.lost.is_empty(), "a loss that nobody mentions");
    }
    assert!(kept > 60 * 10, "only {kept} objects of 60 files were kept");
}
