//! No file uses another that uses it back, directly or through others: inside a room, too, arrows point down.
//!
//! What a `mod.rs` re-exports counts as what it leads to; what a `mod.rs` itself defines is the folder's common ground
//! and counts for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::{Source, code, sources};

/// Circles that do no harm: an error names the field it is about and a field is part of an error; the types are a tree
/// whose objects have fields of these types, and the built-in ones are looked up in the table.
const HARMLESS: &[&[&str]] = &[
    &["src/object/field.rs", "src/object/status.rs"],
    &["src/schema/facts.rs", "src/schema/object.rs", "src/schema/types.rs"],
];

/// The modules of the crate by their path, e.g. `controllers::engine::runner`, each with its file.
type Modules = BTreeMap<String, Source>;

#[test]
fn files_of_a_room_form_no_circles() {
    let modules = modules();
    let graph: BTreeMap<&str, BTreeSet<String>> =
        modules.iter().map(|(path, source)| (path.as_str(), used_by(path, source, &modules))).collect();
    let mut wrong = Vec::new();
    for circle in circles(&graph) {
        let files: Vec<_> = circle.iter().map(|path| modules[*path].name.as_str()).collect();
        if !HARMLESS.contains(&files.as_slice()) {
            wrong.push(format!("{} use each other in a circle", files.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_found_alone_and_in_groups() {
    let text = "use super::{a::{B, c}, d};\npub use crate::x::Y as Z;\nfn f() -> super::e::F {}\n";
    assert_eq!(paths(text), ["super::a::B", "super::a::c", "super::d", "crate::x::Y", "super::e::F"]);
}

#[test]
fn circles_are_found_and_chains_are_not() {
    let uses = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let graph = BTreeMap::from([("a", uses(&["b"])), ("b", uses(&["c"])), ("c", uses(&["b"])), ("d", uses(&["a"]))]);
    assert_eq!(circles(&graph), [["b", "c"]]);
}

fn modules() -> Modules {
    let path = |source: &Source| {
        let path = source.name.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
        path.strip_suffix("::mod").map_or(path.clone(), str::to_owned)
    };
    sources().into_iter().map(|source| (path(&source), source)).collect()
}

/// The modules of the same room that a file uses.
fn used_by(path: &str, source: &Source, modules: &Modules) -> BTreeSet<String> {
    let found = paths(&source.text).into_iter().filter_map(|used| resolve(path, &used, modules));
    found.filter(|used| used != path && modules[used].room == source.room && !is_list(&modules[used])).collect()
}

fn is_list(source: &Source) -> bool {
    source.name.ends_with("/mod.rs")
}

/// The module that a path leads to as it is written in a module.
fn resolve(from: &str, used: &str, modules: &Modules) -> Option<String> {
    let (first, rest) = used.split_once("::").unwrap_or((used, ""));
    let is_child = || modules.contains_key(&join(from, first));
    let path = match first {
        "crate" => rest.to_owned(),
        "self" => join(from, rest),
        "super" => join(from.rsplit_once("::")?.0, rest),
        _ if is_child() => join(from, used),
        _ => return None,
    };
    let mut module = path.as_str();
    while !modules.contains_key(module) {
        module = module.rsplit_once("::")?.0;
    }
    let item = path[module.len()..].trim_start_matches("::").split("::").next().unwrap_or_default();
    if is_list(&modules[module]) && !item.is_empty() {
        let source = &modules[module];
        let exported = paths(&source.text).into_iter().find(|path| path.rsplit("::").next() == Some(item))?;
        return resolve(module, &exported, modules);
    }
    Some(module.to_owned())
}

fn join(module: &str, rest: &str) -> String {
    if rest.is_empty() { module.to_owned() } else { format!("{module}::{rest}") }
}

/// Every path that the text imports, groups taken apart, and every other one that begins with `crate` or `super`.
fn paths(text: &str) -> Vec<String> {
    static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\buse\s+([^;]+);").expect("a valid pattern"));
    static PATH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:crate|super)(?:::\w+)+").expect("a valid pattern"));
    let text: String = code(text).map(|(_, line)| format!("{line}\n")).collect();
    let mut found = Vec::new();
    for import in USE.captures_iter(&text) {
        expand("", import[1].trim(), &mut found);
    }
    let rest = USE.replace_all(&text, "");
    found.extend(PATH.find_iter(&rest).map(|path| path.as_str().to_owned()));
    found
}

/// Takes the groups of an import apart.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let Some((head, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        found.push(format!("{prefix}{path}").trim_end_matches("::self").to_owned());
        return;
    };
    let (prefix, group) = (format!("{prefix}{}", head.trim()), group.trim_end().trim_end_matches('}'));
    let group = if tree.trim_end().ends_with('}') { &tree[head.len() + 1..tree.trim_end().len() - 1] } else { group };
    let (mut depth, mut start) = (0, 0);
    for (index, letter) in group.char_indices().chain([(group.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = group[start..index].trim();
                if !part.is_empty() {
                    expand(&prefix, part, found);
                }
                start = index + 1;
            }
            _ => {}
        }
    }
}

/// The groups of modules that reach each other, each sorted.
fn circles<'a>(graph: &BTreeMap<&'a str, BTreeSet<String>>) -> Vec<Vec<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = graph.keys().map(|module| (*module, reach(module, graph))).collect();
    let mut found = BTreeSet::new();
    for (module, reaches) in &reached {
        let circle: Vec<_> = reaches.iter().filter(|other| reached[**other].contains(module)).copied().collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// Everything that can be reached from a module, itself included if it is in a circle.
fn reach<'a>(from: &str, graph: &BTreeMap<&'a str, BTreeSet<String>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![from];
    while let Some(module) = open.pop() {
        for used in graph.get(module).into_iter().flatten() {
            if let Some((used, _)) = graph.get_key_value(used.as_str())
                && reached.insert(*used)
            {
                open.push(used);
            }
        }
    }
    reached
}
