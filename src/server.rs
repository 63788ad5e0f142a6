//! The composition root: builds everything from the configuration, and takes it down again in order.

mod assets;
mod check;
mod error;
mod etcd;
mod etcd_data;
mod figures;
mod identity;
mod kubeconfig;
mod signals;
mod steer;

use std::{
    io::{self, Write as _},
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub use assets::assets;
pub use check::check;
pub use error::Error;
pub use etcd::run as run_etcd;

use figures::ControllerFigures;
use identity::Identity;

use crate::{
    config::{Config, Mode},
    controllers::{
        self, ApiServer, LoadBalancing, Simulation, Timing,
        simulation::nodes::create_nodes,
        upkeep::bootstrap::{SECURE_PORT, bootstrap},
    },
    definitions::{self, Definitions},
    http::{self, AuditLog, Gate, Hosts, InFlight, Listeners, Policy, RotatedFile, Rotation},
    identity::files,
    object::{Revision, token::Tokens},
    store::{self, Durability, Store},
    verbs::{Api, Clock, Context, Registry, Settings},
};

/// Where revisions begin. As on a server that has run for a while, what is older has been compacted: a small revision
/// is too old, never accidentally valid.
const FIRST_REVISION: Revision = Revision(1000);

/// The name of data that is in no file.
const MEMORY: &str = ":memory:";

/// How long a server may take to stop: the grace of open requests, and what is left to write.
const STOP_MAX: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    address: Option<SocketAddr>,
    secure_address: Option<SocketAddr>,
    api: Api,
    store: Store,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    controllers: controllers::Runner,
    definitions: Definitions,
    leaving: Arc<AtomicBool>,
}

/// Runs a server until the process is told to stop.
pub async fn run(mut config: Config) -> Result<(), Error> {
    if !config.etcd_servers.is_empty() {
        beside_etcd(&mut config).await?;
    }
    if !config.without_effect.is_empty() {
        tracing::info!("these flags have no effect here: --{}", config.without_effect.join(", --"));
    }
    let (data, with_parent, delay) =
        (config.data.clone(), config.exit_with_parent, config.limits.shutdown_delay_duration);
    let mut server = Server::start(config).await?;
    if let Err(error) = greet(&server, &data) {
        tracing::debug!(%error, "nobody reads the greeting");
    }
    let ended = tokio::select! {
        signal = signals::told_to_stop(with_parent) => signal.map_err(Error::from),
        error = server.ended() => Err(error),
    };
    if ended.is_ok() && !delay.is_zero() {
        server.leaving.store(true, Relaxed);
        tracing::info!("leaving: requests are served for {delay:?} more");
        tokio::time::sleep(delay).await;
    }
    tracing::info!("stopping");
    if tokio::time::timeout(STOP_MAX, server.stop()).await.is_err() {
        tracing::error!("the server did not stop in time");
    }
    ended
}

/// Keeps the data where the etcd says, as long as it runs; durable it need not be. An etcd that is none of this program
/// keeps no data of it: then it is in memory.
async fn beside_etcd(config: &mut Config) -> Result<(), Error> {
    config.durability = Durability::Off;
    config.data = match etcd_data::find(&config.etcd_servers).await? {
        Some(path) => path,
        None => {
            tracing::warn!(
                "what is at {} is no etcd of kubedouble: data is kept in memory",
                config.etcd_servers.join(",")
            );
            MEMORY.into()
        }
    };
    Ok(())
}

impl Server {
    /// Starts a server; when this returns, it serves.
    pub async fn start(config: Config) -> Result<Self, Error> {
        Self::start_with_clock(config, store::clock::system()).await
    }

