//! Hostile tokens, certificates, keys and token files never panic, and nobody signs without the key.
#![no_main]

use kubedouble::identity::{
    certificate,
    jwt::Token,
    keys::{PublicKey, SigningKey},
    tokens,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    match kind % 3 {
        0 => {
            certificate::user(bytes);
            certificate::public_key(bytes);
        }
        1 => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let _ = tokens::parse(text);
            let _ = PublicKey::all_from_pem(text);
            let _ = SigningKey::from_pem(text);
        }
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            if let Some(token) = Token::parse(text) {
                assert!(!token.is_signed_by(&[]), "a token was accepted without a key");
            }
        }
    }
});
