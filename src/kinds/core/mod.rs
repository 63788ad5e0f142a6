//! The kinds of the core group, Services and pods aside.

kinds! {
    binding,
    config_map,
    endpoints,
    event,
    namespace,
    node,
    secret,
    service_account,
}
