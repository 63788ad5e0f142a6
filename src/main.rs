//! `kubedouble`: reads its flags and runs the server until it is told to stop.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Parser;
use kubedouble::{
    config::{Command, Config},
    server,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let config = Config::parse();
    // A thread of its own writes the log: nothing waits for stderr, and no line is worth the end of a task.
    let (log, _written_at_exit) = tracing_appender::non_blocking(io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(&config.log))
        .with_writer(log)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .log_internal_errors(false)
        .init();
    raise_open_files();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let ended = runtime.block_on(async {
        match &config.command {
            // Nobody may be reading, which is no reason to panic.
            Some(Command::Check(options)) => server::check(options).await.map(|found| {
                let _ = writeln!(io::stdout(), "{found}");
            }),
            None => server::run(config).await,
        }
    });
    // What still computes belongs to nobody any more.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Each connection is an open file, and the usual soft limit is far below what a machine can take.
fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    // Nobody may be reading, which is no reason to panic.
    let _ = writeln!(io::stderr(), "kubedouble: {error}");
    ExitCode::FAILURE
}
