//! What all handlers share: the API, the settings of this server, its metrics and its documents.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicBool};

use prometheus_client::collector::Collector;
use tokio::sync::watch;

use super::{
    front::{gate::Gate, metrics::Metrics},
    pages::{document::Document, openapi},
    pool::Pool,
};
use crate::verbs::{Api, Kinds};

/// The settings of one server.
#[derive(Clone)]
pub struct Settings {
    /// Host and port under which clients reach the server.
    pub address: String,
    /// Becomes true when the server begins to stop: watches then end, and `/readyz` says so.
    pub stopping: watch::Receiver<bool>,
    /// Becomes true when the server is about to stop and still serves: `/readyz` says so.
    pub leaving: Arc<AtomicBool>,
    /// Authenticates and authorizes requests.
    pub gate: Gate,
}

/// What all handlers share.
pub struct App {
    /// The API.
    pub api: Api,
    /// The settings of this server.
    pub settings: Settings,
    /// What has been counted.
    pub metrics: Metrics,
    /// Where long work is done.
    pub pool: Pool,
    /// The documents of the newest kinds.
    documents: Mutex<Arc<Documents>>,
}

/// Documents that follow from the kinds that are served, each made when first asked for.
pub struct Documents {
    /// What they are made from.
    pub kinds: Arc<Kinds>,
    /// `/api`, aggregated.
    pub core: OnceLock<Document>,
    /// `/apis`, aggregated.
    pub groups: OnceLock<Document>,
    openapi: OnceLock<openapi::Documents>,
}

impl App {
    /// The API with the settings of this server, and metrics of its other parts.
    pub fn new(api: Api, settings: Settings, figures: Vec<Box<dyn Collector>>) -> Arc<Self> {
        let metrics = Metrics::new(&api, figures);
        let documents = Mutex::new(Documents::of(api.registry().kinds()));
        Arc::new(Self { api, settings, metrics, pool: Pool::default(), documents })
    }

    /// The documents of the kinds that are served now.
    pub fn documents(&self) -> Arc<Documents> {
        let kinds = self.api.registry().kinds();
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if documents.kinds.generation() != kinds.generation() {
            *documents = Documents::of(kinds);
        }
        Arc::clone(&documents)
    }
}

impl Documents {
    fn of(kinds: Arc<Kinds>) -> Arc<Self> {
        Arc::new(Self { kinds, core: OnceLock::new(), groups: OnceLock::new(), openapi: OnceLock::new() })
    }

    /// `/openapi/…`.
    pub fn openapi(&self, api: &Api) -> &openapi::Documents {
        self.openapi.get_or_init(|| openapi::Documents::new(&self.kinds, api.now()))
    }
}
