//! Checks of a container's ports.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{Container, ContainerPort};

use crate::kinds::pod::typed::{list, text};
use crate::kinds::{core::endpoints::PROTOCOLS, rules::check};
use crate::object::{FieldError, FieldErrors, Path, names};

/// Checks the ports of one container.
pub fn errors(path: &Path, ports: &[ContainerPort]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = text(&port.name);
        if !name.is_empty() {
            let wrong = check::rule(&path.child("name"), name, names::port_name);
            if !wrong.is_empty() {
                errors.extend(wrong);
            } else if !seen.insert(name) {
                errors.push(FieldError::duplicate(&path.child("name"), name));
            }
        }
        match port.container_port {
            0 => errors.push(FieldError::required(&path.child("containerPort"), "")),
            number => errors.extend(check::port_number(&path.child("containerPort"), number.into())),
        }
        match port.host_port.unwrap_or_default() {
            0 => {}
            number => errors.extend(check::port_number(&path.child("hostPort"), number.into())),
        }
        errors.extend(check::one_of(&path.child("protocol"), text(&port.protocol), PROTOCOLS));
    }
    errors
}

/// Two containers can't have the same port of the host.
pub fn conflicts(path: &Path, containers: &[Container]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, container) in containers.iter().enumerate() {
        for (j, port) in list(&container.ports).iter().enumerate() {
            let number = port.host_port.unwrap_or_default();
            if number != 0 && !seen.insert((text(&port.protocol), text(&port.host_ip), number)) {
                let path = path.index(i).child("ports").index(j).child("hostPort");
                let shown = format!("{}/{}/{number}", text(&port.protocol), text(&port.host_ip));
                errors.push(FieldError::duplicate(&path, shown));
            }
        }
    }
    errors
}
