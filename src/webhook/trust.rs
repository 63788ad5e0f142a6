//! Which certificates are trusted, checked in the order of a Go client and refused in its words.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    time_provider::TimeProvider,
};

use crate::text::time::rfc3339;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a client needs for TLS with a server that this bundle, in PEM, or without one the system, vouches for.
pub(super) fn config(ca_bundle: &[u8], clock: &Clock) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let known = if ca_bundle.is_empty() { system() } else { bundle(ca_bundle)? };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(known.iter().cloned());
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().ok();
    let algorithms = provider.signature_verification_algorithms;
    let verifier = Verifier { known, chains, algorithms };
    let config = ClientConfig::builder_with_details(provider, Arc::new(ClockTime(Arc::clone(clock))))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Whether a bundle holds a certificate; the error is the one of a Go client.
fn bundle(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(list) if list.is_empty() => {
            Err("unable to load root certificates: unable to parse bytes as PEM block".to_owned())
        }
        Ok(list) => Ok(list),
        Err(_) => Err("unable to load root certificates: unable to parse bytes as PEM block".to_owned()),
    }
}

fn system() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// The time that the rest of the server goes by.
struct ClockTime(Clock);

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockTime")
    }
}

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from((self.0)().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Checks the time, the name and the chain, in this order. A server's own certificate may be among the trusted ones.
#[derive(Debug)]
struct Verifier {
    known: Vec<CertificateDer<'static>>,
    /// `None` if no trusted certificate can be read.
    chains: Option<Arc<WebPkiServerVerifier>>,
    algorithms: rustls::crypto::WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        let (not_before, not_after) = validity(leaf).ok_or(CertificateError::BadEncoding)?;
        if now < not_before {
            return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
        }
        if now > not_after {
            return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
        }
        verify_server_name(&parsed, name)?;
        if self.known.iter().any(|known| known == leaf) {
            return Ok(ServerCertVerified::assertion());
        }
        let chains = self.chains.as_ref().ok_or(CertificateError::UnknownIssuer)?;
        chains.verify_server_cert(leaf, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What a Go client says of a failed handshake.
pub(super) fn text(error: &rustls::Error) -> String {
    let refused = match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::NotValidForNameContext { expected, presented } => name_text(expected, presented),
            CertificateError::ExpiredContext { time, not_after } => {
                validity_text(&format!("current time {} is after {}", shown(*time), shown(*not_after)))
            }
            CertificateError::NotValidYetContext { time, not_before } => {
                validity_text(&format!("current time {} is before {}", shown(*time), shown(*not_before)))
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "certificate specifies an incompatible key usage".to_owned()
            }
            CertificateError::BadEncoding => "malformed certificate".to_owned(),
            _ => "certificate signed by unknown authority".to_owned(),
        },
        rustls::Error::InvalidMessage(_) => return "tls: first record does not look like a TLS handshake".to_owned(),
        rustls::Error::AlertReceived(alert) => return format!("remote error: tls: {alert:?}"),
        other => return format!("tls: {other}"),
    };
    format!("tls: failed to verify certificate: x509: {refused}")
}

fn validity_text(why: &str) -> String {
    format!("certificate has expired or is not yet valid: {why}")
}

fn shown(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).map(rfc3339).unwrap_or_default()
}

/// The names in a certificate come as `DnsName("localhost")` and `IpAddress(127.0.0.1)`.
fn name_text(expected: &ServerName<'_>, presented: &[String]) -> String {
    let inside = |name: &str, form: &str| {
        let inside = name.strip_prefix(form)?.strip_prefix('(')?.strip_suffix(')')?;
        Some(inside.trim_matches('"').to_owned())
    };
    let (form, host) = match expected {
        ServerName::IpAddress(address) => ("IpAddress", std::net::IpAddr::from(*address).to_string()),
        other => ("DnsName", other.to_str().into_owned()),
    };
    let names: Vec<_> = presented.iter().filter_map(|name| inside(name, form)).collect();
    match (form, names.is_empty()) {
        ("IpAddress", true) => {
            format!("cannot validate certificate for {host} because it doesn't contain any IP SANs")
        }
        (_, true) => format!("certificate is not valid for any names, but wanted to match {host}"),
        _ => format!("certificate is valid for {}, not {host}", names.join(", ")),
    }
}

/// From when and until when a certificate is valid.
fn validity(certificate: &[u8]) -> Option<(UnixTime, UnixTime)> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (tag, whole, _) = element(certificate)?;
    let (_, mut rest, _) = element(whole)?;
    // Version, serial number, signature algorithm and issuer come first; the version may be missing.
    for _ in 0..3 + usize::from(rest.first() == Some(&VERSION)) {
        rest = element(rest)?.2;
    }
    let (inner, validity, _) = element(rest)?;
    let (_, from, rest) = element(validity)?;
    let (_, until, _) = element(rest)?;
    (tag == SEQUENCE && inner == SEQUENCE).then_some((time(from)?, time(until)?))
}

/// The tag and the content of the first DER element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], mut rest) = bytes.split_first_chunk()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (digits, after) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// A time as certificates write it: `YYMMDDHHMMSSZ` up to 2049, `YYYYMMDDHHMMSSZ` from then on.
fn time(text: &[u8]) -> Option<UnixTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match (text.len(), text) {
        (12, text) if text < "5" => format!("20{text}"),
        (12, text) => format!("19{text}"),
        (14, text) => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| text.get(range);
    let (date, clock) = (
        format!("{}-{}-{}", part(0..4)?, part(4..6)?, part(6..8)?),
        format!("{}:{}:{}", part(8..10)?, part(10..12)?, part(12..14)?),
    );
    let time: Timestamp = format!("{date}T{clock}Z").parse().ok()?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(time.as_second()).unwrap_or_default())))
}
