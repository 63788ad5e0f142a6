//! Whom a client certificate names: the common name is the user, the organizations are the groups.
//!
//! Reads just enough DER for that. It is only asked about certificates that have been verified, and DER has to be read
//! for keys too; a crate such as `x509-parser` would bring ten others for two attributes.

use sha2::{Digest, Sha256};

use super::der::{OBJECT_IDENTIFIER, Reader, SEQUENCE, SET};
use crate::object::{User, access::AUTHENTICATED};

/// The optional version of a certificate: context-specific, constructed, number 0.
const VERSION: u8 = 0xa0;

/// 2.5.4.3, encoded.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.4.10, encoded.
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];

/// The user that a certificate names; `None` if it has no common name.
pub fn user(der: &[u8]) -> Option<User> {
    let (mut name, mut groups) = (String::new(), Vec::new());
    for (attribute, value) in subject(der)? {
        match attribute {
            COMMON_NAME => name = value,
            ORGANIZATION => groups.push(value),
            _ => {}
        }
    }
    if name.is_empty() {
        return None;
    }
    groups.push(AUTHENTICATED.to_owned());
    let digest: String = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut user = User::new(name, groups);
    user.extra.insert("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("X509SHA256={digest}")]);
    Some(user)
}

/// The public key of a certificate, as X.509 writes it.
pub fn public_key(der: &[u8]) -> Option<&[u8]> {
    let mut fields = from_subject(der)?;
    fields.enter(SEQUENCE)?;
    Some(fields.0)
}

/// The fields of a certificate from its subject on.
fn from_subject(der: &[u8]) -> Option<Reader<'_>> {
    let mut certificate = Reader(der).enter(SEQUENCE)?;
    let mut fields = certificate.enter(SEQUENCE)?;
    if fields.0.first() == Some(&VERSION) {
        fields.take()?;
    }
    // Before the subject: serial number, signature algorithm, issuer, validity.
    for _ in 0..4 {
        fields.take()?;
    }
    Some(fields)
}

/// The attributes of a certificate's subject.
fn subject(der: &[u8]) -> Option<Vec<(&[u8], String)>> {
    let mut names = from_subject(der)?.enter(SEQUENCE)?;
    let mut attributes = Vec::new();
    while !names.0.is_empty() {
        let mut set = names.enter(SET)?;
        while !set.0.is_empty() {
            let mut attribute = set.enter(SEQUENCE)?;
            let Reader(kind) = attribute.enter(OBJECT_IDENTIFIER)?;
            let (_, value) = attribute.take()?;
            attributes.push((kind, String::from_utf8_lossy(value).into_owned()));
        }
    }
    Some(attributes)
}
