//! The table of facts.

use kubedouble::schema::{self, Form, ListType, Type};

#[test]
fn every_message_parses_and_every_type_it_names_exists() {
    let names: Vec<_> = schema::messages().collect();
    assert!(names.len() > 400);
    for name in names {
        let message = schema::message(name).expect(name);
        for field in &message.fields {
            let _ = field.message();
            assert!(field.number > 0 || ["kind", "apiVersion"].contains(&field.name), "{name}.{}", field.name);
        }
    }
}

#[test]
fn a_kind_starts_with_its_type() {
    let service = schema::message("api.core.v1.Service").expect("Service");
    let names: Vec<_> = service.fields.iter().map(|f| f.name).collect();
    assert_eq!(names, ["kind", "apiVersion", "metadata", "spec", "status"]);
    assert_eq!(service.gvks[0].to_string(), "/v1, Kind=Service");
    assert_eq!(service.go_name(), "v1.Service");
    assert!(std::ptr::eq(schema::by_gvk("v1", "Service").expect("by kind"), service));
    assert!(schema::by_gvk("apps/v1", "Service").is_none());
}

#[test]
fn service_ports_are_merged_by_port_and_protocol() {
    let spec = schema::message("api.core.v1.ServiceSpec").expect("ServiceSpec");
    let ports = spec.field("ports").expect("ports");
    assert_eq!(ports.list_type, Some(ListType::Map));
    assert_eq!(ports.keys, ["port", "protocol"]);
    assert_eq!((ports.merge_key, ports.patch), (Some("port"), Some("merge")));
    assert_eq!(ports.go_container_type(), "[]v1.ServicePort");
    assert_eq!(spec.field("type").expect("type").go_type(), "v1.ServiceType");
    assert!(spec.field("selector").expect("selector").atomic);
}

#[test]
fn embedded_structs_lend_their_fields() {
    let volume = schema::message("api.core.v1.Volume").expect("Volume");
    let secret = volume.field("secret").expect("secret");
    assert_eq!(secret.embedded.map(|e| (e.number, e.go)), Some((2, "VolumeSource")));
    assert!(volume.field("volumeSource").is_none());
}

#[test]
fn special_messages_have_forms() {
    let port = schema::message("api.core.v1.ServicePort").expect("ServicePort").field("targetPort").expect("field");
    assert_eq!(port.message().map(|m| m.form), Some(Form::IntOrString));
    assert!(matches!(port.ty, Type::Message(_)));
}
