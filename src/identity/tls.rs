//! TLS: the certificate the server shows, and what it makes of those that clients show.

use std::{io, sync::Arc};

use tokio::{io::AsyncRead, io::AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
        client::danger::HandshakeSignatureValid,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
        server::{
            WebPkiClientVerifier,
            danger::{ClientCertVerified, ClientCertVerifier},
        },
    },
    server::TlsStream,
};

use super::{Error, PeerCertificate, Result, certificate, certs::Pair};

/// What a server's side of TLS needs.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    /// Verifies what clients show; `None` does not ask them for anything.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

static TLS13_ONLY: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl MinVersion {
    /// Reads a name as kube-apiserver has them. What is older than TLS 1.2 is not spoken here.
    pub fn named(name: &str) -> std::result::Result<Self, String> {
        match name {
            "" | "VersionTLS10" | "VersionTLS11" | "VersionTLS12" => Ok(Self::Tls12),
            "VersionTLS13" => Ok(Self::Tls13),
            _ => Err(format!("unknown tls version {name:?}")),
        }
    }

    fn versions(self) -> &'static [&'static rustls::SupportedProtocolVersion] {
        match self {
            Self::Tls12 => rustls::DEFAULT_VERSIONS,
            Self::Tls13 => &TLS13_ONLY,
        }
    }
}

impl Tls {
    /// Serves with a certificate, and asks clients for one that this CA has signed. Everything is in PEM.
    pub fn new(serving: &Pair, client_ca: Option<&str>, oldest: MinVersion) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let clients = client_ca.map(|pem| verifier(pem, &provider)).transpose()?;
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(oldest.versions());
        let config = config.map_err(tls)?;
        let config = match &clients {
            Some(clients) => config.with_client_cert_verifier(Arc::new(OptionalCertificate(Arc::clone(clients)))),
            None => config.with_no_client_auth(),
        };
        let key =
            PrivateKeyDer::from_pem_slice(serving.key.as_bytes()).map_err(|error| Error::Tls(error.to_string()))?;
        let mut config = config.with_single_cert(certificates(&serving.certificate)?, key).map_err(tls)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), clients })
    }

    /// Shakes hands with a client.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<(TlsStream<S>, PeerCertificate)> {
        let stream = self.acceptor.accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificate = self.identify(shown);
        Ok((stream, certificate))
    }

    fn identify(&self, shown: &[CertificateDer<'_>]) -> PeerCertificate {
        let (Some(clients), [leaf, intermediates @ ..]) = (&self.clients, shown) else { return PeerCertificate::None };
        if let Err(error) = clients.verify_client_cert(leaf, intermediates, UnixTime::now()) {
            tracing::debug!(%error, "a client's certificate cannot be verified");
            return PeerCertificate::Unverified;
        }
        certificate::user(leaf).map_or(PeerCertificate::None, |user| PeerCertificate::Of(Arc::new(user)))
    }
}

fn verifier(pem: &str, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(tls)?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Error::Tls(error.to_string()))
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<std::result::Result<Vec<_>, _>>();
    let all = all.map_err(|error| Error::Tls(error.to_string()))?;
    if all.is_empty() { Err(Error::Tls("there is no certificate in the PEM data".to_owned())) } else { Ok(all) }
}

fn tls(error: rustls::Error) -> Error {
    Error::Tls(error.to_string())
}

/// Asks for a certificate and lets every client in that holds the key of the one it shows: a certificate that cannot be
/// verified is answered with 401, which only HTTP can say.
#[derive(Debug)]
struct OptionalCertificate(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for OptionalCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
