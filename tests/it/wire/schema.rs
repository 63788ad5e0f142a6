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

#[test]
fn messages_and_fields_are_described() {
    let described = |message: &str, field: Option<&str>| schema::description(message, field).unwrap_or_default();
    assert!(described("api.core.v1.Service", None).starts_with("Service is a named abstraction"));
    assert!(described("api.core.v1.ServiceSpec", Some("clusterIP")).starts_with("clusterIP is the IP address"));
    // Fields that are messages and fields of embedded structs have texts of their own.
    assert!(described("api.core.v1.ServicePort", Some("targetPort")).starts_with("Number or name of the port"));
    assert!(described("api.core.v1.Volume", Some("secret")).starts_with("secret represents"));
    assert!(described("apimachinery.pkg.apis.meta.v1.ObjectMeta", Some("name")).starts_with("Name must be unique"));
    assert!(described("api.core.v1.ServiceList", Some("kind")).starts_with("Kind is a string value"));
    assert_eq!(schema::description("api.core.v1.Service", Some("nope")), None);
    assert_eq!(schema::description("nope", None), None);
}

#[test]
fn every_field_that_can_be_described_is() {
    let mut missing: Vec<String> = Vec::new();
    for name in schema::messages() {
        let message = schema::message(name).expect(name);
        // JSON schemas have no descriptions of themselves, and events are an enum in the crate the texts come from.
        if schema::description(name, None).is_none()
            || name.starts_with("apiextensions-")
            || name.ends_with("WatchEvent")
        {
            continue;
        }
        let absent = message.fields.iter().filter(|f| schema::description(name, Some(f.name)).is_none());
        missing.extend(absent.filter(|_| message.form == Form::Object).map(|f| format!("{name}.{}", f.name)));
    }
    assert_eq!(missing, ["api.networking.v1.IngressRule.http"]);
}
