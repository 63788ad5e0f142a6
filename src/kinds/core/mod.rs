//! The kinds of the core group, Services and pods aside.

mod token;

kinds! {
    binding,
    config_map,
    endpoints,
    event,
    namespace,
    node,
    replication_controller,
    secret,
    service_account,
}
