//! What strict decoding says of a patch, which is read before anybody knows what it is a patch of.

use super::{
    decode::{Duplicates, Strict},
    tree::Node,
};

/// The members of an operation of a JSON patch.
const OPERATION: &[&str] = &["op", "path", "from", "value"];

/// The members of a merge patch that stand twice: `duplicate field "spec.type"`.
pub fn of_merge_patch(patch: &Node) -> Vec<String> {
    complaints(patch, None)
}

/// As [`of_merge_patch`], and what is no member of an operation: `json patch unknown field "[0].note"`.
pub fn of_json_patch(patch: &Node) -> Vec<String> {
    complaints(patch, Some(OPERATION)).into_iter().map(|complaint| format!("json patch {complaint}")).collect()
}

fn complaints(node: &Node, known: Option<&[&str]>) -> Vec<String> {
    let mut found = Strict::default();
    visit(node, &mut String::new(), known, &mut found);
    found.into_texts()
}

/// Only the objects nearest to the top have members that are known.
fn visit(node: &Node, path: &mut String, known: Option<&[&str]>, found: &mut Strict) {
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
            let mut duplicates = Duplicates::among(members);
            for (name, value) in members {
                let times_met = duplicates.times_met(name);
                if known.is_some_and(|known| !known.contains(&name.as_str())) {
                    if times_met == 0 {
                        found.add("unknown", path, name);
                    }
                    continue;
                }
                if times_met == 1 {
                    found.add("duplicate", path, name);
                }
                if parent > 0 {
                    path.push('.');
                }
                path.push_str(name);
                visit(value, path, None, found);
                path.truncate(parent);
            }
        }
        _ => {}
    }
}
