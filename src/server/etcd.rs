//! The server that acts as etcd: it is healthy, and says where the data of a kube-apiserver is that is pointed to it. What
//! is there ends with it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{error::Error, signals};
use crate::config;

/// Where a kube-apiserver of the same program asks where its data is.
pub const DATA: &str = "/kubedouble/data";

/// Runs until the process is told to stop.
pub async fn run(options: config::Etcd) -> Result<(), Error> {
    let mut listeners = Vec::new();
    for address in &options.listen {
        listeners.push(TcpListener::bind(address).await.map_err(|source| Error::Listen {
            address: *address,
            source,
            hint: "",
        })?);
    }
    let data = Data::prepare(&options.data_dir)?;
    let routes = Router::new()
        .route("/health", get(async || respond(&json!({"health": "true", "reason": ""}))))
        .route("/version", get(async || respond(&json!({"etcdserver": "3.6.8", "etcdcluster": "3.6.0"}))))
        .route(DATA, get(path))
        .with_state(Arc::new(data.0.clone()));
    let mut serving = JoinSet::new();
    for listener in listeners {
        let routes = routes.clone();
        serving.spawn(async move { axum::serve(listener, routes).await });
    }
    let outcome = signals::told_to_stop(options.exit_with_parent).await;
    // Connections that a client keeps open are no reason to stay.
    drop(serving);
    outcome.map_err(Error::from)
}

async fn path(State(path): State<Arc<PathBuf>>) -> Response {
    respond(&json!({"path": *path}))
}

fn respond(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// The file of the data, removed in the end.
struct Data(PathBuf);

impl Data {
    fn prepare(directory: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Data { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(failed)?;
        let directory = directory.canonicalize().map_err(failed)?;
        Ok(Self(directory.join(format!("kubedouble-{}.db", std::process::id()))))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut file = self.0.clone().into_os_string();
            file.push(suffix);
            // What was never written need not be removed.
            let _ = fs::remove_file(file);
        }
    }
}
