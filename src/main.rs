//! `kubedouble`: reads its flags and runs the server until it is told to stop.

use std::process::ExitCode;

use clap::Parser;
use kubedouble::{
    config::{Command, Config},
    server,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let config = Config::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(&config.log))
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let outcome = runtime.block_on(async {
        match &config.command {
            Some(Command::Check(options)) => server::check(options).await.map(|found| println!("{found}")),
            None => server::run(config).await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("kubedouble: {error}");
    ExitCode::FAILURE
}
