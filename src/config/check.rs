//! What `kubedouble` does instead of serving, and `kubedouble check`: whether a data file is whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::assets::Assets;

/// What `kubedouble` does instead of serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Say whether a data file is whole; it must not be in use
    Check(Check),
    /// Make a directory for envtest, and say where it is: export KUBEBUILDER_ASSETS=$(kubedouble assets)
    Assets(Assets),
}

/// What to check.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// The data file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Keep what is provably whole in a file of the same name, and say what was lost
    #[arg(long)]
    pub repair: bool,
}
