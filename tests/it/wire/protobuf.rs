//! Kubernetes protobuf, both ways.

use kubedouble::{
    object::GroupVersionKind,
    schema::{self, Form, ObjectType, Type},
    wire::{self, MediaType, Validation, protobuf},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What a Go client sends for the Service below.
const SERVICE: &str = "6b3873000a0d0a02763112075365727669636512580a1d0a02733312001a0022002a003200380042005a09\
    0a036170701202733312330a180a0538302d3830120354435018502206080010501a0028001a002209436c757374657249503a00\
    420052005a00600068001a020a001a002200";

fn service() -> Value {
    json!({
        "kind": "Service", "apiVersion": "v1", "metadata": {"name": "s3", "labels": {"app": "s3"}},
        "spec": {"ports": [{"name": "80-80", "protocol": "TCP", "port": 80, "targetPort": 80}], "type": "ClusterIP"},
        "status": {"loadBalancer": {}},
    })
}

fn message(name: &str) -> &'static ObjectType {
    schema::built_in(name).expect(name)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

#[test]
fn a_service_looks_as_go_writes_it() {
    assert_eq!(protobuf::encode(&service(), message("api.core.v1.Service")), hex(SERVICE));
    let (api_version, kind, value) = protobuf::decode(&hex(SERVICE), schema::by_gvk).expect("decodes");
    assert_eq!((api_version.as_str(), kind.as_str()), ("v1", "Service"));
    assert_eq!(value.to_string(), service().to_string());
}

#[test]
fn delete_options_keep_an_explicit_zero() {
    let sent = "6b3873000a130a027631120d44656c6574654f7074696f6e73120e0800220a4261636b67726f756e641a002200";
    let (_, _, value) = protobuf::decode(&hex(sent), schema::by_gvk).expect("decodes");
    assert_eq!(value["gracePeriodSeconds"], 0);
    assert_eq!(value["propagationPolicy"], "Background");
}

#[test]
fn a_body_is_decoded_as_the_kind_of_its_route() {
    let gvk = GroupVersionKind::new("", "v1", "Service");
    let decode = |body: &[u8]| {
        let service = message("api.core.v1.Service");
        wire::decode_object(body, MediaType::Protobuf, service, &gvk, Validation::Strict).map_err(|e| e.message)
    };
    assert_eq!(decode(&hex(SERVICE)).expect("decodes").value, service());
    let refused = "the object provided is unrecognized (must be of type Service): ";
    assert_eq!(decode(b""), Err(format!("{refused}empty data (<empty>)")));
    let prefix = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    assert_eq!(decode(b"{}"), Err(format!("{refused}{prefix} ({{}})")));
    assert_eq!(decode(b"k8s\0\x0a\x7f"), Err(format!("{refused}unexpected EOF (6b3873000a7f)")));
}

#[test]
fn a_watch_frame_has_its_length_in_front() {
    let object = hex(SERVICE);
    let frame = protobuf::watch_frame("ADDED", &object);
    let length = u32::from_be_bytes(frame[..4].try_into().expect("four bytes")) as usize;
    assert_eq!(length, frame.len() - 4);
    assert_eq!(frame[4..11], *b"\x0a\x05ADDED");
    assert!(frame.ends_with(&object));
}

#[test]
fn packed_and_unpacked_lists_of_numbers_are_both_read() {
    let context = message("api.core.v1.PodSecurityContext");
    let groups = json!([7, 300]);
    for bytes in ["200720ac02", "220307ac02"] {
        let decoded = protobuf::decode_message(&hex(bytes), context).expect(bytes);
        assert_eq!(decoded["supplementalGroups"], groups, "{bytes}");
    }
}

#[test]
fn statuses_and_lists_are_written_too() {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 404});
    let list = json!({
        "kind": "ServiceList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"},
        "items": [{"metadata": {"name": "a"}, "spec": {"clusterIP": "None"}, "status": {"loadBalancer": {}}}],
    });
    for value in [status, list] {
        let encoded = wire::encode(&value, MediaType::Protobuf, false);
        assert_eq!(protobuf::decode(&encoded, schema::by_gvk).expect("decodes").2, value);
    }
}

