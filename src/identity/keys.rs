//! The keys of service account tokens: RSA with SHA-256 (RS256) and ECDSA over P-256 (ES256).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::{
    PrivateKeyDer, SubjectPublicKeyInfoDer,
    pem::{PemObject, SectionKind},
};

use super::{
    certificate,
    der::{BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, element},
};

/// 1.2.840.113549.1.1.1, encoded.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1, encoded.
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, encoded.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// How a point of P-256 begins that is written with both its coordinates.
const UNCOMPRESSED: u8 = 0x04;
const COORDINATE_BYTES: usize = 32;

/// The tags of the curve and of the public key in SEC 1: context-specific, constructed, numbers 0 and 1.
const SEC1_PARAMETERS: u8 = 0xa0;
const SEC1_PUBLIC: u8 = 0xa1;
const CURVE: &signature::EcdsaSigningAlgorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;

/// A private key.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// What tells keys apart: the hash of the key as X.509 writes it.
    pub id: String,
    /// What it verifies.
    pub algorithm: Algorithm,
    /// A point, or PKCS #1.
    bytes: Vec<u8>,
}

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Reads a private key in PEM: PKCS #8, PKCS #1 for RSA, or SEC 1 for ECDSA.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())? {
            PrivateKeyDer::Pkcs8(der) => Self::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => Self::rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
            PrivateKeyDer::Sec1(der) => Self::from_sec1(der.secret_sec1_der()),
            _ => Err("the key has to be in PKCS #8, which `openssl pkcs8 -topk8 -nocrypt` makes of it".to_owned()),
        }
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of a message, as JSON Web Signatures write it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => {
                pair.sign(&random, message).expect("the system has random numbers").as_ref().to_owned()
            }
            Pair::Rsa(pair) => {
                let mut out = vec![0; pair.public().modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut out)
                    .expect("the system has random numbers, and there is room for the signature");
                out
            }
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        match EcdsaKeyPair::from_pkcs8(CURVE, der, &SystemRandom::new()) {
            Ok(pair) => Ok(Self::ecdsa(pair)),
            Err(_) => Self::rsa(RsaKeyPair::from_pkcs8(der)),
        }
    }

    /// Reads `EC PRIVATE KEY`: a version, the private key, the curve, and the public key, which openssl always adds.
    fn from_sec1(der: &[u8]) -> Result<Self, String> {
        let halves = || {
            let mut key = Reader(der).enter(SEQUENCE)?;
            key.enter(INTEGER)?;
            let Reader(private) = key.enter(OCTET_STRING)?;
            let (mut tag, mut content) = key.take()?;
            if tag == SEC1_PARAMETERS {
                (tag, content) = key.take()?;
            }
            let Reader(bits) = Reader(content).enter(BIT_STRING).filter(|_| tag == SEC1_PUBLIC)?;
            Some((private, bits.strip_prefix(&[0])?))
        };
        let (private, public) = halves().ok_or("an EC key without its public key cannot be read")?;
        EcdsaKeyPair::from_private_key_and_public_key(CURVE, private, public, &SystemRandom::new())
            .map(Self::ecdsa)
            .map_err(|why| format!("this is no key for ECDSA over P-256: {why}"))
    }

    fn ecdsa(pair: EcdsaKeyPair) -> Self {
        let public = PublicKey::new(Algorithm::Es256, pair.public_key().as_ref());
        Self { pair: Pair::Ecdsa(Box::new(pair)), public }
    }

    fn rsa(pair: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<Self, String> {
        let pair = pair.map_err(|why| format!("this is no key for RSA or for ECDSA over P-256: {why}"))?;
        let public = PublicKey::new(Algorithm::Rs256, pair.public().as_ref());
        Ok(Self { pair: Pair::Rsa(Box::new(pair)), public })
    }
}

