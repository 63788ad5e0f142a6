//! The names and types of flags, and how a Go program reads them from the command line.

use crate::text::{duration, go_quote};

/// The flags of one program.
pub struct Flags {
    /// How it complains.
    dialect: Dialect,
    /// The flags, by group.
    pub groups: Vec<(String, Vec<Flag>)>,
}

/// Which of Go's packages reads the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `github.com/spf13/pflag`, as in kube-apiserver.
    Pflag,
    /// `flag`, as in etcd: one dash is as good as two.
    Standard,
}

/// A flag.
pub struct Flag {
    /// Its name, without dashes.
    pub name: String,
    /// The type of its value; a `bool` needs none.
    pub kind: String,
    /// What it is unless it is given.
    pub default: String,
}

/// A flag that is on the command line.
pub struct Given {
    /// Its name.
    pub name: String,
    /// Its value; of a `bool`, `true` or `false`.
    pub value: String,
}

impl Given {
    /// Whether it is the flag of this name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

impl Flags {
    /// The flags of a table, in which groups begin with `# ` and flags are written `name|type|default`, and those that this
    /// server adds: their names and types.
    pub fn of(dialect: Dialect, table: &str, more: &[(&str, &str)]) -> Self {
        let mut groups: Vec<(String, Vec<Flag>)> = Vec::new();
        for line in table.lines() {
            if let Some(group) = line.strip_prefix("# ") {
                groups.push((group.to_owned(), Vec::new()));
            } else if let Some((_, flags)) = groups.last_mut() {
                let mut parts = line.split('|').map(str::to_owned);
                let mut part = || parts.next().unwrap_or_default();
                flags.push(Flag { name: part(), kind: part(), default: part() });
            }
        }
        let own =
            more.iter().map(|&(name, kind)| Flag { name: name.into(), kind: kind.into(), default: String::new() });
        groups.push(("kubedouble".to_owned(), own.collect()));
        Self { dialect, groups }
    }

    /// Reads the command line. The error is in the words of the package that reads it in Go.
    pub fn parse(&self, arguments: &[String]) -> Result<Vec<Given>, String> {
        let (mut given, mut rest) = (Vec::new(), arguments.iter());
        while let Some(argument) = rest.next() {
            let short = argument.strip_prefix('-').filter(|short| !short.is_empty());
            let (flag, value) = match (argument.strip_prefix("--"), short) {
                (Some(long), _) => self.long(argument, long)?,
                (None, Some(long)) if self.dialect == Dialect::Standard => self.long(argument, long)?,
                (None, Some(short)) => self.short(short)?,
                (None, None) => return Err(self.not_a_flag(argument)),
            };
            let value = match value {
                Some(value) => value.to_owned(),
                None if is_optional(&flag.kind) => "true".to_owned(),
                None => rest.next().ok_or_else(|| format!("flag needs an argument: {argument}"))?.clone(),
            };
            let value = check(&flag.kind, &value).map_err(|why| self.bad_value(flag, &value, &why))?;
            given.push(Given { name: flag.name.clone(), value });
        }
        Ok(given)
    }

    fn not_a_flag(&self, argument: &str) -> String {
        match self.dialect {
            Dialect::Pflag => {
                format!("\"kube-apiserver\" does not take any arguments, got [{}]", go_quote(argument))
            }
            Dialect::Standard => format!("'{argument}' is not a valid flag"),
        }
    }

    fn bad_value(&self, flag: &Flag, value: &str, why: &str) -> String {
        let value = go_quote(value);
        match self.dialect {
            Dialect::Pflag => format!("invalid argument {value} for {} flag: {why}", spelled(flag)),
            Dialect::Standard => format!("invalid value {value} for flag -{}: parse error", flag.name),
        }
    }

    fn long<'a>(&self, argument: &str, long: &'a str) -> Result<(&Flag, Option<&'a str>), String> {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        if name.is_empty() || name.starts_with('-') {
            return Err(format!("bad flag syntax: {argument}"));
        }
        // A flag may be written with underscores.
        let name = if self.dialect == Dialect::Pflag { name.replace('_', "-") } else { name.to_owned() };
        let flag = self.find(&name).ok_or_else(|| match self.dialect {
            Dialect::Pflag => format!("unknown flag: --{name}"),
            Dialect::Standard => format!("flag provided but not defined: -{name}"),
        })?;
        Ok((flag, value))
    }

    fn short<'a>(&self, short: &'a str) -> Result<(&Flag, Option<&'a str>), String> {
        let (letter, rest) = short.split_at(short.chars().next().map_or(0, char::len_utf8));
        let name = match letter {
            "h" => "help",
            "v" => "v",
            _ => return Err(format!("unknown shorthand flag: '{letter}' in -{short}")),
        };
        let flag = self.find(name).ok_or_else(|| format!("unknown shorthand flag: '{letter}' in -{short}"))?;
        Ok((flag, (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest))))
    }

    fn find(&self, name: &str) -> Option<&Flag> {
        self.groups.iter().flat_map(|(_, flags)| flags).find(|flag| flag.name == name)
    }
}

/// Whether a flag of this type may stand without a value.
fn is_optional(kind: &str) -> bool {
    matches!(kind, "bool" | "version")
}

/// The value as this server writes it; the error is that of Go's parser of the type.
fn check(kind: &str, value: &str) -> Result<String, String> {
    let syntax = |function: &str| format!("strconv.{function}: parsing {}: invalid syntax", go_quote(value));
    match kind {
        "bool" => match value {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok("true".to_owned()),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok("false".to_owned()),
            _ => Err(syntax("ParseBool")),
        },
        "int" if value.parse::<i64>().is_err() => Err(syntax("ParseInt")),
        "float" if value.parse::<f64>().is_err() => Err(syntax("ParseFloat")),
        "duration" => duration::parse(value).map(|_| value.to_owned()),
        "ip" if value.parse::<std::net::IpAddr>().is_err() => Err(format!("failed to parse IP: {}", go_quote(value))),
        _ => Ok(value.to_owned()),
    }
}

fn spelled(flag: &Flag) -> String {
    match flag.name.as_str() {
        "help" => "\"-h, --help\"".to_owned(),
        "v" => "\"-v, --v\"".to_owned(),
        name => format!("\"--{name}\""),
    }
}
