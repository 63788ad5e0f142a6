//! `--runtime-config`: which of the APIs are served.

use std::{collections::BTreeMap, str::FromStr};

/// The names that stand for many APIs at once, the most general first.
const GENERAL: [&str; 4] = ["api/all", "api/ga", "api/beta", "api/alpha"];

/// Which APIs were turned on and off; the others are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeConfig(BTreeMap<String, bool>);

impl RuntimeConfig {
    /// Whether a resource is served. The most special word about it decides.
    pub fn serves(&self, group: &str, version: &str, plural: &str) -> bool {
        let api = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        let stability = match version.trim_start_matches('v') {
            version if version.contains("alpha") => "api/alpha",
            version if version.contains("beta") => "api/beta",
            _ => "api/ga",
        };
        let words = [format!("{api}/{plural}"), api, stability.to_owned(), "api/all".to_owned()];
        words.iter().find_map(|word| self.0.get(word)).copied().unwrap_or(true)
    }
}

impl FromStr for RuntimeConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').unwrap_or((word, "true"));
            let value = match value {
                "true" | "1" | "" => true,
                "false" | "0" => false,
                _ => return Err(format!("invalid value {name}={value}")),
            };
            // The core group has several spellings.
            let name = name.strip_prefix("api/v1").map_or_else(|| name.to_owned(), |rest| format!("v1{rest}"));
            let is_known =
                GENERAL.contains(&name.as_str()) || name == "v1" || name.contains('/') || name == "api/legacy";
            if !is_known {
                return Err(format!("{name} is not an API such as apps/v1, v1 or api/beta"));
            }
            all.insert(name.trim_start_matches('/').to_owned(), value);
        }
        if all.get("api/all") == Some(&false) && all.len() == 1 {
            return Err("invalid key with only api/all=false".to_owned());
        }
        Ok(Self(all))
    }
}
