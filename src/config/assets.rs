//! `kubedouble assets`: a directory with what envtest starts.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::controllers::Controllers;

/// What the directory holds.
#[derive(Args, Clone, Debug)]
pub struct Assets {
    /// The directory, which is made if it is missing; by default one of the user's cache, for this program and these flags
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Controllers that run beside the API server, as kube-controller-manager names them; by default none, as in every
    /// envtest
    #[arg(long, value_name = "NAME[,NAME]", default_value = "", hide_default_value = true)]
    pub controllers: Controllers,

    /// Whether the programs end when the process that has started them does
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
          default_missing_value = "true", require_equals = true)]
    pub exit_with_parent: bool,
}
