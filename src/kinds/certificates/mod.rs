//! Requests for certificates.

kinds! {
    certificate_signing_request,
}
