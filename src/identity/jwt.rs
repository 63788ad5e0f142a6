//! JSON Web Tokens: claims, and a signature that shows who makes them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::keys::{PublicKey, SigningKey};

/// A token that has been taken apart, and of which nothing has been checked.
pub struct Token<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    header: Value,
    /// What it claims.
    pub claims: Value,
}

/// The token that makes these claims.
pub fn sign(claims: &Value, key: &SigningKey) -> String {
    let public = key.public();
    let header = json!({"alg": public.algorithm.name(), "kid": public.id});
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

impl<'a> Token<'a> {
    /// Takes a token apart; `None` if it is not of this sort.
    pub fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let object = |part: &str| serde_json::from_slice(&decode(part)?).ok().filter(Value::is_object);
        Some(Self { signed, signature: decode(signature)?, header: object(header)?, claims: object(claims)? })
    }

    /// Whether one of the keys has signed it: the one the token names, or any if it names none of them.
    pub fn is_signed_by(&self, keys: &[PublicKey]) -> bool {
        let named: Vec<&PublicKey> = keys.iter().filter(|key| self.header["kid"] == key.id.as_str()).collect();
        let keys = if named.is_empty() { keys.iter().collect() } else { named };
        let signs = |key: &&PublicKey| {
            self.header["alg"] == key.algorithm.name() && key.verifies(self.signed.as_bytes(), &self.signature)
        };
        keys.iter().any(signs)
    }
}
