//! `/healthz`, `/livez` and `/readyz`, with their single checks.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode, Uri},
};

use crate::http::{App, request::query::Query, response::reply};

/// The three endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The old one, for everything.
    Healthz,
    /// Whether the process should go on.
    Livez,
    /// Whether it should be sent requests.
    Readyz,
}

/// What an endpoint reports: whether all is well, and the text.
pub struct Report {
    /// Whether every check that counts passed.
    pub passed: bool,
    /// The body.
    pub text: String,
}

/// One check; the error says what is wrong.
struct Check {
    name: &'static str,
    run: fn(&App) -> Result<(), String>,
}

const EVERYWHERE: [Check; 3] = [
    Check { name: "ping", run: |_| Ok(()) },
    Check { name: "log", run: |_| Ok(()) },
    Check { name: "etcd", run: has_store },
];
const READY_ONLY: [Check; 3] = [
    Check { name: "etcd-readiness", run: can_write },
    Check { name: "informer-sync", run: |_| Ok(()) },
    Check { name: "shutdown", run: is_staying },
];

/// Whether every check passes. `/livez` says whether the process should go on, `/readyz` whether it should be sent
/// requests; `/healthz` is the old form of both. Below each of them its single checks can be asked for.
#[utoipa::path(
    get,
    tag = "pages",
    path = "/healthz",
    params(
        ("verbose" = Option<String>, Query, description = "Name each check"),
        ("exclude" = Option<String>, Query, description = "A check to leave out")
    ),
    responses((status = 200, description = "Every check passed"), (status = 500, description = "A check failed"))
)]
pub async fn health(State(app): State<Arc<App>>, uri: Uri) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let (name, check) = path.split_once('/').map_or((path, None), |(name, check)| (name, Some(check)));
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.name() == name);
    let report = endpoint.and_then(|endpoint| match check {
        None => Some(endpoint.report(&app, &Query::parse(uri.query()))),
        Some(check) => endpoint.single(&app, check),
    });
    let Some(report) = report else { return reply::no_such_page() };
    let code = if report.passed { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    reply::text(code, report.text)
}

impl Endpoint {
    /// The three endpoints.
    pub const ALL: [Self; 3] = [Self::Healthz, Self::Livez, Self::Readyz];

    /// The endpoint's name, which is its path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthz => "healthz",
            Self::Livez => "livez",
            Self::Readyz => "readyz",
        }
    }

    /// The names of its checks.
    pub fn checks(self) -> impl Iterator<Item = &'static str> {
        self.all().map(|check| check.name)
    }

    /// Runs all checks but the excluded ones.
    pub fn report(self, app: &App, query: &Query) -> Report {
        let mut excluded: Vec<&str> = query.all("exclude").flat_map(|names| names.split(',')).collect();
        excluded.sort_unstable();
        let (mut lines, mut passed) = (String::new(), true);
        for check in self.all() {
            let name = check.name;
            if excluded.contains(&name) {
                excluded.retain(|other| *other != name);
                lines += &format!("[+]{name} excluded: ok\n");
            } else if (check.run)(app).is_ok() {
                lines += &format!("[+]{name} ok\n");
            } else {
                lines += &format!("[-]{name} failed: reason withheld\n");
                passed = false;
            }
        }
        if !excluded.is_empty() {
            let names: Vec<_> = excluded.iter().map(|name| format!("\"{name}\"")).collect();
            let names = names.join(", ");
            lines += &format!("warn: some health checks cannot be excluded: no matches for {names}\n");
        }
        let text = match (passed, query.first("verbose")) {
            (false, _) => format!("{lines}{} check failed\n", self.name()),
            (true, Some(_)) => format!("{lines}{} check passed\n", self.name()),
            (true, None) => "ok".to_owned(),
        };
        Report { passed, text }
    }

    /// Runs one check; `None` if there is none of this name.
    pub fn single(self, app: &App, name: &str) -> Option<Report> {
        let check = self.all().find(|check| check.name == name)?;
        Some(match (check.run)(app) {
            Ok(()) => Report { passed: true, text: "ok".to_owned() },
            Err(why) => Report { passed: false, text: format!("internal server error: {why}\n") },
        })
    }

    fn all(self) -> impl Iterator<Item = &'static Check> {
        let more: &'static [Check] = if self == Self::Readyz { &READY_ONLY } else { &[] };
        EVERYWHERE.iter().chain(more)
    }
}

/// A store whose writer has ended does nothing any more.
fn has_store(app: &App) -> Result<(), String> {
    let health = app.api.health();
    if health.is_alive() { Ok(()) } else { Err(health.to_string()) }
}

/// Reads work in any case; a full disk, for example, only refuses writes.
fn can_write(app: &App) -> Result<(), String> {
    let health = app.api.health();
    if health.is_ok() { Ok(()) } else { Err(health.to_string()) }
}

fn is_staying(app: &App) -> Result<(), String> {
    if *app.settings.stopping.borrow() || app.settings.leaving.load(Relaxed) {
        return Err("process is shutting down".to_owned());
    }
    Ok(())
}
