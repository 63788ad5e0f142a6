//! The kinds of the core group, Services and pods aside.

mod token;

kinds! {
    binding,
    config_map,
    endpoints,
    event,
    limit_range,
    namespace,
    node,
    pod_template,
    replication_controller,
    resource_quota,
    secret,
    service_account,
}