    /// As [`Server::start`], with another source of time than the machine.
    pub async fn start_with_clock(config: Config, clock: Clock) -> Result<Self, Error> {
        config.check().map_err(Error::Flags)?;
        let plain = match config.port {
            Some(port) => Some(listen(SocketAddr::new(config.bind_address, port)).await?),
            None => None,
        };
        let address = plain.as_ref().map(TcpListener::local_addr).transpose()?;
        let secure = match config.identity.secure_port {
            Some(port) => Some(listen(SocketAddr::new(config.bind_address, port)).await?),
            None => None,
        };
        let secure_address = secure.as_ref().map(TcpListener::local_addr).transpose()?;
        let secure_port = secure_address.map_or(SECURE_PORT, |address| address.port());
        let advertised = SocketAddr::new(config.advertise_address, secure_port);
        let identity = Identity::prepare(&config)?;
        let store = Store::open(store_options(&config, clock.clone())).await?;
        let settings = Settings {
            cluster_ip_ranges: config.service_cluster_ip_range.0.clone(),
            node_ports: config.service_node_port_range.clone(),
            authorization: config.identity.authorization_mode.clone(),
            tokens: Arc::clone(&identity.bearers) as Arc<dyn Tokens>,
            disabled_plugins: config.admission.disabled(),
            root_ca: identity.credentials.ca.clone().unwrap_or_default(),
        };
        let context = Context::new(Arc::clone(&clock), config.seed);
        let registry = Registry::built_in();
        let apis = &config.runtime_config;
        registry.change(|kinds| kinds.retain(|kind| apis.serves(&kind.gvk.group, &kind.gvk.version, &kind.plural)));
        let api = Api::new(store.clone(), registry, context, settings);
        bootstrap(&api, advertised).await.map_err(Error::Bootstrap)?;
        let api_server =
            secure_address.map(|_| ApiServer { host: host(), client_ca: identity.credentials.client_ca.clone() });
        let options = controllers::Options { api_server, ..controller_options(&config, advertised) };
        if let Some(simulation) = &options.simulation {
            create_nodes(&api, simulation).await.map_err(Error::Bootstrap)?;
        }
        let definitions = definitions::start(&api, definitions::converters(&api)).await.map_err(Error::Bootstrap)?;
        let controllers = controllers::start(&api, &options);
        let (stop, stopped) = oneshot::channel();
        if let Some(directory) = &config.identity.in_cluster_dir {
            identity.write_in_cluster(directory, &api).await?;
        }
        let hosts = Hosts { address: config.bind_address, allowed: config.identity.allowed_hosts.clone() };
        let limits = &config.limits;
        let in_flight = InFlight::new(limits.max_requests_inflight, limits.max_mutating_requests_inflight);
        let gate = Gate::new(identity.authenticator, audit_log(&config, &clock)?, hosts).limited(in_flight);
        let figures = Box::new(ControllerFigures(controllers.handle()));
        let own = secure_address.or(address).ok_or_else(|| Error::Flags("there is no port to listen on".to_owned()))?;
        let reached_at = url(if secure_address.is_some() { "https" } else { "http" }, own);
        let service = http::service(api.clone(), own, gate, vec![figures])
            .merge(http::pages::openid::routes(
                identity.bearers.accounts(),
                &reached_at,
                config.identity.service_account_jwks_uri.as_deref(),
            ))
            .merge(steer::routes(controllers.handle()));
        let leaving = service.leaving();
        let listeners = Listeners { plain, secure: secure.zip(identity.tls) };
        let serving = tokio::spawn(http::serve(listeners, service, async {
            // A dropped sender means the same as a message: nobody wants the server any more.
            let _ = stopped.await;
        }));
        if let Some(path) = &config.kubeconfig_out {
            files::write_private(path, &kubeconfig::text(&reached_at, &identity.credentials))?;
        }
        Ok(Self { address, secure_address, api, store, stop, serving, controllers, definitions, leaving })
    }

    /// The address it listens on: the plain one, if it has one.
    pub fn address(&self) -> SocketAddr {
        self.address.or(self.secure_address).expect("a server listens somewhere")
    }

    /// `http://…` of the server, or `https://…` if it has no plain port.
    pub fn url(&self) -> String {
        url(if self.address.is_some() { "http" } else { "https" }, self.address())
    }

    /// `https://…` of the server, if it has a secure port.
    pub fn secure_url(&self) -> Option<String> {
        self.secure_address.map(|address| url("https", address))
    }

    /// The API, for programs that have the server in their own process.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The controllers, for programs that have the server in their own process.
    pub fn controllers(&self) -> controllers::Handle {
        self.controllers.handle()
    }

    /// Returns, with the reason, when the server has ended without having been asked to.
    async fn ended(&mut self) -> Error {
        let (what, why) = tokio::select! {
            error = self.store.ended() => return error.into(),
            why = self.controllers.ended() => ("a controller", why),
            why = self.definitions.ended() => ("the follower of definitions", why),
            served = &mut self.serving => {
                ("the HTTP server", served.map_or_else(|error| error.to_string(), |()| "it returned".to_owned()))
            }
        };
        Error::Ended { what, why }
    }

