//! The token file: `token,user,uid,"group,group"`, as kube-apiserver reads it.

use std::{collections::HashMap, sync::Arc};

use csv::{ReaderBuilder, StringRecord};

use crate::object::{User, access::AUTHENTICATED};

/// Whose a token is.
pub type Tokens = HashMap<String, Arc<User>>;

/// Reads a token file. Lines without a token are skipped; of two lines with the same token the last one counts.
pub fn parse(text: &str) -> Result<Tokens, String> {
    let mut tokens = Tokens::new();
    for record in records(text)? {
        let fields: Vec<&str> = record.iter().collect();
        let [token, name, uid, rest @ ..] = fields.as_slice() else {
            let found = record.len();
            return Err(format!("must have at least 3 columns (token, user name, user uid), found {found}"));
        };
        if token.is_empty() {
            continue;
        }
        let groups = rest.first().copied().unwrap_or_default();
        let groups = groups.split(',').filter(|group| !group.is_empty()).chain([AUTHENTICATED]);
        let user = User { uid: (*uid).to_owned(), ..User::new(*name, groups) };
        tokens.insert((*token).to_owned(), Arc::new(user));
    }
    Ok(tokens)
}

/// The records of comma-separated values; empty lines are none. A value in quotes may hold commas and line ends.
fn records(text: &str) -> Result<Vec<StringRecord>, String> {
    // The reader takes the rest of the file for a value whose quote is not closed, and would lose tokens without a word.
    if !text.matches('"').count().is_multiple_of(2) {
        return Err("a quoted value does not end".to_owned());
    }
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|record| record.map_err(|error| error.to_string())).collect()
}
