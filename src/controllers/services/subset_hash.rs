//! The hashes by which Kubernetes orders ports and subsets: FNV-1a of the text in which Go prints the structure.

use k8s_openapi::api::{
    core::v1::{EndpointAddress, EndpointPort, EndpointSubset, ObjectReference},
    discovery::v1::EndpointPort as SlicePort,
};

/// The order of a port within a subset of Endpoints.
pub fn subset_port_hash(port: &EndpointPort) -> u128 {
    fnv128(&format!("(v1.EndpointPort){}", subset_port(port)))
}

/// The order of a subset within Endpoints.
pub fn subset_hash(subset: &EndpointSubset) -> u128 {
    fnv128(&format!(
        "(v1.EndpointSubset){{Addresses:([]v1.EndpointAddress){} NotReadyAddresses:([]v1.EndpointAddress){} \
         Ports:([]v1.EndpointPort){}}}",
        list(subset.addresses.as_deref(), address),
        list(subset.not_ready_addresses.as_deref(), address),
        list(subset.ports.as_deref(), subset_port)
    ))
}

/// The order of a port within an EndpointSlice.
pub fn slice_port_hash(port: &SlicePort) -> u128 {
    let number = port.port.map_or("<nil>".to_owned(), |number| number.to_string());
    fnv128(&format!(
        "(v1.EndpointPort){{Name:(*string){} Protocol:(*v1.Protocol){} Port:(*int32){number} AppProtocol:(*string){}}}",
        pointer(&port.name),
        pointer(&port.protocol),
        pointer(&port.app_protocol),
    ))
}

/// FNV-1a with 128 bits.
fn fnv128(text: &str) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

fn list<T>(items: Option<&[T]>, print: fn(&T) -> String) -> String {
    match items {
        None => "<nil>".to_owned(),
        Some(items) => format!("[{}]", items.iter().map(print).collect::<Vec<_>>().join(" ")),
    }
}

fn subset_port(port: &EndpointPort) -> String {
    format!(
        "{{Name:(string){} Port:(int32){} Protocol:(v1.Protocol){} AppProtocol:(*string){}}}",
        text(&port.name),
        port.port,
        text(&port.protocol),
        pointer(&port.app_protocol),
    )
}

fn address(address: &EndpointAddress) -> String {
    format!(
        "{{IP:(string){} Hostname:(string){} NodeName:(*string){} TargetRef:(*v1.ObjectReference){}}}",
        address.ip,
        text(&address.hostname),
        pointer(&address.node_name),
        address.target_ref.as_ref().map_or_else(|| "<nil>".to_owned(), reference),
    )
}

fn reference(target: &ObjectReference) -> String {
    format!(
        "{{Kind:(string){} Namespace:(string){} Name:(string){} UID:(types.UID){} APIVersion:(string){} \
         ResourceVersion:(string){} FieldPath:(string){}}}",
        text(&target.kind),
        text(&target.namespace),
        text(&target.name),
        text(&target.uid),
        text(&target.api_version),
        text(&target.resource_version),
        text(&target.field_path),
    )
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

fn pointer(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("<nil>")
}