    /// Ends watches, finishes requests, and flushes the store.
    pub async fn stop(self) {
        // The receiver is gone only if the server has ended already, and then there is nothing to wait for.
        if self.stop.send(()).is_ok()
            && let Err(error) = self.serving.await
        {
            tracing::error!(%error, "the HTTP server ended badly");
        }
        drop(self.controllers);
        drop(self.definitions);
        self.store.close().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| {
        let hint = match source.kind() {
            io::ErrorKind::AddrInUse => "; another program uses the port, choose one with --port (0 takes a free one)",
            io::ErrorKind::PermissionDenied => "; choose a port above 1023 with --port",
            _ => "",
        };
        Error::Listen { address, source, hint }
    })
}

/// The audit log, if there is a file for it.
fn audit_log(config: &Config, clock: &Clock) -> Result<Option<Arc<AuditLog>>, Error> {
    let flags = &config.identity;
    let Some(path) = &flags.audit_log_path else { return Ok(None) };
    let policy = flags.audit_policy_file.as_deref().map(audit_policy).transpose()?;
    let rotation = Rotation {
        bytes: flags.audit_log_maxsize.saturating_mul(1 << 20),
        age: Duration::from_secs(u64::from(flags.audit_log_maxage) * 24 * 60 * 60),
        backups: flags.audit_log_maxbackup,
    };
    let (path, rotation) = if path == Path::new("-") {
        (Path::new("/dev/stdout"), Rotation::default())
    } else {
        (path.as_path(), rotation)
    };
    let opened = RotatedFile::open(path, rotation, Arc::clone(clock)).and_then(|file| AuditLog::open(file, policy));
    opened.map(Some).map_err(|source| Error::Audit { path: path.to_owned(), source })
}

fn audit_policy(path: &Path) -> Result<Policy, Error> {
    let (policy, wants_bodies) = Policy::parse(&files::read(path)?).map_err(|why| files::content(path, why))?;
    if wants_bodies {
        tracing::warn!("the audit log has no bodies: levels above Metadata are recorded as Metadata");
    }
    Ok(policy)
}

fn store_options(config: &Config, clock: Clock) -> store::Options {
    let data =
        if config.data == Path::new(MEMORY) { store::Data::Memory } else { store::Data::File(config.data.clone()) };
    let Config { durability, history_window: history, .. } = *config;
    store::Options { data, durability, first: FIRST_REVISION, history, clock }
}

fn controller_options(config: &Config, advertised: SocketAddr) -> controllers::Options {
    let simulation = config.simulation.simulate_pods.then(|| Simulation {
        nodes: config.simulation.simulate_nodes,
        pod_ranges: config.simulation.pod_cidr.0.clone(),
        start_delay: config.simulation.pod_start_delay,
        run_time: config.simulation.pod_run_time,
    });
    let flags = &config.load_balancing;
    let timing = match flags.load_balancer {
        Mode::Off => None,
        Mode::Instant => Some(Timing::After(Duration::ZERO)),
        Mode::Delayed(delay) => Some(Timing::After(delay)),
        Mode::Manual => Some(Timing::Manual),
    };
    let load_balancing = timing.map(|timing| LoadBalancing {
        timing,
        ranges: flags.load_balancer_pool.0.clone(),
        domain: flags.load_balancer_domain.clone(),
    });
    let event_ttl = Some(config.event_ttl).filter(|ttl| !ttl.is_zero());
    let disabled = controllers::names().into_iter().filter(|name| !config.controllers.run(name)).map(str::to_owned);
    controllers::Options {
        advertised: Some(advertised),
        event_ttl,
        simulation,
        load_balancing,
        api_server: None,
        disabled: disabled.collect(),
    }
}

/// What this machine is called.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_owned() } else { name.trim().to_owned() }
}

/// Says how to talk to the server. Nobody has to listen: a closed pipe is no reason not to serve.
fn greet(server: &Server, data: &Path) -> io::Result<()> {
    let (url, mut out) = (server.url(), io::stdout().lock());
    writeln!(out, "kubedouble answers at {url} and keeps its data in {}", data.display())?;
    writeln!(out, "  kubectl --server {url} get services --all-namespaces")?;
    writeln!(out, "  curl {url}/api/v1/namespaces/default/services")
}

fn url(scheme: &str, address: SocketAddr) -> String {
    let host = if address.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { address.ip() };
    format!("{scheme}://{}", SocketAddr::new(host, address.port()))
}
