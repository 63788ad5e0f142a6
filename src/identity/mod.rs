//! Who sends a request: tokens, client certificates, impersonation, and the TLS that carries them.
//!
//! Files are read when the server starts; after that nothing here waits for anything but a handshake.

pub mod authenticate;
pub mod bearers;
pub mod certificate;
pub mod certs;
pub mod der;
pub mod files;
pub mod impersonate;
pub mod jwt;
pub mod keys;
pub mod service_accounts;
pub mod tls;
pub mod tokens;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

pub use authenticate::Authenticator;
pub use bearers::Bearers;
pub use service_accounts::ServiceAccounts;
pub use tls::Tls;

use crate::object::User;

/// What is known of the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Its certificate.
    pub certificate: PeerCertificate,
}

/// The certificate that a client has shown.
#[derive(Clone, Debug, Default)]
pub enum PeerCertificate {
    /// None, or one that names nobody.
    #[default]
    None,
    /// One that the client CA has signed, and whom it names.
    Of(Arc<User>),
    /// One that cannot be verified.
    Unverified,
}

/// Why identities cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    /// A file does not hold what it should.
    #[error("{path}: {why}")]
    Content { path: PathBuf, why: String },
    /// Certificates cannot be made.
    #[error("cannot make certificates: {0}")]
    Issue(#[from] rcgen::Error),
    /// TLS refuses what it is given.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

/// Shorthand for this room.
pub type Result<T> = std::result::Result<T, Error>;
