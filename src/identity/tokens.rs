//! The token file: `token,user,uid,"group,group"`, as kube-apiserver reads it.

use std::{collections::HashMap, sync::Arc};

use crate::object::{User, access::AUTHENTICATED};

/// Whose a token is.
pub type Tokens = HashMap<String, Arc<User>>;

/// Reads a token file. Lines without a token are skipped; of two lines with the same token the last one counts.
pub fn parse(text: &str) -> Result<Tokens, String> {
    let mut tokens = Tokens::new();
    for record in records(text)? {
        let [token, name, uid, rest @ ..] = record.as_slice() else {
            let found = record.len();
            return Err(format!("must have at least 3 columns (token, user name, user uid), found {found}"));
        };
        if token.is_empty() {
            continue;
        }
        let groups = rest.first().map(String::as_str).unwrap_or_default();
        let groups = groups.split(',').filter(|group| !group.is_empty()).chain([AUTHENTICATED]);
        let user = User { uid: uid.clone(), ..User::new(name.as_str(), groups) };
        tokens.insert(token.clone(), Arc::new(user));
    }
    Ok(tokens)
}

/// The records of comma-separated values; empty lines are none. A value in quotes may hold commas and line ends.
fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut field = String::new();
    let mut chars = text.chars().filter(|c| *c != '\r').chain(['\n']).peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if field.is_empty() => loop {
                match chars.next() {
                    Some('"') if chars.peek() == Some(&'"') => field.extend(chars.next()),
                    Some('"') => break,
                    Some(c) => field.push(c),
                    None => return Err("a quoted value does not end".to_owned()),
                }
            },
            ',' => record.push(std::mem::take(&mut field)),
            '\n' if record.is_empty() && field.is_empty() => {}
            '\n' => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    Ok(records)
}
