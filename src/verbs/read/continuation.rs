//! `continue` tokens: where a list goes on, and at which revision.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use crate::{object::Status, object::status::Result, wire};

/// URL-safe without padding; like Go, indifferent to the bits after the last byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);
/// The token's format.
const VERSION: &str = "meta.k8s.io/v1";

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::verbs) struct Continuation {
    /// The revision of the list; `None` goes on with whatever is there now.
    pub revision: Option<u64>,
    /// The first key, relative to the list's prefix.
    pub start: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

impl Continuation {
    /// What comes after this key.
    pub fn after(key: &str, revision: Option<u64>) -> Self {
        Self { revision, start: format!("{key}\0") }
    }

    /// The token.
    pub fn encode(&self) -> String {
        let rv = self.revision.map_or(-1, |rv| i64::try_from(rv).unwrap_or(i64::MAX));
        let token = Token { v: VERSION.to_owned(), rv, start: self.start.clone() };
        BASE64.encode(serde_json::to_vec(&token).expect("a token is plain JSON"))
    }

    /// Reads a token.
    pub fn decode(text: &str) -> Result<Self> {
        let invalid = |why: String| Status::bad_request(format!("invalid continue token: {why}"));
        let bytes = BASE64.decode(text).map_err(|_| {
            invalid(format!("continue key is not valid: illegal base64 data at input byte {}", corrupt_at(text)))
        })?;
        if let Err(why) = wire::json::parse(&bytes) {
            return Err(invalid(format!("continue key is not valid: {why}")));
        }
        let token: Token =
            serde_json::from_slice(&bytes).map_err(|why| invalid(format!("continue key is not valid: {why}")))?;
        if token.v != VERSION {
            let why =
                format!("continue key is not valid: server does not recognize this encoded version {:?}", token.v);
            return Err(invalid(why));
        }
        let revision = match token.rv {
            0 => {
                let why = "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)";
                return Err(invalid(why.to_owned()));
            }
            rv => u64::try_from(rv).ok(),
        };
        if token.start.is_empty() {
            let why = "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)";
            return Err(invalid(why.to_owned()));
        }
        if token.start.split('/').any(|part| part == ".." || part == ".") {
            return Err(invalid(format!("continue key is not valid: {}", token.start)));
        }
        Ok(Self { revision, start: token.start })
    }
}

/// The offset at which Go finds the base64 of a token to be broken.
fn corrupt_at(text: &str) -> usize {
    let foreign = |byte: u8| !(byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    text.bytes().position(foreign).unwrap_or(text.len() / 4 * 4)
}
