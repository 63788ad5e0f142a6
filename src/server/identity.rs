//! From flags to identities: certificates, tokens, and the files that let clients use them.

use std::{path::Path, sync::Arc};

use super::kubeconfig::Credentials;
use crate::{
    config::{Config, IdentityFlags},
    identity::{
        Authenticator, Result, Tls,
        certs::{self, Pair},
        files,
        tokens::{self, Tokens},
    },
    object::{User, access::MASTERS},
};

/// The namespace and the name of the service account that in-cluster programs get.
const SERVICE_ACCOUNT: (&str, &str) = ("default", "default");

/// What clients call every server.
const NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "host.docker.internal",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// What clients and server know of each other.
pub struct Identity {
    /// Finds out who sends a request.
    pub authenticator: Arc<Authenticator>,
    /// For the secure port.
    pub tls: Option<Tls>,
    /// What the administrator's kubeconfig holds.
    pub credentials: Credentials,
}

impl Identity {
    /// Reads and makes everything that the flags ask for.
    pub fn prepare(config: &Config) -> Result<Self> {
        let flags = &config.identity;
        if !flags.asks_for_credentials() {
            let authenticator = Arc::new(Authenticator::open());
            return Ok(Self { authenticator, tls: None, credentials: Credentials::default() });
        }
        let mut tokens = match &flags.token_auth_file {
            Some(path) => tokens::parse(&files::read(path)?).map_err(|why| files::content(path, why))?,
            None => Tokens::new(),
        };
        let mut credentials = Credentials { token: master_token(&tokens), ..Credentials::default() };
        let tls = flags.secure_port.map(|_| secure(config, &mut credentials)).transpose()?;
        if let Some(directory) = &flags.in_cluster_dir {
            let token = in_cluster(directory, credentials.ca.as_deref().unwrap_or_default())?;
            let (namespace, name) = SERVICE_ACCOUNT;
            tokens.insert(token, Arc::new(User::service_account(namespace, name)));
        }
        let authenticator = Arc::new(Authenticator::checked(tokens, flags.allows_anonymous(config.bind_address)));
        Ok(Self { authenticator, tls, credentials })
    }
}

/// The secure side: a certificate that is given or made, and the CA whose clients are known.
fn secure(config: &Config, credentials: &mut Credentials) -> Result<Tls> {
    let flags = &config.identity;
    let given = given_pair(flags)?;
    let given_ca = flags.client_ca_file.as_deref().map(files::read).transpose()?;
    if let (Some(serving), Some(client_ca)) = (&given, &given_ca) {
        credentials.ca = Some(serving.certificate.clone());
        return Tls::new(serving, Some(client_ca));
    }
    let issued = certs::ensure(&flags.cert_dir, &names(config))?;
    credentials.ca = Some(given.as_ref().map_or(&issued.ca, |serving| &serving.certificate).clone());
    // A CA that is given is the only one; who it signs for is not ours to say.
    if given_ca.is_none() {
        credentials.client = Some(issued.admin);
    }
    Tls::new(&given.unwrap_or(issued.serving), Some(&given_ca.unwrap_or(issued.ca)))
}

/// The first token, by name, that lets its owner do everything.
fn master_token(tokens: &Tokens) -> Option<String> {
    tokens.iter().filter(|(_, user)| user.is_in(MASTERS)).map(|(token, _)| token).min().cloned()
}

fn given_pair(flags: &IdentityFlags) -> Result<Option<Pair>> {
    match (&flags.tls_cert_file, &flags.tls_private_key_file) {
        (Some(certificate), Some(key)) => {
            Ok(Some(Pair { certificate: files::read(certificate)?, key: files::read(key)? }))
        }
        _ => Ok(None),
    }
}

/// What clients call the server: on this machine, and inside the cluster.
fn names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = NAMES.map(str::to_owned).into();
    let service = config.service_cluster_ip_range.0.first().and_then(|range| range.hosts().next());
    let addresses = [Some(config.bind_address), Some(config.advertise_address), service].into_iter().flatten();
    names.extend(addresses.filter(|address| !address.is_unspecified()).map(|address| address.to_string()));
    names.sort_unstable();
    names.dedup();
    names
}

/// Writes a service account's directory; a token that is there already stays. Answers the token.
fn in_cluster(directory: &Path, ca: &str) -> Result<String> {
    files::make_directory(directory)?;
    let path = directory.join("token");
    let token = match files::read(&path) {
        Ok(token) if !token.trim().is_empty() => token.trim().to_owned(),
        _ => format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()),
    };
    files::write_private(&path, &token)?;
    files::write_private(&directory.join("ca.crt"), ca)?;
    files::write_private(&directory.join("namespace"), SERVICE_ACCOUNT.0)?;
    Ok(token)
}
