//! `kubedouble assets`: writes the directory that envtest takes its programs from.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::error::Error;
use crate::config::{
    Assets,
    program::{ETCD, KUBE_APISERVER, flags_file},
};

/// So many hexadecimal digits tell directories of different programs apart.
const DIGITS: usize = 16;

/// Writes it, or completes it; returns its path.
pub fn assets(options: &Assets) -> Result<PathBuf, Error> {
    let program = env::current_exe().and_then(|path| path.canonicalize())?;
    let parent = format!("--exit-with-parent={}\n", options.exit_with_parent);
    let controllers = format!("--controllers={}\n", options.controllers);
    let directory = match &options.directory {
        Some(directory) => directory.clone(),
        None => default_directory(&program, &[&parent, &controllers])?,
    };
    let failed = |source| Error::Data { path: directory.clone(), source };
    fs::create_dir_all(&directory).map_err(failed)?;
    let directory = directory.canonicalize().map_err(failed)?;
    for (name, flags) in [(ETCD, parent.clone()), (KUBE_APISERVER, parent + &controllers)] {
        replace(&flags_file(&directory, name), |file| fs::write(file, &flags)).map_err(failed)?;
        replace(&directory.join(name), |file| link(&program, file)).map_err(failed)?;
    }
    Ok(directory)
}

/// A directory of the user's cache, for this program and what is baked into it.
fn default_directory(program: &Path, flags: &[&str]) -> Result<PathBuf, Error> {
    let own = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = own("XDG_CACHE_HOME").or_else(|| own("HOME").map(|home| home.join(".cache")));
    let cache = cache.ok_or_else(|| {
        Error::Flags("there is no HOME: say which directory, as in `kubedouble assets DIR`".to_owned())
    })?;
    let mut hash = Sha256::new();
    hash.update(program.as_os_str().as_encoded_bytes());
    flags.iter().for_each(|flags| hash.update(flags));
    let mut name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    name.truncate(DIGITS);
    Ok(cache.join("kubedouble").join("assets").join(name))
}

/// Makes a file under another name and moves it to its place, so that whoever uses the directory finds the old one or the
/// new one.
fn replace(file: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = PathBuf::from(name);
    // Left there by somebody who was stopped in between.
    let _ = fs::remove_file(&new);
    make(&new)?;
    fs::rename(&new, file)
}

#[cfg(unix)]
fn link(program: &Path, file: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, file)
}

#[cfg(not(unix))]
fn link(program: &Path, file: &Path) -> io::Result<()> {
    fs::copy(program, file).map(drop)
}
