//! What the program acts as, by the name it is called by: kubedouble, or one of the two programs of a directory that
//! `kubedouble assets` has made.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use clap::Parser as _;

use super::{
    Config,
    etcd::{self, Etcd},
    exit::Exit,
    kube_apiserver,
};

/// The names of the programs that this one can act as.
pub const ETCD: &str = "etcd";
/// See [`ETCD`].
pub const KUBE_APISERVER: &str = "kube-apiserver";

/// What to run.
pub enum Program {
    /// A server, as the configuration says.
    Server(Box<Config>),
    /// An etcd.
    Etcd(Etcd),
}

impl Program {
    /// Reads the command line, the name of the program first. Where that name leads to a directory with flags for it,
    /// they come before those of the command line.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        let mut arguments = arguments.into_iter();
        let called = PathBuf::from(arguments.next().unwrap_or_default());
        let name = called.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if ![ETCD, KUBE_APISERVER].contains(&name) {
            let all = [called.clone().into_os_string()].into_iter().chain(arguments);
            return Ok(Self::Server(Box::new(Config::parse_from(all))));
        }
        let mut all = kept_flags(&called, name)?;
        for argument in arguments {
            let text = argument.into_string();
            all.push(text.map_err(|argument| Exit::refused(&format!("{argument:?} is not valid UTF-8")))?);
        }
        if name == ETCD {
            return etcd::parse(&all).map(Self::Etcd);
        }
        kube_apiserver::parse(&all).map(|config| Self::Server(Box::new(config)))
    }
}

/// The file beside a program that holds its flags, one a line.
pub fn flags_file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.flags"))
}

fn kept_flags(called: &Path, name: &str) -> Result<Vec<String>, Exit> {
    let Some(directory) = directory_of(called) else { return Ok(Vec::new()) };
    let file = flags_file(&directory, name);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Exit::refused(&format!("{}: {error}", file.display()))),
    }
}

/// The directory that a program was called in, which is that of a link if it is one.
fn directory_of(called: &Path) -> Option<PathBuf> {
    match called.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => Some(parent.to_owned()),
        _ => env::split_paths(&env::var_os("PATH")?).find(|directory| directory.join(called).exists()),
    }
}
