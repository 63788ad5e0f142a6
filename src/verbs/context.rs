//! Time, randomness and ids come in here, so a seed makes a run reproducible.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::Clock;

/// The characters of generated name suffixes: no vowels and no look-alikes, so no words come out.
const SUFFIX_CHARACTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Characters in a generated suffix.
const SUFFIX_LENGTH: usize = 5;
/// Longest part of `generateName` that is kept.
const GENERATE_NAME_BASE_MAX: usize = 58;

/// The server's clock and source of randomness.
pub struct Context {
    clock: Clock,
    source: Source,
}

/// Where random numbers come from.
enum Source {
    /// The system.
    Random(Box<Mutex<ChaCha8Rng>>),
    /// A seed, what the number is for, and how often it was drawn for that. Writers that race, like controllers and
    /// clients do, then can't change what each other draws.
    Seeded { seed: u64, drawn: Mutex<HashMap<String, u64>> },
}

impl Context {
    /// With a seed, ids, generated names and allocation order are the same in every run.
    pub fn new(clock: Clock, seed: Option<u64>) -> Self {
        let source = match seed {
            Some(seed) => Source::Seeded { seed, drawn: Mutex::default() },
            None => Source::Random(Box::new(Mutex::new(ChaCha8Rng::from_rng(&mut rand::rng())))),
        };
        Self { clock, source }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What tells the time.
    pub fn clock(&self) -> Clock {
        Clock::clone(&self.clock)
    }

    /// A random version 4 UUID for what this names.
    pub fn uid(&self, of: &str) -> String {
        let mut bytes = [0; 16];
        self.draw(of, |source| source.fill(&mut bytes));
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
    }

    /// A number below the bound for what this names.
    pub fn random(&self, of: &str, bound: u128) -> u128 {
        if bound == 0 { 0 } else { self.draw(of, |source| source.random_range(0..bound)) }
    }

    /// A name made from `generateName`, at most 63 characters, in the collection that this names.
    pub fn generate_name(&self, of: &str, base: &str) -> String {
        let mut name: String = base.chars().take(GENERATE_NAME_BASE_MAX).collect();
        self.draw(&format!("{of}{base}"), |source| {
            for _ in 0..SUFFIX_LENGTH {
                name.push(char::from(SUFFIX_CHARACTERS[source.random_range(0..SUFFIX_CHARACTERS.len())]));
            }
        });
        name
    }

    fn draw<T>(&self, of: &str, f: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        match &self.source {
            Source::Random(source) => f(&mut lock(source)),
            Source::Seeded { seed, drawn } => {
                let count = {
                    let mut drawn = lock(drawn);
                    let count = drawn.entry(of.to_owned()).or_default();
                    *count += 1;
                    *count
                };
                let what = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(count.to_be_bytes());
                f(&mut ChaCha8Rng::from_seed(what.chain_update(of).finalize().into()))
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
