//! `kubedouble`: reads its flags and runs the server until it is told to stop.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use kubedouble::{
    config::{Command, Config, Exit, program::Program},
    server,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let program = match Program::read(std::env::args_os()) {
        Ok(program) => program,
        Err(exit) => return end(&exit),
    };
    let filter = match &program {
        Program::Server(config) => config.log.clone(),
        Program::Etcd(_) => "info".to_owned(),
    };
    // A thread of its own writes the log: nothing waits for stderr, and no line is worth the end of a task.
    let (log, _written_at_exit) = tracing_appender::non_blocking(io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
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
        match program {
            Program::Server(config) => serve(*config).await,
            Program::Etcd(options) => server::run_etcd(options).await,
        }
    });
    // What still computes belongs to nobody any more.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Does what the configuration says, which is to serve unless it is something else.
async fn serve(config: Config) -> Result<(), server::Error> {
    let said = match &config.command {
        Some(Command::Check(options)) => server::check(options).await?,
        Some(Command::Assets(options)) => server::assets(options)?.display().to_string(),
        None => return server::run(config).await,
    };
    // Nobody may be reading, which is no reason to panic.
    let _ = writeln!(io::stdout(), "{said}");
    Ok(())
}

/// Each connection is an open file, and the usual soft limit is far below what a machine can take.
fn raise_open_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
}

/// Says why the program has not begun.
fn end(exit: &Exit) -> ExitCode {
    // Nobody may be reading, which is no reason to panic.
    let _ = match exit.code {
        0 => write!(io::stdout(), "{}", exit.text),
        _ => write!(io::stderr(), "{}", exit.text),
    };
    ExitCode::from(exit.code)
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    // Nobody may be reading, which is no reason to panic.
    let _ = writeln!(io::stderr(), "kubedouble: {error}");
    ExitCode::FAILURE
}
