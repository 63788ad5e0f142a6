//! Ingresses and the address ranges of Services.

kinds! {
    ingress,
    ingress_class,
    ip_address,
    service_cidr,
}
