//! The real program, as a child process with a data file of its own.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
};

use crate::client::Client;

/// A running `kubedouble`, killed when dropped.
pub struct Program {
    child: Child,
    pub url: String,
}

impl Program {
    /// Starts it on a free port; when this returns, it answers.
    pub fn start(data: &Path, flags: &[&str]) -> Self {
        let mut child = command(["--port=0", "--log=warn", "--simulate-pods=false", "--load-balancer=off", "--data"])
            .arg(data)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().expect("piped above")).read_line(&mut greeting).expect("a greeting");
        let url = greeting.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("no URL in {greeting:?}")).to_owned();
        Self { child, url }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// Ends it without a warning, as a crash would.
    pub fn kill(mut self) {
        self.child.kill().expect("a running process");
        self.child.wait().expect("its end");
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill is installed").success());
    }

    /// Waits for its end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    command(arguments).output().expect("the program runs")
}

/// A directory, and the path of a data file in it that does not exist yet.
pub fn data_file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("kubedouble.db");
    (directory, file)
}

fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubedouble"));
    command.args(arguments).stdin(Stdio::null());
    command
}
