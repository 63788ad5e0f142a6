//! Keeps the house in order: which room may use which, and the small rules every source file follows.
//!
//! Data enters at the top and leaves at the top; every arrow points down. A room names others only as
//! `crate::<room>::…`, so that this test sees it.
//!
//! | room | is | may use |
//! |---|---|---|
//! | `main` | reads the command line, starts the server | `server`, `config` |
//! | `server` | puts everything together | every room |
//! | `config` | flags and environment; named by `server` and `main` only | `verbs`, `store`, `text` |
//! | `http` | requests and answers | `identity`, `verbs`, `kinds`, `wire`, `schema`, `object`, `text` |
//! | `identity` | tokens, certificates, impersonation, TLS | `object`, `text` |
//! | `controllers` | clients that live inside | `world`, `verbs`, `kinds`, `schema`, `object`, `text` |
//! | `definitions` | serves the kinds that definitions make | `verbs`, `kinds`, `object`, `text` |
//! | `world` | informers and indexes | `verbs`, `kinds`, `object`, `text` |
//! | `verbs` | what can be done to any kind | `webhook`, `kinds`, `merge`, `wire`, `validations`, `structural`, `cel`, `schema`, `store`, `object`, `text` |
//! | `webhook` | calls of webhooks | `kinds`, `wire`, `object`, `text` |
//! | `kinds` | one file per kind: defaults, validation, strategy | `validations`, `structural`, `cel`, `schema`, `object`, `text` |
//! | `merge` | patches and apply, pure | `schema`, `object`, `text` |
//! | `wire` | encodings, pure | `schema`, `object`, `text` |
//! | `structural` | schemas of custom kinds: refusals, pruning, defaults, validation; pure | `validations`, `schema`, `object`, `text` |
//! | `validations` | rules of custom kinds, pure | `cel`, `schema`, `object`, `text` |
//! | `schema` | the facts about every field, pure | `object`, `text` |
//! | `store` | revisions, history, the durable log | `object` |
//! | `cel` | the language of rules, pure | `object`, `text` |
//! | `object` | the vocabulary, pure | `text` |
//! | `text` | how Go writes things, pure | nothing |

mod circles;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use kubedouble::kinds::built_in;
use regex::Regex;

/// The table above, row by row.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &["server", "config"]),
    (
        "server",
        &[
            "config",
            "http",
            "identity",
            "controllers",
            "definitions",
            "world",
            "verbs",
            "webhook",
            "kinds",
            "merge",
            "wire",
            "structural",
            "schema",
            "store",
            "object",
            "cel",
            "text",
        ],
    ),
    ("config", &["verbs", "store", "text"]),
    ("http", &["identity", "verbs", "kinds", "wire", "schema", "object", "text"]),
    ("identity", &["object", "text"]),
    ("controllers", &["world", "verbs", "kinds", "schema", "object", "text"]),
    ("definitions", &["verbs", "kinds", "object", "text"]),
    ("world", &["verbs", "kinds", "object", "text"]),
    (
        "verbs",
        &["webhook", "kinds", "merge", "wire", "validations", "structural", "cel", "schema", "store", "object", "text"],
    ),
    ("webhook", &["kinds", "wire", "object", "text"]),
    ("kinds", &["validations", "structural", "cel", "schema", "object", "text"]),
    ("merge", &["schema", "object", "text"]),
    ("wire", &["schema", "object", "text"]),
    ("structural", &["validations", "schema", "object", "text"]),
    ("validations", &["cel", "schema", "object", "text"]),
    ("schema", &["object", "text"]),
    ("store", &["object"]),
    ("cel", &["object", "text"]),
    ("object", &["text"]),
    ("text", &[]),
];

/// The rooms that are plain functions of their input.
const PURE: &[&str] = &["kinds", "merge", "wire", "validations", "structural", "schema", "cel", "object", "text"];

/// What a pure room never names: files, sockets, clocks, randomness, tasks.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::time::SystemTime",
    "std::thread",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "rand::rng",
    "rand::random",
    "Uuid::new_v4",
    "tokio::",
    "sqlx::",
    "axum::",
    "tracing::",
];

/// The rooms that know no kind by name.
const KNOW_NO_KINDS: &[&str] = &["verbs", "http", "store", "wire", "merge"];

