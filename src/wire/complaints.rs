//! What strict decoding says of a patch, which is read before anybody knows what it is a patch of.

use std::collections::HashSet;

use super::tree::Node;

/// The members of an operation of a JSON patch.
const OPERATION: &[&str] = &["op", "path", "from", "value"];

/// Complaints beyond this many are not made.
const COMPLAINTS_MAX: usize = 100;

/// The members of a merge patch that stand twice: `duplicate field "spec.type"`.
pub fn of_merge_patch(patch: &Node) -> Vec<String> {
    complaints(patch, None)
}

/// As [`of_merge_patch`], and what is no member of an operation: `json patch unknown field "[0].note"`.
pub fn of_json_patch(patch: &Node) -> Vec<String> {
    complaints(patch, Some(OPERATION)).into_iter().map(|complaint| format!("json patch {complaint}")).collect()
}

fn complaints(node: &Node, known: Option<&[&str]>) -> Vec<String> {
    let mut found = Vec::new();
    visit(node, &mut String::new(), known, &mut found);
    found
}

/// Only the objects nearest to the top have members that are known.
fn visit(node: &Node, path: &mut String, known: Option<&[&str]>, found: &mut Vec<String>) {
    let parent = path.len();
    match node {
        Node::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                path.push_str(&format!("[{i}]"));
                visit(item, path, known, found);
                path.truncate(parent);
            }
        }
        Node::Object(members) => {
            let mut seen = HashSet::new();
            for (name, value) in members {
                if parent > 0 {
                    path.push('.');
                }
                path.push_str(name);
                if known.is_some_and(|known| !known.contains(&name.as_str())) {
                    complain("unknown", path, found);
                } else {
                    if !seen.insert(name) {
                        complain("duplicate", path, found);
                    }
                    visit(value, path, None, found);
                }
                path.truncate(parent);
            }
        }
        _ => {}
    }
}

fn complain(what: &str, path: &str, found: &mut Vec<String>) {
    let complaint = format!("{what} field \"{path}\"");
    if found.len() < COMPLAINTS_MAX && !found.contains(&complaint) {
        found.push(complaint);
    }
}
