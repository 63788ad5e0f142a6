//! The hashes by which Kubernetes orders ports and subsets: FNV-1a of the text in which Go prints the structure.

use serde_json::Value;

use crate::object::meta;

/// The order of a port within a subset of Endpoints.
pub fn subset_port_hash(port: &Value) -> u128 {
    fnv128(&format!("(v1.EndpointPort){}", subset_port(port)))
}

/// The order of a subset within Endpoints.
pub fn subset_hash(subset: &Value) -> u128 {
    let list = |name: &str, dump: fn(&Value) -> String| match subset.get(name).and_then(Value::as_array) {
        None => "<nil>".to_owned(),
        Some(items) => format!("[{}]", items.iter().map(dump).collect::<Vec<_>>().join(" ")),
    };
    fnv128(&format!(
        "(v1.EndpointSubset){{Addresses:([]v1.EndpointAddress){} NotReadyAddresses:([]v1.EndpointAddress){} \
         Ports:([]v1.EndpointPort){}}}",
        list("addresses", address),
        list("notReadyAddresses", address),
        list("ports", subset_port)
    ))
}

/// The order of a port within an EndpointSlice.
pub fn slice_port_hash(port: &Value) -> u128 {
    let number = port.get("port").and_then(Value::as_i64).map_or("<nil>".to_owned(), |number| number.to_string());
    fnv128(&format!(
        "(v1.EndpointPort){{Name:(*string){} Protocol:(*v1.Protocol){} Port:(*int32){number} AppProtocol:(*string){}}}",
        pointer(port.get("name")),
        pointer(port.get("protocol")),
        pointer(port.get("appProtocol")),
    ))
}

/// FNV-1a with 128 bits.
fn fnv128(text: &str) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

fn subset_port(port: &Value) -> String {
    let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
    format!(
        "{{Name:(string){} Port:(int32){number} Protocol:(v1.Protocol){} AppProtocol:(*string){}}}",
        meta::text(port, &["name"]),
        meta::text(port, &["protocol"]),
        pointer(port.get("appProtocol")),
    )
}

fn address(address: &Value) -> String {
    format!(
        "{{IP:(string){} Hostname:(string){} NodeName:(*string){} TargetRef:(*v1.ObjectReference){}}}",
        meta::text(address, &["ip"]),
        meta::text(address, &["hostname"]),
        pointer(address.get("nodeName")),
        address.get("targetRef").map_or_else(|| "<nil>".to_owned(), reference),
    )
}

fn reference(target: &Value) -> String {
    let text = |name: &str| meta::text(target, &[name]);
    format!(
        "{{Kind:(string){} Namespace:(string){} Name:(string){} UID:(types.UID){} APIVersion:(string){} \
         ResourceVersion:(string){} FieldPath:(string){}}}",
        text("kind"),
        text("namespace"),
        text("name"),
        text("uid"),
        text("apiVersion"),
        text("resourceVersion"),
        text("fieldPath"),
    )
}

fn pointer(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or("<nil>")
}
