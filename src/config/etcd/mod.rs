//! The command line of etcd, for a program that is called by that name. It stores nothing: it names the data of the
//! kube-apiserver that is pointed to it, and ends that data with itself.

use std::{net::SocketAddr, path::PathBuf};

use super::{
    exit::Exit,
    go_flags::{Dialect, Flags, Given},
};

/// The flags of etcd 3.5 and 3.6.
const TABLE: &str = include_str!("flags.txt");

/// Flags of this server that etcd does not have.
const OWN: &[(&str, &str)] = &[("exit-with-parent", "bool")];

/// Flags that were experimental, and have many names.
const EXPERIMENTAL: &str = "experimental-";

/// What an etcd is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etcd {
    /// Where clients ask.
    pub listen: Vec<SocketAddr>,
    /// Where the data is as long as it runs.
    pub data_dir: PathBuf,
    /// Whether it ends with the process that has started it.
    pub exit_with_parent: bool,
}

/// Reads the arguments after the program's name.
pub fn parse(arguments: &[String]) -> Result<Etcd, Exit> {
    let flags = Flags::of(Dialect::Standard, TABLE, OWN);
    let stable: Vec<String> = arguments.iter().filter(|argument| !is_experimental(argument)).cloned().collect();
    let given = flags.parse(&stable).map_err(|why| Exit { text: format!("{why}\n"), code: 2 })?;
    if given.iter().any(|given| given.is("help") || given.is("h")) {
        return Err(Exit::said(&help(&flags)));
    }
    if given.iter().any(|given| given.is("version") && given.value == "true") {
        return Err(Exit::said("etcd Version: 3.6.8\n"));
    }
    let last = |name: &str| given.iter().rev().find(|given| given.is(name)).map(|given: &Given| given.value.as_str());
    let listen = last("listen-client-urls").unwrap_or("http://localhost:2379").split(',').map(address);
    let listen = listen.collect::<Result<Vec<_>, _>>().map_err(|why| Exit::refused(&why))?;
    let name = last("name").unwrap_or("default");
    let data_dir = last("data-dir").map_or_else(|| format!("{name}.etcd").into(), PathBuf::from);
    Ok(Etcd { listen, data_dir, exit_with_parent: last("exit-with-parent") == Some("true") })
}

/// Where a URL of clients is listened on.
fn address(url: &str) -> Result<SocketAddr, String> {
    let bad = || format!("--listen-client-urls: {url:?} is not a URL such as http://127.0.0.1:2379");
    let authority = url.trim().strip_prefix("http://").ok_or_else(|| {
        let secure = format!("--listen-client-urls: {url:?}: nothing secret is said here, so there is only http");
        if url.trim().starts_with("https://") { secure } else { bad() }
    })?;
    let authority = authority.trim_end_matches('/').replace("localhost", "127.0.0.1");
    authority.parse().map_err(|_| bad())
}

fn is_experimental(argument: &str) -> bool {
    argument.trim_start_matches('-').starts_with(EXPERIMENTAL)
}

fn help(flags: &Flags) -> String {
    let mut text =
        "Usage:\n\n  etcd [flags]\n    Name the data of a kube-apiserver, and keep it as long as this runs.\n"
            .to_owned();
    for (group, flags) in &flags.groups {
        text += &format!("\n{group}:\n");
        for flag in flags {
            text += &format!("  --{} '{}'\n", flag.name, flag.default);
        }
    }
    text
}
