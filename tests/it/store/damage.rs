//! Damage is noticed: a start reads what was acknowledged or says what is wrong, and never makes something up.

use std::{fs, path::Path};

use kubedouble::store::{Data, Durability, Error, History, Options, Store, Transaction};
use rand::{RngExt, SeedableRng};

use super::support::{Bench, claim, copy_of, delete, put, services, tx, wal_of};

/// How many bits are flipped, one after the other, in each of two states of the files.
const FLIPS: usize = 500;

/// A store as it is used: with superseded and deleted objects, claims, compacted history, and a write-ahead log.
async fn used() -> (Bench, Store) {
    let mut bench = Bench::file();
    bench.options.durability = Durability::Full;
    bench.options.history = History { events: 40, ..History::default() };
    let store = bench.open().await;
    for round in 0..12 {
        for name in 0..10 {
            let claims = vec![claim(round * 10 + name, "one")];
            let releases = round.checked_sub(1).map(|before| claim(before * 10 + name, "one")).into_iter().collect();
            let value = "v".repeat(if name == 3 { 9000 } else { 300 });
            let put = put(&format!("a/{name}"), &format!("{round} {value}"));
            store.commit(Transaction { claims, releases, ..tx([put]) }).await.expect("a commit");
        }
    }
    store.commit(tx([delete("a/7")])).await.expect("a commit");
    // A quiet moment, in which the rows that nobody needs are deleted.
    tokio::time::pause();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    tokio::time::resume();
    store.commit(Transaction::default()).await.expect("the writer has done it");
    (bench, store)
}

#[tokio::test]
async fn flipped_bits_are_refused_or_harmless() {
    let (bench, store) = used().await;
    let content = content(&store);
    let (_open, with_wal) = copy_of(bench.path());
    store.close().await;
    let (_closed, without_wal) = copy_of(bench.path());
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut refused = 0;
    for file in [with_wal, without_wal] {
        let files: Vec<_> = [file.clone(), wal_of(&file)].into_iter().filter(|file| file.exists()).collect();
        let lengths: Vec<_> = files.iter().map(|file| fs::metadata(file).expect("a file").len()).collect();
        for _ in 0..FLIPS {
            let mut place = random.random_range(0..lengths.iter().sum());
            let mut damaged = 0;
            while place >= lengths[damaged] {
                place -= lengths[damaged];
                damaged += 1;
            }
            let bit = random.random_range(0..8);
            let (_directory, copy) = copy_of(&file);
            let target = if damaged == 0 { copy.clone() } else { wal_of(&copy) };
            let mut bytes = fs::read(&target).expect("a file");
            bytes[usize::try_from(place).expect("a small file")] ^= 1 << bit;
            fs::write(&target, bytes).expect("a file");
            let options = Options { data: Data::File(copy), ..bench.options.clone() };
            match Store::open(options).await {
                Ok(store) => {
                    let found = self::content(&store);
                    assert!(found == content, "bit {bit} of byte {place} of {}", files[damaged].display());
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains("kubedouble.db"), "{error}");
                }
            }
        }
    }
    assert!(refused > FLIPS / 4, "most of the files is data, but only {refused} flips were noticed");
}

#[tokio::test]
async fn a_damaged_row_is_named() {
    let (bench, store) = used().await;
    store.close().await;
    let mut bytes = fs::read(bench.path()).expect("the file");
    let row =
        bytes.windows(40).position(|window| window.starts_with(br#"{"revision":"121","value":"11 v"#)).expect("a row");
    bytes[row + 35] ^= 4;
    fs::write(bench.path(), bytes).expect("the file");
    let error = Store::open(bench.options.clone()).await.err().expect("a refusal").to_string();
    assert!(error.ends_with("is damaged: revision 121 of core/services/a/9 does not match its checksum"), "{error}");
}

#[tokio::test]
async fn a_write_ahead_log_that_is_missing_or_empty_or_of_another_is_refused() {
    let (bench, _store) = used().await;
    let (other, _other_store) = used().await;
    type Change<'a> = &'a dyn Fn(&Path);
    let remove: Change = &|wal| fs::remove_file(wal).expect("a file that is gone");
    let empty: Change = &|wal| fs::write(wal, b"").expect("an empty file");
    let cut: Change = &|wal| {
        let bytes = fs::read(wal).expect("a file");
        fs::write(wal, &bytes[..bytes.len() / 2]).expect("half a file");
    };
    let exchange: Change = &|wal| {
        fs::copy(wal_of(other.path()), wal).expect("a copy");
    };
    for (change, why) in
        [(remove, "is missing"), (empty, "is empty"), (cut, "were acknowledged"), (exchange, "belongs to another file")]
    {
        let (_directory, copy) = copy_of(bench.path());
        change(&wal_of(&copy));
        let open = || Store::open(Options { data: Data::File(copy.clone()), ..bench.options.clone() });
        let error = open().await.err().unwrap_or_else(|| panic!("a log that {why}"));
        assert!(matches!(&error, Error::Corrupt { .. }) && error.to_string().contains(why), "{error}");
        assert!(matches!(open().await, Err(Error::Corrupt { .. })), "it is not taken for an empty one later");
    }
}

#[expect(clippy::disallowed_methods, reason = "the disk takes real time, while the clock stands still")]
#[tokio::test(start_paused = true)]
async fn the_file_alone_is_never_older_than_a_minute() {
    let bench = Bench::file();
    let store = bench.open().await;
    store.commit(tx([put("a/one", "x")])).await.expect("a commit");
    let row = br#"{"revision":"2","value":"x"}"#;
    let is_moved = || fs::read(bench.path()).expect("the file").windows(row.len()).any(|window| window == row);
    assert!(!is_moved(), "the write-ahead log has it");
    tokio::time::sleep(std::time::Duration::from_secs(35)).await;
    // The disk takes real time, while the clock stands still.
    for _ in 0..1000 {
        if is_moved() {
            return;
        }
        let pause = || std::thread::sleep(std::time::Duration::from_millis(10));
        tokio::task::spawn_blocking(pause).await.expect("a pause");
    }
    panic!("the row stays in the write-ahead log");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::file();
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let store = bench.open().await;
    assert_eq!([bench.path(), &wal_of(bench.path())].map(mode), [0o600; 2]);
    store.close().await;
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o664)).expect("another mode");
    let _store = bench.open().await;
    assert_eq!([bench.path(), &wal_of(bench.path())].map(mode), [0o600; 2]);
}

/// Every object, event and claim.
fn content(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot();
    let mut content: Vec<_> = snapshot.range(&services(), None).map(|(_, stored)| format!("{stored:?}")).collect();
    content.extend((0..130).filter_map(|number| Some(format!("{number} {}", store.holder("ports", number)?))));
    content.push(store.revision().to_string());
    // The bounds may have moved history on at the start.
    let mut cursor = store.watch(services(), kubedouble::object::Revision(82)).expect("a cursor");
    loop {
        let events = cursor.try_next().expect("history");
        if events.is_empty() {
            return content;
        }
        content.extend(events.iter().map(|event| format!("{event:?}")));
    }
}
