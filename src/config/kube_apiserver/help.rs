//! `kube-apiserver --help`: every flag, by group, and what it does here.

use crate::config::go_flags::{Flag, Flags};

/// Where what a flag does begins.
const COLUMN: usize = 62;
/// What is said of a flag that does nothing.
const NO_EFFECT: &str = "(no effect here)";

/// The text. What a flag does is what `command` says of its own flag of that name.
pub fn text(flags: &Flags, command: &clap::Command) -> String {
    let mut text =
        "kubedouble, a test double for the Kubernetes API server, called as kube-apiserver: it takes the flags of\n\
                    kube-apiserver v1.36 and serves its API, and the data is that of the etcd it is pointed to.\n\n\
                    Usage:\n  kube-apiserver [flags]\n"
            .to_owned();
    for (group, flags) in &flags.groups {
        let title = group.split_at(group.chars().next().map_or(0, char::len_utf8));
        text += &format!("\n{}{} flags:\n\n", title.0.to_uppercase(), title.1);
        for flag in flags {
            text += &format!("{}\n", line(flag, command));
        }
    }
    text
}

fn line(flag: &Flag, command: &clap::Command) -> String {
    let name = match flag.name.as_str() {
        "help" => "  -h, --help".to_owned(),
        "v" => "  -v, --v int".to_owned(),
        name if flag.kind == "bool" => format!("      --{name}"),
        name => format!("      --{name} {}", flag.kind),
    };
    let own = command.get_arguments().find(|argument| argument.get_long() == Some(flag.name.as_str()));
    let meaning = own.map(|argument| argument.get_help().map(ToString::to_string).unwrap_or_default());
    let default = if flag.default.is_empty() { String::new() } else { format!(" (default {})", flag.default) };
    let meaning = match (flag.name.as_str(), meaning) {
        ("help", _) => "Say what the flags are".to_owned(),
        ("version", _) => "Say which version of Kubernetes is served".to_owned(),
        (_, Some(meaning)) => meaning,
        (_, None) => NO_EFFECT.to_owned(),
    };
    format!("{name:COLUMN$} {meaning}{default}")
}