#[test]
fn nesting_has_a_limit() {
    // JSONSchemaProps.not, field 28, within itself.
    let mut raw = Vec::new();
    for _ in 0..2000 {
        let mut outer = vec![0xe2, 0x01];
        let mut length = raw.len();
        while length >= 0x80 {
            outer.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(&raw);
        raw = outer;
    }
    let schema = message("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
    assert_eq!(protobuf::decode_message(&raw, schema).expect_err("refused").0, "exceeded max depth");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_kind_survives_a_round_trip(seed: u64) {
        let mut names: Vec<_> = schema::built_ins().collect();
        names.sort_unstable();
        for message in names.into_iter().map(message).filter(|m| !m.gvks.is_empty()) {
            let mut value = Dice(seed | 1).object(message, 5);
            value.insert("kind".into(), (*message.gvks[0].kind).into());
            value.insert("apiVersion".into(), message.gvks[0].api_version().into());
            let value = wire::stored_form(value.into(), message).expect("a well-typed object");
            let decoded = protobuf::decode(&protobuf::encode(&value, message), schema::by_gvk).expect("decodes").2;
            prop_assert_eq!(decoded.to_string(), value.to_string());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let mut body = protobuf::PREFIX.to_vec();
        body.extend(&bytes);
        let _ = protobuf::decode(&body, schema::by_gvk);
        let _ = protobuf::decode_message(&bytes, message("api.core.v1.Pod"));
    }

    #[test]
    fn damaged_bytes_never_panic(at in 0..100_usize, byte: u8) {
        let mut body = hex(SERVICE);
        body[at] = byte;
        let _ = protobuf::decode(&body, schema::by_gvk);
    }
}

/// Makes up values of any message, always the same ones for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn object(&mut self, object: &ObjectType, depth: u32) -> Map<String, Value> {
        let mut members = Map::new();
        // Items of lists have no kind in protobuf, so no nested object gets one.
        for field in object.fields().iter().filter(|f| f.number > 0) {
            if self.roll(if depth > 0 { 3 } else { 12 }) == 0 {
                members.insert(field.name.to_string(), self.value(&field.ty, depth));
            }
        }
        members
    }

    fn value(&mut self, ty: &Type, depth: u32) -> Value {
        let (pick, count) = (self.roll(4) as usize, self.roll(3));
        match &ty.form {
            Form::String => ["", "a", "<é>", "a b"][pick].into(),
            Form::Bool => (pick > 1).into(),
            Form::Int32 => [0, 1, -1, i32::MAX][pick].into(),
            Form::Int64 => [0, 1, i64::MIN, i64::MAX][pick].into(),
            Form::Double => [0.5, 1.25, -3.5, 1e30][pick].into(),
            Form::Bytes => ["", "aGk=", "AA==", "//8="][pick].into(),
            Form::Object(object) => self.object(object, depth.saturating_sub(1)).into(),
            Form::List(list) => (0..count).map(|_| self.value(&list.items, depth)).collect(),
            Form::Map(values) => {
                (0..count).map(|i| (format!("k{i}"), self.value(values, depth))).collect::<Map<_, _>>().into()
            }
            Form::Time => ["2020-01-02T03:04:05Z", "1969-12-31T23:59:59Z"][pick % 2].into(),
            Form::MicroTime => ["2020-01-02T03:04:05.000001Z", "2020-01-02T03:04:05.120000Z"][pick % 2].into(),
            Form::Quantity => ["1", "500m", "1Gi", "0"][pick].into(),
            Form::IntOrString => [json!(0), json!(-5), json!("50%"), json!("")][pick].clone(),
            Form::Duration => ["0s", "1m0s", "1.5s", "2h0m3s"][pick].into(),
            Form::Either(either) if pick > 1 => self.object(&either.object, depth.saturating_sub(1)).into(),
            Form::Either(either) => match &either.other.form {
                // An empty list is no value in protobuf.
                Form::List(list) => vec![self.value(&list.items, depth.saturating_sub(1))].into(),
                _ => self.value(&either.other, depth),
            },
            Form::Any => [json!({"f:a": {"x": [1, null]}}), json!({}), json!([1.5]), json!("<")][pick].clone(),
        }
    }
}
