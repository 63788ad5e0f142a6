//! The certificates a server makes for itself: a CA, one to serve with, and one for the administrator.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose as Purpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose as Usage,
};

use super::{Error, Result, files};
use crate::object::{User, access::MASTERS};

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// Everything a server needs to be trusted and to trust.
pub struct Issued {
    /// The CA's certificate, in PEM.
    pub ca: String,
    /// What the server shows.
    pub serving: Pair,
    /// What the administrator shows.
    pub admin: Pair,
}

/// Reads the certificates kept in a directory, and makes those that are missing. `names` are what clients may call the
/// server.
pub fn ensure(directory: &Path, names: &[String]) -> Result<Issued> {
    files::make_directory(directory)?;
    let authority = ca_params();
    let ca = kept(directory, "ca", |key| Ok(ca_params().self_signed(key)?.pem()))?;
    let key = KeyPair::from_pem(&ca.key).map_err(|error| files::content(&directory.join("ca.key"), error))?;
    let issuer = Issuer::from_params(&authority, &key);
    let serving = kept(directory, "apiserver", |key| Ok(serving_params(names)?.signed_by(key, &issuer)?.pem()))?;
    let admin = kept(directory, "admin", |key| Ok(admin_params().signed_by(key, &issuer)?.pem()))?;
    Ok(Issued { ca: ca.certificate, serving, admin })
}

/// The serving certificate kept in a directory, or a self-signed one if there is none. `names` are what clients may call
/// the server.
pub fn ensure_self_signed(directory: &Path, names: &[String]) -> Result<Pair> {
    if !directory.exists() {
        files::make_directory(directory)?;
    }
    kept(directory, "apiserver", |key| Ok(serving_params(names)?.self_signed(key)?.pem()))
}

/// The key in this file that signs service account tokens, made if it is missing. In PEM.
pub fn ensure_signing_key(path: &Path) -> Result<String> {
    if path.exists() {
        return files::read(path);
    }
    if let Some(directory) = path.parent() {
        files::make_directory(directory)?;
    }
    let key = new_signing_key()?;
    files::write_private(path, &key)?;
    Ok(key)
}

/// A new key that signs service account tokens, in PEM.
pub fn new_signing_key() -> Result<String> {
    Ok(KeyPair::generate()?.serialize_pem())
}

/// The certificate and key of this name, made if one of the two files is missing.
fn kept(directory: &Path, name: &str, issue: impl FnOnce(&KeyPair) -> Result<String>) -> Result<Pair> {
    let (certificate, key) = (directory.join(format!("{name}.crt")), directory.join(format!("{name}.key")));
    if certificate.exists() && key.exists() {
        return Ok(Pair { certificate: files::read(&certificate)?, key: files::read(&key)? });
    }
    let pair = KeyPair::generate()?;
    let made = Pair { certificate: issue(&pair)?, key: pair.serialize_pem() };
    files::write_private(&key, &made.key)?;
    files::write_private(&certificate, &made.certificate)?;
    Ok(made)
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject("kubedouble-ca", &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![Usage::DigitalSignature, Usage::KeyCertSign, Usage::CrlSign];
    params
}

fn serving_params(names: &[String]) -> Result<CertificateParams> {
    let params = CertificateParams::new(names).map_err(Error::Issue)?;
    Ok(leaf(params, subject("kube-apiserver", &[]), Purpose::ServerAuth))
}

fn admin_params() -> CertificateParams {
    leaf(CertificateParams::default(), subject(&User::admin().name, &[MASTERS]), Purpose::ClientAuth)
}

fn leaf(mut params: CertificateParams, subject: DistinguishedName, purpose: Purpose) -> CertificateParams {
    params.distinguished_name = subject;
    params.key_usages = vec![Usage::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    // Strict verifiers insist on it.
    params.use_authority_key_identifier_extension = true;
    params
}

fn subject(name: &str, organizations: &[&str]) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    for organization in organizations {
        subject.push(DnType::OrganizationName, *organization);
    }
    subject.push(DnType::CommonName, name);
    subject
}
