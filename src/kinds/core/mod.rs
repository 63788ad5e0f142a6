//! The kinds of the core group, Services and pods aside.

mod token;

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
