//! A namespace that is made for one workload and deleted after it.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::json;
use tokio::time::sleep;

use crate::client::{Call, Connection, Endpoint, Failure};

/// Longest wait for a deleted namespace to be gone.
const GONE_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A namespace of ours.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Creates it.
    pub async fn create(endpoint: &Endpoint, name: &str) -> Result<Namespace, Failure> {
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        let call = Call::post("/api/v1/namespaces".to_owned(), body.to_string());
        endpoint.connection().send(call).await?.expect_success(&format!("create namespace {name}"))?;
        Ok(Namespace::existing(name))
    }

    /// One that was created before.
    pub fn existing(name: &str) -> Namespace {
        Namespace { name: name.to_owned() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Deletes it with all its Services and waits until it is gone. Results stand without it, so failure is only said.
    pub async fn delete(&self, endpoint: &Endpoint) {
        if let Err(failure) = self.try_delete(endpoint).await {
            eprintln!("warning: namespace {} is left behind: {failure}", self.name);
        }
    }

    async fn try_delete(&self, endpoint: &Endpoint) -> Result<(), Failure> {
        let mut connection = endpoint.connection();
        // Namespace controllers delete one by one; asking for the whole collection first is faster where it is known.
        let _ = connection.send(Call::delete(format!("{}/services", self.path()))).await;
        let doing = format!("delete namespace {}", self.name);
        connection.send(Call::delete(self.path())).await?.expect_success(&doing)?;
        let deadline = Instant::now() + GONE_TIMEOUT;
        while Instant::now() < deadline {
            if self.is_gone(&mut connection).await? {
                return Ok(());
            }
            sleep(POLL_INTERVAL).await;
        }
        Err(Failure::Timeout)
    }

    async fn is_gone(&self, connection: &mut Connection) -> Result<bool, Failure> {
        Ok(connection.send(Call::get(self.path())).await?.status == StatusCode::NOT_FOUND)
    }

    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}", self.name)
    }
}
