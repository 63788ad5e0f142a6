//! Why a server does not run.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{object::Status, store};

/// Why a server did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Flags(String),
    #[error("cannot listen on {address}: {source}{hint}")]
    Listen { address: SocketAddr, source: io::Error, hint: &'static str },
    #[error("{0}")]
    Store(#[from] store::Error),
    #[error("cannot prepare the cluster: {0}")]
    Bootstrap(Box<Status>),
    #[error("{0}")]
    Identity(#[from] crate::identity::Error),
    #[error("cannot write the audit log {path}: {source}")]
    Audit { path: PathBuf, source: io::Error },
    #[error("{path}: {source}")]
    Data { path: PathBuf, source: io::Error },
    #[error("cannot learn from etcd at {servers} where the data is: {why}")]
    Etcd { servers: String, why: String },
    #[error("{what} has ended: {why}")]
    Ended { what: &'static str, why: String },
    #[error("{0}")]
    Io(#[from] io::Error),
}
