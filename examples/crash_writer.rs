//! Writes to a store as fast as it can and prints what was acknowledged, until it is killed. The crash test reads the
//! lines, kills this program at a random moment, and compares the file with what it was promised.
//!
//! Usage: `crash_writer FILE`. Every Service that exists holds one number of the pool `ports`, which is its value too.

#![allow(clippy::disallowed_methods, reason = "the time is a seed that differs with each run")]

use std::{
    env,
    error::Error as StdError,
    time::{SystemTime, UNIX_EPOCH},
};

use kubedouble::{
    object::{Key, Prefix},
    store::{Body, Claim, Committed, Error, Expect, History, Op, Options, Store, Transaction},
};

const WRITERS: u64 = 8;
const KEYS_PER_WRITER: u64 = 8;
/// Few enough that writers often want the same.
const NUMBERS: u128 = 100;
/// Little enough that rows are deleted all the time.
const HISTORY_EVENTS: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let file = env::args().nth(1).ok_or("usage: crash_writer FILE")?;
    let history = History { events: HISTORY_EVENTS, ..History::default() };
    let store = Store::open(Options { history, ..Options::file(file) }).await?;
    println!("opened {}", store.revision());
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(store.clone(), writer, u64::from(seed)))).collect();
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// Creates, moves and deletes this writer's own objects, for ever.
async fn write(store: Store, writer: u64, seed: u64) -> Result<(), Error> {
    let prefix = Prefix::resource("", "services").namespace(&format!("writer-{writer}"));
    let mut dice = seed ^ (writer << 40) | 1;
    loop {
        // A xorshift step: good enough to mix the operations.
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        let key = prefix.key(&format!("object-{}", dice % KEYS_PER_WRITER));
        let held = store.get(&key).and_then(|stored| number_of(stored.bytes()));
        let deletes = held.is_some() && dice.is_multiple_of(3);
        match step(&store, &key, held, deletes).await {
            Ok((done, number)) if deletes => println!("delete {} {key} {number}", done.revision),
            Ok((done, number)) => println!("put {} {key} {number}", done.revision),
            // Another writer was faster, which is what pools are for.
            Err(Error::Held { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn step(store: &Store, key: &Key, held: Option<u128>, deletes: bool) -> Result<(Committed, u128), Error> {
    let claim = |number| Claim { pool: "ports", number, holder: key.to_string() };
    let releases = held.map(claim).into_iter().collect();
    if let (Some(number), true) = (held, deletes) {
        let ops = vec![Op::Delete { key: key.clone(), expect: Expect::Present }];
        return Ok((store.commit(Transaction { ops, releases, ..Transaction::default() }).await?, number));
    }
    let number = store.first_free("ports", 0..=NUMBERS).unwrap_or_default();
    let expect = if held.is_some() { Expect::Present } else { Expect::Absent };
    let ops = vec![Op::Put { key: key.clone(), expect, body: body(number) }];
    Ok((
        store.commit(Transaction { ops, releases, claims: vec![claim(number)], ..Transaction::default() }).await?,
        number,
    ))
}

fn body(number: u128) -> Body {
    let head = r#"{"revision":""#;
    let padding = "x".repeat(1000);
    Body::new(format!(r#"{head}","number":"{number}","padding":"{padding}"}}"#), head.len())
}

fn number_of(bytes: &[u8]) -> Option<u128> {
    let object: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    object["number"].as_str()?.parse().ok()
}