impl PublicKey {
    /// Reads the keys in a PEM file; of private ones and of certificates, their public keys.
    pub fn all_from_pem(pem: &str) -> Result<Vec<Self>, String> {
        let mut keys = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes()) {
            let (kind, der) = section.map_err(|error| error.to_string())?;
            keys.push(match kind {
                SectionKind::PublicKey => {
                    let info = SubjectPublicKeyInfoDer::from(der);
                    Self::from_info(&info).ok_or("a public key is not for RSA or ECDSA over P-256")?
                }
                SectionKind::PrivateKey => SigningKey::from_pkcs8(&der)?.public,
                SectionKind::EcPrivateKey => SigningKey::from_sec1(&der)?.public,
                SectionKind::Certificate => {
                    let info = certificate::public_key(&der).ok_or("a certificate cannot be read")?;
                    Self::from_info(info).ok_or("a certificate's key is not for RSA or ECDSA over P-256")?
                }
                SectionKind::RsaPrivateKey => SigningKey::rsa(RsaKeyPair::from_der(&der))?.public,
                _ => continue,
            });
        }
        if keys.is_empty() { Err("there is no key in the PEM data".to_owned()) } else { Ok(keys) }
    }

    /// Whether this is the key's signature of the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        };
        UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
    }

    /// The key as a member of a JSON Web Key Set.
    pub fn to_jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (id, algorithm) = (&self.id, self.algorithm.name());
        match self.algorithm {
            Algorithm::Rs256 => {
                let [modulus, exponent] = self.numbers().unwrap_or_default();
                let (n, e) = (encode(modulus), encode(exponent));
                json!({"use": "sig", "kty": "RSA", "kid": id, "alg": algorithm, "n": n, "e": e})
            }
            Algorithm::Es256 => {
                let (x, y) = self.bytes.get(1..).unwrap_or_default().split_at(COORDINATE_BYTES);
                let (x, y) = (encode(x), encode(y));
                json!({"use": "sig", "kty": "EC", "kid": id, "crv": "P-256", "alg": algorithm, "x": x, "y": y})
            }
        }
    }

    fn new(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let kind = match algorithm {
            Algorithm::Rs256 => [element(OBJECT_IDENTIFIER, &[RSA]), element(NULL, &[])],
            Algorithm::Es256 => [element(OBJECT_IDENTIFIER, &[ELLIPTIC]), element(OBJECT_IDENTIFIER, &[P256])],
        };
        let kind = element(SEQUENCE, &[&kind.concat()]);
        let info = element(SEQUENCE, &[&kind, &element(BIT_STRING, &[&[0], bytes])]);
        Self { id: URL_SAFE_NO_PAD.encode(Sha256::digest(info)), algorithm, bytes: bytes.to_owned() }
    }

    /// Reads a key as X.509 writes it.
    fn from_info(info: &[u8]) -> Option<Self> {
        let mut info = Reader(info).enter(SEQUENCE)?;
        let mut kind = info.enter(SEQUENCE)?;
        let Reader(family) = kind.enter(OBJECT_IDENTIFIER)?;
        let Reader(bits) = info.enter(BIT_STRING)?;
        let (_, bytes) = bits.split_first()?;
        let algorithm = match family {
            RSA => Algorithm::Rs256,
            ELLIPTIC if kind.enter(OBJECT_IDENTIFIER)?.0 == P256 => Algorithm::Es256,
            _ => return None,
        };
        let is_point = bytes.len() == 1 + 2 * COORDINATE_BYTES && bytes.first() == Some(&UNCOMPRESSED);
        (algorithm == Algorithm::Rs256 || is_point).then(|| Self::new(algorithm, bytes))
    }

    /// Modulus and exponent of an RSA key.
    fn numbers(&self) -> Option<[&[u8]; 2]> {
        let mut numbers = Reader(&self.bytes).enter(SEQUENCE)?;
        let mut number = || {
            let Reader(bytes) = numbers.enter(INTEGER)?;
            Some(bytes.strip_prefix(&[0]).unwrap_or(bytes))
        };
        Some([number()?, number()?])
    }
}

impl Algorithm {
    /// Its name in JSON Web Tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}
