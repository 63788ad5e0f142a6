//! Definitions that others have published, if the Go module that holds them is on this machine.

use std::path::PathBuf;

use kubedouble::{
    object::{GroupVersionKind, Path},
    structural::{Schema, refusals},
};
use serde_json::Value;

/// Where Go keeps the modules that were downloaded, and the folder of one of them.
fn module(name: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("GOMODCACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join("go/pkg/mod")))?;
    let (parent, start) = name.rsplit_once('/')?;
    let folders = std::fs::read_dir(cache.join(parent)).ok()?.flatten();
    folders
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(start)))
}

#[test]
fn the_gateway_api_is_accepted() {
    let Some(folder) = module("sigs.k8s.io/gateway-api@").map(|folder| folder.join("config/crd/standard")) else {
        return;
    };
    let mut versions = 0;
    for file in std::fs::read_dir(folder).expect("a folder of definitions").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("a file");
        let Ok(definition) = yaml_serde::from_str::<Value>(&text) else { continue };
        for version in definition["spec"]["versions"].as_array().into_iter().flatten() {
            let schema = &version["schema"]["openAPIV3Schema"];
            assert_eq!(refusals(schema, &Path::new("schema"), true), [], "{:?}", file.path());
            let gvk = |kind| GroupVersionKind::owned("gateway.networking.k8s.io", "v1", kind);
            Schema::compile(&gvk("Kind"), &gvk("KindList"), Some(schema)).expect("a structural schema");
            versions += 1;
        }
    }
    assert!(versions > 0, "there are definitions");
}
