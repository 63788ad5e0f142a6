//! The admission plugin that keeps requests from becoming superusers.

use serde_json::Value;

use super::request;
use crate::{
    kinds::AdmissionPlugin,
    object::{Status, meta, status::Result},
};

/// Refuses requests for clients of the server in the group that may do everything.
pub struct CertificateSubjectRestriction;

impl AdmissionPlugin for CertificateSubjectRestriction {
    fn name(&self) -> &'static str {
        "CertificateSubjectRestriction"
    }

    fn mutate(&self, object: &mut Value, old: Option<&Value>) -> Result<()> {
        let signer = meta::text(object, &["spec", "signerName"]);
        if old.is_some() || signer != "kubernetes.io/kube-apiserver-client" {
            return Ok(());
        }
        let organizations = request::organizations(meta::text(object, &["spec", "request"])).unwrap_or_default();
        if !organizations.iter().any(|group| group == "system:masters") {
            return Ok(());
        }
        let why = format!("use of {signer} signer with system:masters group is not allowed");
        Err(Status::forbidden("certificates.k8s.io", "certificatesigningrequests", meta::name(object), &why))
    }
}
