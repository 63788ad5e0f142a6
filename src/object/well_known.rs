//! Finalizers and annotations to which Kubernetes itself gives a meaning, whatever the kind.

/// The finalizer of an object whose dependents are deleted before it.
pub const FOREGROUND_DELETION: &str = "foregroundDeletion";
/// The finalizer of an object whose dependents stay.
pub const ORPHAN: &str = "orphan";
/// The finalizer of a namespace that may still hold objects.
pub const KUBERNETES: &str = "kubernetes";
/// The finalizers that need no domain in front.
pub const STANDARD_FINALIZERS: [&str; 3] = [KUBERNETES, ORPHAN, FOREGROUND_DELETION];

/// The annotation in which `kubectl apply` keeps what it last applied from the client's side.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Bytes that the keys and values of all annotations of an object may have.
pub const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;
