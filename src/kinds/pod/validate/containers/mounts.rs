//! Checks of the volumes that a container uses, as directories and as block devices.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{Container, VolumeMount};

use crate::kinds::pod::{
    typed::{list, text},
    validate::volumes::{Volumes, has_backsteps, relative_path_errors},
};
use crate::object::{FieldError, FieldErrors, Path};

/// Checks `volumeMounts`. Some errors are at the list although they are of an item.
pub fn errors(path: &Path, container: &Container, volumes: &Volumes<'_>) -> FieldErrors {
    let devices = list(&container.volume_devices);
    let device_names: HashSet<_> = devices.iter().map(|device| device.name.as_str()).collect();
    let device_paths: HashSet<_> = devices.iter().map(|device| device.device_path.as_str()).collect();
    let context = container.security_context.as_ref();
    let privileged = context.and_then(|context| context.privileged).unwrap_or_default();
    let mut errors = FieldErrors::new();
    let mut seen = HashSet::new();
    for (i, mount) in list(&container.volume_mounts).iter().enumerate() {
        let at = path.index(i);
        let (name, place) = (mount.name.as_str(), mount.mount_path.as_str());
        if name.is_empty() {
            errors.push(FieldError::required(&at.child("name"), ""));
        }
        if !volumes.contains_key(name) {
            errors.push(FieldError::not_found(&at.child("name"), name));
        }
        if place.is_empty() {
            errors.push(FieldError::required(&at.child("mountPath"), ""));
        }
        if !seen.insert(place) {
            errors.push(FieldError::invalid(&at.child("mountPath"), place, "must be unique"));
        }
        if device_names.contains(name) {
            errors.push(FieldError::invalid(&at.child("name"), name, "must not already exist in volumeDevices"));
        }
        if device_paths.contains(place) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(FieldError::invalid(&at.child("mountPath"), place, detail));
        }
        errors.extend(sub_path_errors(path, &at, mount));
        errors.extend(propagation_errors(&path.child("mountPropagation"), mount, privileged));
        errors.extend(recursion_errors(&path.child("recursiveReadOnly"), mount));
    }
    errors
}

/// Checks `volumeDevices`.
pub fn device_errors(path: &Path, container: &Container, volumes: &Volumes<'_>) -> FieldErrors {
    let mounts = list(&container.volume_mounts);
    let mount_names: HashSet<_> = mounts.iter().map(|mount| mount.name.as_str()).collect();
    let mount_paths: HashSet<_> = mounts.iter().map(|mount| mount.mount_path.as_str()).collect();
    let mut errors = FieldErrors::new();
    let (mut names, mut paths) = (HashSet::new(), HashSet::new());
    for (i, device) in list(&container.volume_devices).iter().enumerate() {
        let at = path.index(i);
        let (name, place) = (device.name.as_str(), device.device_path.as_str());
        if name.is_empty() {
            errors.push(FieldError::required(&at.child("name"), ""));
        }
        if names.contains(name) {
            errors.push(FieldError::invalid(&at.child("name"), name, "must be unique"));
        }
        match volumes.get(name) {
            Some(volume) if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(FieldError::invalid(&at.child("name"), name, detail));
            }
            Some(_) => {}
            None => errors.push(FieldError::not_found(&at.child("name"), name)),
        }
        if place.is_empty() {
            errors.push(FieldError::required(&at.child("devicePath"), ""));
        }
        if paths.contains(place) {
            errors.push(FieldError::invalid(&at.child("devicePath"), place, "must be unique"));
        }
        if has_backsteps(place) {
            errors.push(FieldError::invalid(&at.child("devicePath"), place, "can not contain backsteps ('..')"));
        } else {
            paths.insert(place);
        }
        if mount_names.contains(name) {
            errors.push(FieldError::invalid(&at.child("name"), name, "must not already exist in volumeMounts"));
        }
        if mount_paths.contains(place) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.push(FieldError::invalid(&at.child("devicePath"), place, detail));
        }
        if !name.is_empty() {
            names.insert(name);
        }
    }
    errors
}

fn sub_path_errors(list: &Path, at: &Path, mount: &VolumeMount) -> FieldErrors {
    let (path, expression) = (text(&mount.sub_path), text(&mount.sub_path_expr));
    let mut errors = FieldErrors::new();
    if !path.is_empty() {
        errors.extend(relative_path_errors(&list.child("subPath"), path));
    }
    if !expression.is_empty() {
        if !path.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(FieldError::invalid(&at.child("subPathExpr"), expression, detail));
        }
        errors.extend(relative_path_errors(&list.child("subPathExpr"), expression));
    }
    errors
}

fn propagation_errors(path: &Path, mount: &VolumeMount, privileged: bool) -> FieldErrors {
    let Some(propagation) = mount.mount_propagation.as_deref() else { return FieldErrors::new() };
    let supported = &["Bidirectional", "HostToContainer", "None"];
    if !supported.contains(&propagation) {
        return vec![FieldError::not_supported(path, propagation, supported)];
    }
    if propagation == "Bidirectional" && !privileged {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        return vec![FieldError::forbidden(path, detail)];
    }
    FieldErrors::new()
}

fn recursion_errors(path: &Path, mount: &VolumeMount) -> FieldErrors {
    let mut errors = FieldErrors::new();
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.read_only.unwrap_or_default() {
                errors.push(FieldError::forbidden(path, "may only be specified when readOnly is true"));
            }
            if mount.mount_propagation.as_deref().is_some_and(|propagation| propagation != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.push(FieldError::forbidden(path, detail));
            }
        }
        Some(other) => errors.push(FieldError::not_supported(path, other, &["Disabled", "Enabled", "IfPossible"])),
    }
    errors
}
