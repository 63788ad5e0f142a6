//! From a request's credentials to a user.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Bearers, PeerCertificate};
use crate::object::{
    User,
    token::{Objects, Tokens as _},
};

/// How a browser's WebSocket, which cannot set headers, sends a token.
const TOKEN_PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

/// Decides who sends a request.
pub enum Authenticator {
    /// Nobody is asked; everybody is this user.
    Open(Arc<User>),
    /// Credentials count.
    Checked {
        /// Whose a token is.
        tokens: Arc<Bearers>,
        /// Who shows no credentials; `None` refuses them.
        anonymous: Option<Arc<User>>,
    },
}

impl Authenticator {
    /// Everybody is the administrator.
    pub fn open() -> Self {
        Self::Open(Arc::new(User::admin()))
    }

    /// Credentials count.
    pub fn checked(tokens: Arc<Bearers>, anonymous: bool) -> Self {
        Self::Checked { tokens, anonymous: anonymous.then(|| Arc::new(User::anonymous())) }
    }

    /// Who sends this request; `None` for credentials that are wrong, or missing where they are asked for.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        certificate: &PeerCertificate,
        objects: &dyn Objects,
    ) -> Option<Arc<User>> {
        let (tokens, anonymous) = match self {
            Self::Open(user) => return Some(Arc::clone(user)),
            Self::Checked { tokens, anonymous } => (tokens, anonymous),
        };
        match certificate {
            PeerCertificate::Of(user) => return Some(Arc::clone(user)),
            PeerCertificate::Unverified => return None,
            PeerCertificate::None => {}
        }
        let Some(token) = bearer(headers).map(str::to_owned).or_else(|| protocol_token(headers)) else {
            return anonymous.clone();
        };
        match tokens.owner(&token, tokens.audiences(), objects) {
            Ok(owner) => Some(owner.user),
            Err(why) => {
                tracing::debug!(why, "a token is nobody's");
                None
            }
        }
    }
}

/// Whether a request carries a token, right or wrong.
pub fn has_token(headers: &HeaderMap) -> bool {
    bearer(headers).is_some() || protocol_token(headers).is_some()
}

/// The token in `Authorization: Bearer <token>`. Other schemes are no credentials.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = text(headers, &header::AUTHORIZATION)?;
    let mut parts = value.trim().split(' ');
    let is_bearer = parts.next()?.eq_ignore_ascii_case("bearer");
    parts.next().filter(|token| is_bearer && !token.is_empty())
}

fn protocol_token(headers: &HeaderMap) -> Option<String> {
    let protocols = text(headers, &header::SEC_WEBSOCKET_PROTOCOL)?.split(',');
    let encoded = protocols.filter_map(|protocol| protocol.trim().strip_prefix(TOKEN_PROTOCOL)).next()?;
    // A token that is no text belongs to nobody; the empty one does not either.
    let token = URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default();
    Some(String::from_utf8(token).unwrap_or_default())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
