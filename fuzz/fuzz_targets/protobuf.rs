//! Hostile protobuf never panics, and what is understood survives being written and read again.
#![no_main]

use kubedouble::{
    schema,
    wire::protobuf::{decode, encode},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok((api_version, kind, object)) = decode(body, schema::by_gvk) else { return };
    let message = schema::by_gvk(&api_version, &kind).expect("decoding found the message");
    let again = decode(&encode(&object, message), schema::by_gvk).expect("what was written can be read");
    assert_eq!(again.2, object);
});
