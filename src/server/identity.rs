//! From flags to identities: certificates, tokens, and the files that let clients use them.

use std::{path::Path, sync::Arc};

use serde_json::json;

use super::{error::Error, kubeconfig::Credentials};
use crate::{
    config::{Config, IdentityFlags},
    controllers::upkeep::bootstrap::ensure,
    identity::{
        Authenticator, Bearers, Error as IdentityError, Result, ServiceAccounts, Tls,
        certs::{self, Pair},
        files,
        keys::{PublicKey, SigningKey},
        tls::MinVersion,
        tokens::{self, Tokens},
    },
    kinds::core::service_account,
    object::{access::MASTERS, meta, status},
    verbs::{Api, DecodedObject, Target, WriteOptions},
};

/// The namespace and the name of the service account that in-cluster programs get.
const SERVICE_ACCOUNT: (&str, &str) = ("default", "default");

/// How long the token of in-cluster programs lasts. Nobody renews it, as a kubelet would.
const IN_CLUSTER_SECONDS: i64 = 365 * 24 * 60 * 60;

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
    /// Knows all tokens.
    pub bearers: Arc<Bearers>,
    /// For the secure port.
    pub tls: Option<Tls>,
    /// What the administrator's kubeconfig holds.
    pub credentials: Credentials,
}

impl Identity {
    /// Reads and makes everything that the flags ask for.
    pub fn prepare(config: &Config) -> Result<Self> {
        let flags = &config.identity;
        let tokens = match &flags.token_auth_file {
            Some(path) => tokens::parse(&files::read(path)?).map_err(|why| files::content(path, why))?,
            None => Tokens::new(),
        };
        let mut credentials = Credentials { token: master_token(&tokens), ..Credentials::default() };
        let bearers = Arc::new(Bearers::new(tokens, service_accounts(flags)?));
        if !flags.asks_for_credentials() {
            return Ok(Self { authenticator: Arc::new(Authenticator::open()), bearers, tls: None, credentials });
        }
        let tls = flags.secure_port.map(|_| secure(config, &mut credentials)).transpose()?;
        let anonymous = flags.allows_anonymous();
        let authenticator = Arc::new(Authenticator::checked(Arc::clone(&bearers), anonymous));
        Ok(Self { authenticator, bearers, tls, credentials })
    }

    /// Writes what a pod of a service account finds, with a token of its own.
    pub async fn write_in_cluster(&self, directory: &Path, api: &Api) -> std::result::Result<(), Error> {
        let token = in_cluster_token(api).await.map_err(Error::Bootstrap)?;
        files::make_directory(directory)?;
        files::write_private(&directory.join("token"), &token)?;
        files::write_private(&directory.join("ca.crt"), self.credentials.ca.as_deref().unwrap_or_default())?;
        files::write_private(&directory.join("namespace"), SERVICE_ACCOUNT.0)?;
        Ok(())
    }
}

/// The keys and names of service account tokens.
fn service_accounts(flags: &IdentityFlags) -> Result<ServiceAccounts> {
    let signing = match &flags.service_account_signing_key_file {
        Some(path) => SigningKey::from_pem(&files::read(path)?).map_err(|why| files::content(path, why))?,
        None => {
            let path = flags.cert_dir.join("sa.key");
            let kept = flags.secure_port.is_some() && !flags.issues_nothing;
            let pem = if kept { certs::ensure_signing_key(&path)? } else { certs::new_signing_key()? };
            SigningKey::from_pem(&pem).map_err(|why| files::content(&path, why))?
        }
    };
    let mut keys = Vec::new();
    for path in &flags.service_account_key_file {
        keys.extend(PublicKey::all_from_pem(&files::read(path)?).map_err(|why| files::content(path, why))?);
    }
    let accounts =
        ServiceAccounts::new(signing, keys, flags.service_account_issuer.clone(), flags.api_audiences.clone());
    Ok(accounts.lasting_at_most(flags.service_account_max_token_expiration))
}

/// The secure side: a certificate that is given or made, and the CA whose clients are known.
fn secure(config: &Config, credentials: &mut Credentials) -> Result<Tls> {
    let flags = &config.identity;
    let given = given_pair(flags)?;
    let oldest = MinVersion::named(&flags.tls_min_version).map_err(IdentityError::Tls)?;
    let given_ca = flags.client_ca_file.as_deref().map(files::read).transpose()?;
    credentials.client_ca.clone_from(&given_ca);
    if let (Some(serving), Some(client_ca)) = (&given, &given_ca) {
        credentials.ca = Some(serving.certificate.clone());
        return Tls::new(serving, Some(client_ca), oldest);
    }
    if flags.issues_nothing {
        let serving = match given {
            Some(serving) => serving,
            None => certs::ensure_self_signed(&flags.cert_dir, &names(config))?,
        };
        credentials.ca = Some(serving.certificate.clone());
        return Tls::new(&serving, given_ca.as_deref(), oldest);
    }
    let issued = certs::ensure(&flags.cert_dir, &names(config))?;
    credentials.ca = Some(given.as_ref().map_or(&issued.ca, |serving| &serving.certificate).clone());
    // A CA that is given is the only one; who it signs for is not ours to say.
    if given_ca.is_none() {
        credentials.client_ca = Some(issued.ca.clone());
        credentials.client = Some(issued.admin);
    }
    Tls::new(&given.unwrap_or(issued.serving), Some(&given_ca.unwrap_or(issued.ca)), oldest)
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

/// A token of the account of in-cluster programs, which is made if it is missing.
async fn in_cluster_token(api: &Api) -> status::Result<String> {
    let (namespace, name) = SERVICE_ACCOUNT;
    let def = &service_account::DEF;
    ensure(api, def, json!({"metadata": {"name": name, "namespace": namespace}})).await?;
    let sub = def.subresource("token").expect("service accounts have tokens");
    let request = DecodedObject::from(json!({"spec": {"expirationSeconds": IN_CLUSTER_SECONDS}}));
    let options = WriteOptions::internal("kube-apiserver");
    let written = api.create_subresource(&Target::new(def, namespace, name), sub, request, &options).await?;
    Ok(meta::text(&written.answer.into_value(def), &["status", "token"]).to_owned())
}
