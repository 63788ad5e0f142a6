//! Time, randomness and ids come in here, so a seed makes a run reproducible.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// The characters of generated name suffixes: no vowels and no look-alikes, so no words come out.
const SUFFIX_CHARACTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Characters in a generated suffix.
const SUFFIX_LENGTH: usize = 5;
/// Longest part of `generateName` that is kept.
const GENERATE_NAME_BASE_MAX: usize = 58;

/// A source of the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The server's clock and dice.
pub struct Context {
    clock: Clock,
    dice: Mutex<ChaCha8Rng>,
    /// Names requests. Dice of their own, so that reading does not change what writing draws.
    request_dice: Mutex<ChaCha8Rng>,
}

impl Context {
    /// With a seed, ids, generated names and allocation order are the same in every run.
    pub fn new(clock: Clock, seed: Option<u64>) -> Self {
        let mut dice = seed.map_or_else(|| ChaCha8Rng::from_rng(&mut rand::rng()), ChaCha8Rng::seed_from_u64);
        let request_dice = Mutex::new(ChaCha8Rng::from_rng(&mut dice));
        Self { clock, dice: Mutex::new(dice), request_dice }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A random version 4 UUID for an object.
    pub fn uid(&self) -> String {
        self.roll(random_uuid)
    }

    /// A random version 4 UUID for a request.
    pub fn request_id(&self) -> String {
        random_uuid(&mut self.request_dice.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number below the bound.
    pub fn random(&self, bound: u128) -> u128 {
        if bound == 0 { 0 } else { self.roll(|dice| dice.random_range(0..bound)) }
    }

    /// A name made from `generateName`, at most 63 characters.
    pub fn generate_name(&self, base: &str) -> String {
        let mut name: String = base.chars().take(GENERATE_NAME_BASE_MAX).collect();
        self.roll(|dice| {
            for _ in 0..SUFFIX_LENGTH {
                name.push(char::from(SUFFIX_CHARACTERS[dice.random_range(0..SUFFIX_CHARACTERS.len())]));
            }
        });
        name
    }

    fn roll<T>(&self, f: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        f(&mut self.dice.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn random_uuid(dice: &mut ChaCha8Rng) -> String {
    let mut bytes = [0; 16];
    dice.fill(&mut bytes);
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

/// A time as `metav1.Time` is written: RFC 3339, UTC, whole seconds.
pub fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
