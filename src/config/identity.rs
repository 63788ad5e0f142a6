//! Flags for TLS, authentication, authorization and the audit log; named as kube-apiserver names them.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use clap::{ArgAction, Args};

use super::duration::duration;
use crate::verbs::Authorization;

/// The shortest that the longest life of a token may be set to.
const TOKEN_LIFE_MIN: Duration = Duration::from_secs(60 * 60);
/// The longest.
const TOKEN_LIFE_MAX: Duration = Duration::from_secs(1 << 32);

/// Who may come in, how, and what they may do.
#[derive(Args, Clone, Debug, Default)]
pub struct IdentityFlags {
    /// Serve HTTPS on this port, too; 0 takes a free one
    #[arg(long, value_name = "PORT", env = "KUBEDOUBLE_SECURE_PORT")]
    pub secure_port: Option<u16>,

    /// Directory that keeps the certificates the server makes for itself
    #[arg(long, value_name = "DIR", default_value = "kubedouble.certs")]
    pub cert_dir: PathBuf,

    /// Certificate to serve with, in PEM, instead of a self-made one
    #[arg(long, value_name = "FILE", requires_all = ["tls_private_key_file", "secure_port"])]
    pub tls_cert_file: Option<PathBuf>,

    /// Its private key
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    pub tls_private_key_file: Option<PathBuf>,

    /// Oldest version of TLS that is spoken: VersionTLS12 or VersionTLS13
    #[arg(long, value_name = "VERSION", default_value = "VersionTLS12")]
    pub tls_min_version: String,

    /// Know clients by certificates that this CA has signed: the common name is the user, organizations are groups
    #[arg(long, value_name = "FILE", requires = "secure_port")]
    pub client_ca_file: Option<PathBuf>,

    /// Know clients by bearer tokens: lines of `token,user,uid,"group,group"`
    #[arg(long, value_name = "FILE")]
    pub token_auth_file: Option<PathBuf>,

    /// Serve requests without credentials, as system:anonymous; by default they are refused with 401 where credentials
    /// are configured
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true",
          require_equals = true, env = "KUBEDOUBLE_ANONYMOUS_AUTH")]
    pub anonymous_auth: Option<bool>,

    /// Names by which clients without credentials may reach this server, beside localhost and its addresses; `*` allows
    /// every name. Others are refused, since a browser may have been led here by a foreign page
    #[arg(long, value_name = "NAME[,NAME]", value_delimiter = ',', action = ArgAction::Append,
          env = "KUBEDOUBLE_ALLOWED_HOSTS")]
    pub allowed_hosts: Vec<String>,

    /// Who decides what a request may do, one after the other: AlwaysAllow, AlwaysDeny, Node, RBAC
    #[arg(long, value_name = "MODE[,MODE]", value_delimiter = ',', action = ArgAction::Append,
          default_value = "AlwaysAllow")]
    pub authorization_mode: Vec<Authorization>,

    /// Write what a pod finds (token, ca.crt, namespace) to DIR, for programs that only know in-cluster configuration
    #[arg(long, value_name = "DIR", requires = "secure_port")]
    pub in_cluster_dir: Option<PathBuf>,

    /// Who issues service account tokens; may be repeated, and the first one signs
    #[arg(long, value_name = "URL", default_value = "https://kubernetes.default.svc.cluster.local",
          action = ArgAction::Append)]
    pub service_account_issuer: Vec<String>,

    /// Private key, in PEM, that signs service account tokens, instead of one in the directory of certificates, or, without
    /// --secure-port, in memory
    #[arg(long, value_name = "FILE")]
    pub service_account_signing_key_file: Option<PathBuf>,

    /// Keys, in PEM, that service account tokens may be signed with, beside the one that signs; may be repeated
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub service_account_key_file: Vec<PathBuf>,

    /// Whom tokens for this server are meant for; by default the issuers
    #[arg(long, value_name = "TEXT[,TEXT]", value_delimiter = ',', action = ArgAction::Append)]
    pub api_audiences: Vec<String>,

    /// Longest life of a service account token, from 1h on; a token that is asked for longer gets this one
    #[arg(long, value_name = "DURATION", value_parser = token_life)]
    pub service_account_max_token_expiration: Option<Duration>,

    /// Where the OpenID discovery document says that the keys of service account tokens are
    #[arg(long, value_name = "URL", value_parser = https_url)]
    pub service_account_jwks_uri: Option<String>,

    /// Append a line of JSON for every request to FILE; - is standard output
    #[arg(long, value_name = "FILE")]
    pub audit_log_path: Option<PathBuf>,

    /// Policy that says which requests are recorded; bodies are not, whatever the level
    #[arg(long, value_name = "FILE")]
    pub audit_policy_file: Option<PathBuf>,

    /// Megabytes from which on a new audit log is begun; 0 sets no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub audit_log_maxsize: u64,

    /// Days that old audit logs are kept; 0 keeps them for ever
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub audit_log_maxage: u32,

    /// How many old audit logs are kept; 0 keeps them all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub audit_log_maxbackup: usize,

    /// There is no CA, no administrator and no kept key of this server's own: what is not given is not there
    #[arg(skip)]
    pub issues_nothing: bool,
}

/// From an hour up to 2^32 seconds.
fn token_life(text: &str) -> Result<Duration, String> {
    let life = duration(text)?;
    if life < TOKEN_LIFE_MIN || life > TOKEN_LIFE_MAX {
        return Err("the service-account-max-token-expiration must be between 1 hour and 2^32 seconds".to_owned());
    }
    Ok(life)
}

fn https_url(text: &str) -> Result<String, String> {
    if text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    Err(format!("service-account-jwks-uri requires https scheme, parsed as: {text}"))
}

impl IdentityFlags {
    /// Whether anything is said about who clients are. If not, everybody is the administrator.
    pub fn asks_for_credentials(&self) -> bool {
        self.secure_port.is_some() || self.token_auth_file.is_some() || self.anonymous_auth.is_some()
    }

    /// Whether requests without credentials are served where credentials are configured.
    pub fn allows_anonymous(&self) -> bool {
        self.anonymous_auth.unwrap_or_default()
    }

    /// What cannot be said of a single flag.
    pub fn check(&self, bind_address: IpAddr) -> Result<(), String> {
        for (index, mode) in self.authorization_mode.iter().enumerate() {
            if self.authorization_mode[..index].contains(mode) {
                return Err(format!("authorization-mode has mode {mode} specified more than once"));
            }
        }
        if self.asks_for_credentials() || bind_address.is_loopback() {
            return Ok(());
        }
        Err(format!(
            "--bind-address={bind_address} lets other machines in: say who may come with --anonymous-auth=true (everybody), \
             --token-auth-file or --secure-port"
        ))
    }
}