/// Where they may all the same, and what: URLs and an object's own namespace are written with words that are kinds too,
/// and some of kube-apiserver's admission plugins are about a kind.
const KIND_NAMES: &[(&str, &[&str])] = &[
    ("src/verbs/admission/", &["namespace"]),
    ("src/verbs/admission/plugins/limit_ranger.rs", &["limit_range", "pod"]),
    ("src/verbs/admission/plugins/resource_quota/", &["resource_quota", "ResourceQuota"]),
    ("src/verbs/admission/plugins/default_ingress_class.rs", &["ingress", "ingress_class"]),
    ("src/verbs/admission/plugins/default_storage_class.rs", &["persistent_volume_claim", "storage_class"]),
    ("src/verbs/admission/plugins/mod.rs", &["pod"]),
    ("src/verbs/admission/plugins/optional/deny_service_external_ips.rs", &["service"]),
    (
        "src/verbs/admission/plugins/pod_security/",
        &[
            "binding",
            "cronjobs",
            "daemonsets",
            "deployments",
            "jobs",
            "pod",
            "podtemplates",
            "replicasets",
            "replicationcontrollers",
            "statefulsets",
        ],
    ),
    ("src/verbs/admission/plugins/priority.rs", &["pod", "priority_class"]),
    ("src/verbs/admission/plugins/runtime_class.rs", &["RuntimeClass", "pod", "runtime_class"]),
    (
        "src/verbs/admission/plugins/service_account.rs",
        &["ServiceAccount", "pod", "service_account", "secret", "secrets"],
    ),
    (
        "src/verbs/admission/policies/",
        &[
            "validating_admission_policy",
            "validating_admission_policy_binding",
            "ValidatingAdmissionPolicy",
            "mutating_admission_policy",
            "mutating_admission_policy_binding",
            "MutatingAdmissionPolicy",
            // A member of an audit annotation.
            "binding",
        ],
    ),
    ("src/verbs/admission/webhooks/", &["mutating_webhook_configuration", "validating_webhook_configuration"]),
    // What a kubelet may do is a matter of what its pods refer to.
    ("src/verbs/access/authorize.rs", &["Node"]),
    (
        "src/verbs/access/node.rs",
        &[
            "secrets",
            "secret",
            "configmaps",
            "persistentvolumeclaims",
            "serviceaccounts",
            "pods",
            "node",
            "nodes",
            "leases",
            "csinodes",
            "CSINode",
        ],
    ),
    ("src/http/request/path.rs", &["namespaces"]),
    ("src/http/front/request_info.rs", &["namespaces"]),
    ("src/http/front/audit.rs", &["Event"]),
    // A member of an audit policy.
    ("src/http/front/audit_policy.rs", &["namespaces"]),
];

/// The most files that a folder may hold, its `mod.rs`, `lib.rs` and `main.rs` aside.
const LARGEST_FOLDER: usize = 16;

/// The most lines a file may have.
const LONGEST_FILE: usize = 500;

