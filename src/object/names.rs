//! Kubernetes' name, label and key rules. Every function returns what is wrong, in kube-apiserver's words;
//! an empty list means the value is fine.

/// DNS-1123 label: `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, at most 63 characters.
pub fn dns1123_label(_value: &str) -> Vec<String> {
    Vec::new()
}
