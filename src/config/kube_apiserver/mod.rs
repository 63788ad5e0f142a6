//! The command line of kube-apiserver, for a program that is called by that name: every flag of Kubernetes 1.36 is known.
//!
//! A flag that this server has itself is passed on under its name; the others have no effect, which a line of the log says.

mod help;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use clap::{CommandFactory, FromArgMatches, error::ErrorKind, parser::ValueSource};

use super::{
    Config,
    exit::Exit,
    go_flags::{Dialect, Flags, Given},
};

use crate::text::go_quote;

/// The flags of kube-apiserver.
const TABLE: &str = include_str!("flags.txt");

/// What kube-apiserver does unless told otherwise, and this server does not. Nothing is simulated, and no controller runs.
const DEFAULTS: &[&str] = &[
    "--bind-address=0.0.0.0",
    "--secure-port=6443",
    "--cert-dir=/var/run/kubernetes",
    "--anonymous-auth=true",
    "--allowed-hosts=*",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--simulate-pods=false",
    "--load-balancer=off",
    "--controllers=",
    "--audit-log-maxsize=100",
    "--audit-log-maxage=366",
    "--audit-log-maxbackup=100",
];

/// Flags of this server that kube-apiserver does not have, and that may be given to it all the same.
const OWN: &[(&str, &str)] = &[("controllers", "strings"), ("exit-with-parent", "bool"), ("log", "string")];

/// An address that nothing is sent to: it is asked which address of this machine would send.
const TEST_NET: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// Reads the arguments after the program's name.
pub fn parse(arguments: &[String]) -> Result<Config, Exit> {
    let flags = Flags::of(Dialect::Pflag, TABLE, OWN);
    let command = Config::command();
    let is_ours = |name: &str| command.get_arguments().any(|argument| argument.get_long() == Some(name));
    let given = flags.parse(arguments).map_err(|why| Exit::refused(&why))?;
    if given.iter().any(|given| given.is("help")) {
        return Err(Exit::said(&help::text(&flags, &command)));
    }
    if given.iter().any(|given| given.is("version") && given.value != "false") {
        return Err(Exit::said("Kubernetes v1.36.3\n"));
    }
    for gates in given.iter().filter(|given| given.is("feature-gates")) {
        check_gates(&gates.value).map_err(|why| Exit::refused(&why))?;
    }
    let (ours, others): (Vec<&Given>, Vec<&Given>) = given.iter().partition(|given| is_ours(&given.name));
    let passed_on = ours.iter().map(|given| format!("--{}={}", given.name, given.value));
    let all = ["kubedouble"].into_iter().chain(DEFAULTS.iter().copied()).map(str::to_owned).chain(passed_on);
    let matches = command.clone().try_get_matches_from(all).map_err(|error| refused(&error))?;
    let mut config = Config::from_arg_matches(&matches).map_err(|error| refused(&error))?;
    if config.etcd_servers.is_empty() {
        return Err(Exit::refused("--etcd-servers must be specified"));
    }
    if matches.value_source("advertise_address") == Some(ValueSource::DefaultValue) {
        config.advertise_address = own_address(config.bind_address);
    }
    config.port = None;
    config.identity.issues_nothing = true;
    config.without_effect = others.iter().map(|given| given.name.clone()).collect();
    config.without_effect.sort_unstable();
    config.without_effect.dedup();
    Ok(config)
}

/// Checks that feature gates are written as such. They change nothing here, and which there are differs from version to
/// version, so that of their names only the form is known.
fn check_gates(text: &str) -> Result<(), String> {
    for gate in text.split(',').map(str::trim).filter(|gate| !gate.is_empty()) {
        let (name, value) = gate.split_once('=').ok_or_else(|| format!("missing bool value for {gate}"))?;
        let name = name.rsplit(':').next().unwrap_or(name).trim();
        if !["true", "false", "True", "False", "TRUE", "FALSE", "t", "f", "1", "0"].contains(&value.trim()) {
            let syntax = format!("strconv.ParseBool: parsing {}: invalid syntax", go_quote(value));
            return Err(format!("invalid value of {name}={value}, err: {syntax}"));
        }
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) || !name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(format!("unrecognized feature gate: {name}"));
        }
    }
    Ok(())
}

/// The address that others reach this machine at: the one that is listened on, or that of the default route.
fn own_address(bound: IpAddr) -> IpAddr {
    if !bound.is_loopback() && !bound.is_unspecified() {
        return bound;
    }
    let routed = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect(TEST_NET)?;
        socket.local_addr()
    });
    routed.map_or(IpAddr::from(Ipv4Addr::LOCALHOST), |address| address.ip())
}

/// What is wrong with a value, in the words of kube-apiserver's flags.
fn refused(error: &clap::Error) -> Exit {
    use clap::error::{ContextKind, ContextValue};
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let name = text(ContextKind::InvalidArg).and_then(|argument| argument.split_whitespace().next());
    let why = std::error::Error::source(error).map(ToString::to_string);
    match (error.kind(), name, text(ContextKind::InvalidValue)) {
        (ErrorKind::ValueValidation | ErrorKind::InvalidValue, Some(name), Some(value)) => {
            let why = why.unwrap_or_else(|| "it is not one of the possible values".to_owned());
            Exit::refused(&format!("invalid argument {value:?} for {name:?} flag: {why}"))
        }
        _ => Exit::refused(error.to_string().trim_start_matches("error: ").trim_end()),
    }
}