/// What source code never says, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("super::super", "name the room: crate::<room>"),
    (".unwrap()", "return the error, or expect(\"<the invariant>\")"),
    ("TODO", "finish it"),
    ("FIXME", "fix it"),
    ("todo!", "finish it"),
    ("unimplemented!", "finish it"),
    ("dbg!", "a trace of debugging"),
];

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some((_, may_use)) = ROOMS.iter().find(|(room, _)| *room == file.room) else {
            // The crate's root is the map: it declares the rooms and uses none.
            assert_eq!(file.room, "lib", "{} belongs to no room of the table", file.name);
            continue;
        };
        for (number, used) in names_under_the_root(&file.text) {
            let is_room = ROOMS.iter().any(|(room, _)| *room == used);
            if is_room && used != file.room && !may_use.contains(&used) {
                wrong.push(format!("{}:{number}: {} must not use {used}", file.name, file.room));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_found_alone_and_in_groups() {
    let text = "use crate::object::Key;\n// crate::http\nuse crate::{\n    kinds::{KindDef, def::Action},\n    verbs,\n};\n\
                fn f(kubedouble: &str, key: crate::store::spec::Key) {}\n";
    assert_eq!(names_under_the_root(text), [(1, "object"), (4, "kinds"), (5, "verbs"), (7, "store")]);
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| PURE.contains(&file.room.as_str())) {
        for (number, line) in file.code() {
            for name in IMPURE.iter().filter(|name| line.contains(*name)) {
                wrong.push(format!("{}:{number}: {} is pure and must not use {name}", file.name, file.room));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_engine_names_no_kind() {
    static LITERAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""(\w+)""#).expect("a valid pattern"));
    static MODULE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(\w+)::DEF\b").expect("a valid pattern"));
    let mut names = BTreeSet::new();
    for kind in built_in() {
        names.extend([&kind.gvk.kind, &kind.plural, &kind.singular].map(ToString::to_string));
    }
    // The member of metadata, and the scope of a request.
    names.remove("namespace");
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| KNOW_NO_KINDS.contains(&file.room.as_str())) {
        let may_name = KIND_NAMES.iter().filter(|(place, _)| file.name.starts_with(place));
        let may_name: Vec<_> = may_name.flat_map(|(_, names)| names.iter().copied()).collect();
        for (number, line) in file.code() {
            let literals = LITERAL.captures_iter(line).map(|found| found[1].to_owned());
            let literals = literals.filter(|literal| names.contains(literal));
            let modules = MODULE.captures_iter(line).map(|found| found[1].to_owned());
            for name in literals.chain(modules).filter(|name| !may_name.contains(&name.as_str())) {
                wrong.push(format!("{}:{number}: {} must not name the kind {name}", file.name, file.room));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_library_is_a_room() {
    let lib = sources().into_iter().find(|file| file.room == "lib").expect("src/lib.rs");
    let modules = lib.text.lines().filter_map(|line| line.strip_prefix("pub mod ").or(line.strip_prefix("mod ")));
    let modules: BTreeSet<_> = modules.map(|line| line.trim_end_matches(';')).collect();
    assert_eq!(modules, ROOMS.iter().map(|(room, _)| *room).filter(|room| *room != "main").collect());
}

#[test]
fn source_files_follow_the_house_rules() {
    let mut wrong = Vec::new();
    for file in sources() {
        if !file.text.starts_with("//! ") {
            wrong.push(format!("{}:1: say in a `//!` line what the file is", file.name));
        }
        let lines = file.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines; split it by meaning", file.name));
        }
        for (number, line) in file.text.lines().enumerate() {
            for (text, advice) in FORBIDDEN.iter().filter(|(text, _)| line.contains(text)) {
                wrong.push(format!("{}:{}: {text}: {advice}", file.name, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn folders_are_small() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for root in ["src", "tests/it"] {
        for folder in folders(&package.join(root)) {
            let name = folder.strip_prefix(package).expect("a path in the package").display().to_string();
            let entries = std::fs::read_dir(&folder).expect("a folder that can be listed");
            let paths = entries.map(|entry| entry.expect("an entry").path());
            let is_list =
                |path: &Path| ["mod", "lib", "main"].iter().any(|name| path.file_stem() == Some(name.as_ref()));
            let files = paths.filter(|path| path.is_file() && !is_list(path)).count();
            if files > LARGEST_FOLDER {
                wrong.push(format!("{name}: {files} files; split it by meaning"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A folder and all folders below it.
fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_path_buf()];
    let entries = std::fs::read_dir(root).expect("a folder that can be listed");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    found.extend(paths.filter(|path| path.is_dir()).flat_map(|path| folders(&path)));
    found
}

/// A file under src.
struct Source {
    /// Its path, from the package.
    name: String,
    /// The folder or file directly under src that it is in.
    room: String,
    text: String,
}

impl Source {
    /// The numbered lines that are not comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        code(&self.text)
    }
}

fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// What the text names directly under the crate's root, as `crate::<name>` or in a group `crate::{<name>::…, <name>}`,
/// and in which line.
fn names_under_the_root(text: &str) -> Vec<(usize, &str)> {
    static TOKEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:\bcrate|\bkubedouble)::(\{|\w+)|[{},]|\w+").expect("a valid pattern"));
    let mut names = Vec::new();
    // How deep inside a group the text is, and whether the next word begins one of the group's paths.
    let (mut depth, mut begins) = (0, false);
    for (number, line) in code(text) {
        for token in TOKEN.captures_iter(line) {
            let under_root = token.get(1).map(|name| name.as_str());
            match (under_root, &token[0], depth) {
                (Some("{"), ..) => (depth, begins) = (1, true),
                (Some(_), ..) => names.push((number, token.get(1).expect("matched above").as_str())),
                (None, "{", 1..) => depth += 1,
                (None, "}", 1..) => depth -= 1,
                (None, ",", 1) => begins = true,
                (None, _, 1) if begins => {
                    names.push((number, token.get(0).expect("a match").as_str()));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

fn sources() -> Vec<Source> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect_files(&package.join("src"), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.strip_prefix(package).expect("a path in the package").display().to_string();
        let room = name.split('/').nth(1).unwrap_or_default().trim_end_matches(".rs").to_string();
        Source { name, room, text }
    };
    files.into_iter().map(read).collect()
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder that can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
