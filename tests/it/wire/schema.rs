//! The table of facts.

use kubedouble::schema::{self, Form, ListKind, Type};

/// Looks up every object that a type refers to.
fn resolve(ty: &Type) {
    match &ty.form {
        Form::List(list) => resolve(&list.items),
        Form::Map(values) => resolve(values),
        Form::Object(object) => assert!(!object.name.is_empty()),
        Form::Either(either) => resolve(&either.other),
        _ => {}
    }
}

#[test]
fn every_type_parses_and_every_type_it_names_exists() {
    let names: Vec<_> = schema::built_ins().collect();
    assert!(names.len() > 640);
    for name in names {
        for field in schema::built_in(name).expect(name).fields() {
            resolve(&field.ty);
            assert!(field.number > 0 || ["kind", "apiVersion"].contains(&&*field.name), "{name}.{}", field.name);
        }
    }
}

#[test]
fn a_kind_starts_with_its_type() {
    let service = schema::built_in("api.core.v1.Service").expect("Service");
    let names: Vec<_> = service.fields().iter().map(|f| &*f.name).collect();
    assert_eq!(names, ["kind", "apiVersion", "metadata", "spec", "status"]);
    assert_eq!(service.gvks[0].to_string(), "/v1, Kind=Service");
    assert_eq!(service.go_name(), "v1.Service");
    assert!(std::ptr::eq(schema::by_gvk("v1", "Service").expect("by kind"), service));
    assert!(schema::by_gvk("apps/v1", "Service").is_none());
    assert!(schema::by_gvk("batch/v1", "CronJob").is_some(), "also kinds that are not served are known");
}

#[test]
fn service_ports_are_merged_by_port_and_protocol() {
    let spec = schema::built_in("api.core.v1.ServiceSpec").expect("ServiceSpec");
    let ports = spec.field("ports").expect("ports");
    let list = ports.ty.list().expect("a list");
    assert_eq!(list.kind, Some(ListKind::Map));
    assert_eq!(list.keys, ["port", "protocol"]);
    assert_eq!((ports.merge_key, ports.patch), (Some("port"), Some("merge")));
    assert_eq!(ports.ty.go_type(), "[]v1.ServicePort");
    assert_eq!(spec.field("type").expect("type").ty.go_type(), "v1.ServiceType");
    assert!(spec.field("selector").expect("selector").ty.is_atomic());
    assert_eq!(spec.field("selector").expect("selector").ty.go_type(), "map[string]string");
}

#[test]
fn embedded_structs_lend_their_fields() {
    let through = |name: &str, field: &str| -> Vec<_> {
        let object = schema::built_in(name).expect(name);
        object.field(field).expect(field).embedded.iter().map(|e| (e.number, e.go)).collect()
    };
    assert_eq!(through("api.core.v1.Volume", "secret"), [(2, "VolumeSource")]);
    let rule = "api.admissionregistration.v1.NamedRuleWithOperations";
    assert_eq!(through(rule, "apiGroups"), [(2, "RuleWithOperations"), (2, "Rule")]);
    assert!(schema::built_in("api.core.v1.Volume").expect("Volume").field("volumeSource").is_none());
}

#[test]
fn types_that_are_no_objects_have_forms() {
    let port = schema::built_in("api.core.v1.ServicePort").expect("ServicePort").field("targetPort").expect("field");
    assert!(matches!(port.ty.form, Form::IntOrString));
    assert_eq!(port.ty.definition, Some("apimachinery.pkg.util.intstr.IntOrString"));
    let extra = schema::built_in("api.authentication.v1.UserInfo").expect("UserInfo").field("extra").expect("field");
    assert_eq!(extra.ty.go_type(), "map[string]v1.ExtraValue");
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
    for name in schema::built_ins() {
        // JSON schemas have no descriptions of themselves, and events are an enum in the crate the texts come from.
        if schema::description(name, None).is_none()
            || name.starts_with("apiextensions-")
            || name.ends_with("WatchEvent")
            || NOT_IN_JSON.iter().any(|ending| name.ends_with(ending))
        {
            continue;
        }
        let object = schema::built_in(name).expect(name);
        let absent = object.fields().iter().filter(|f| schema::description(name, Some(&f.name)).is_none());
        missing.extend(absent.map(|f| format!("{name}.{}", f.name)));
    }
    missing.sort_unstable();
    assert_eq!(
        missing,
        ["api.certificates.v1.CertificateSigningRequest.metadata", "api.networking.v1.IngressRule.http"]
    );
}

/// Types that have fields in protobuf only.
const NOT_IN_JSON: [&str; 6] = [".Time", ".MicroTime", ".Quantity", ".IntOrString", ".RawExtension", ".FieldsV1"];
