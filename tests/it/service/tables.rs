//! Services as rows, and the values field selectors see.

use kubedouble::kinds::{Moment, service};
use serde_json::{Value, json};

#[test]
fn a_row_shows_how_to_reach_a_service() {
    let ingress = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}, {"hostname": "b.c"}, {"ip": "192.0.2.1"}]}});
    let none = json!({"loadBalancer": {}});
    let port = json!([{"port": 80, "protocol": "TCP"}]);
    let cases = [
        (
            json!({"type": "ClusterIP", "clusterIPs": ["10.0.0.1"], "ports": port, "selector": {"b": "2", "a": "1"}}),
            &none,
            ["ClusterIP", "10.0.0.1", "<none>", "80/TCP", "a=1,b=2"],
        ),
        (
            json!({
                "type": "NodePort", "clusterIPs": ["10.0.0.1"], "externalIPs": ["192.0.2.3", "192.0.2.2"],
                "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30080}, {"port": 53, "protocol": "UDP"}],
            }),
            &none,
            ["NodePort", "10.0.0.1", "192.0.2.3,192.0.2.2", "80:30080/TCP,53/UDP", "<none>"],
        ),
        (
            json!({"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "ports": port}),
            &none,
            ["LoadBalancer", "10.0.0.1", "<pending>", "80/TCP", "<none>"],
        ),
        (
            json!({"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "externalIPs": ["192.0.2.0"]}),
            &ingress,
            ["LoadBalancer", "10.0.0.1", "192.0.2.1,192.0.2.9,b.c,192.0.2.0", "<none>", "<none>"],
        ),
        (
            json!({"type": "ExternalName", "externalName": "x.y"}),
            &none,
            ["ExternalName", "<none>", "x.y", "<none>", "<none>"],
        ),
        (
            json!({"type": "ClusterIP", "clusterIPs": ["None"]}),
            &none,
            ["ClusterIP", "None", "<none>", "<none>", "<none>"],
        ),
    ];
    for (spec, status, expected) in cases {
        let object = json!({"metadata": {"name": "web"}, "spec": spec, "status": status});
        let cells = (service::DEF.cells)(&object, Moment::UNIX_EPOCH);
        assert_eq!(cells.len(), service::DEF.columns.len());
        let shown: Vec<&Value> = [1, 2, 3, 4, 6].map(|i| &cells[i]).into();
        assert_eq!(shown, expected, "{object}");
    }
}

#[test]
fn selectable_fields_are_the_type_and_the_primary_address() {
    let object = json!({"spec": {"type": "ClusterIP", "clusterIP": "None"}});
    let values: Vec<_> = service::DEF.fields.iter().map(|field| (&*field.path, (field.value)(&object))).collect();
    assert_eq!(values, [("spec.clusterIP", "None".to_owned()), ("spec.type", "ClusterIP".to_owned())]);
}
