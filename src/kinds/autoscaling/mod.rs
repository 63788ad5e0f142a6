//! What changes the number of pods.

kinds! {
    horizontal_pod_autoscaler,
    horizontal_pod_autoscaler_v1,
}
