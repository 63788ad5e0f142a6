//! Requests for collections, objects and subresources: each method becomes a verb, each result an answer.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, Request, Response, StatusCode, header, request::Parts},
};

use super::{
    App,
    answer::{
        list,
        reply::{self, Manner, TableWishes},
        table::Include,
        watch::{self, Frames},
        websocket,
    },
    front::{gate, metrics::Labels},
    pages::{discovery, handlers},
    request::{
        body, negotiate,
        path::{self, Act, Place, Route, Shape},
        query::{self, Query},
    },
};
use futures_util::future::{Either, ready};

use crate::{
    kinds::{Action, Kind},
    object::{GroupVersionKind, Status, status::Result},
    schema::{self, Message},
    text::percent,
    verbs::{Caller, Patch, PatchKind, WriteOptions, Written},
    wire,
};

/// The longest field manager taken from a user agent, in bytes.
const MANAGER_MAX: usize = 128;

/// Answers everything below `/api` and `/apis`, and paths that nothing else answers.
///
/// What can be told without waiting is told at once, so that the future that waits has room for little else than the
/// exchange.
pub fn handle(State(app): State<Arc<App>>, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send {
    let (parts, body) = request.into_parts();
    match place(app, parts) {
        Ok(exchange) => Either::Left(exchange.run(body)),
        Err(response) => Either::Right(ready(*response)),
    }
}

/// Finds the place that a request is for, or answers what needs none.
fn place(app: Arc<App>, parts: Parts) -> std::result::Result<Exchange, Box<Response<Body>>> {
    let Some(decoded) = percent::decode(parts.uri.path()) else {
        return Err(reply::text(StatusCode::BAD_REQUEST, "400 Bad Request: invalid URL escape").into());
    };
    let response = match path::parse(&app.api.registry().kinds(), &decoded) {
        Route::Place(place) => {
            drop(decoded);
            return Exchange::begin(app, parts, place);
        }
        Route::NoSuchPage => reply::no_such_page(),
        Route::NoSuchResource => {
            reply::error(&parts.headers, &Query::parse(parts.uri.query()), &Status::no_such_resource())
        }
        Route::CoreVersions => handlers::api_root(&app, &parts, true),
        Route::Groups => handlers::api_root(&app, &parts, false),
        Route::Group(group) => {
            let document = discovery::group(&app.api.registry().kinds(), group).unwrap_or_default();
            handlers::unrouted(&parts, &document)
        }
        Route::Resources(group, version) => {
            handlers::legacy(&parts, &discovery::resources(&app.api.registry().kinds(), group, version))
        }
    };
    Err(response.into())
}

/// A request that has found its place.
struct Exchange {
    app: Arc<App>,
    parts: Parts,
    query: Query,
    place: Place,
    act: Act,
    began: Instant,
    /// What the client is to be warned about, whether the request succeeds or not.
    warnings: Vec<String>,
}

impl Exchange {
    fn begin(app: Arc<App>, parts: Parts, place: Place) -> std::result::Result<Self, Box<Response<Body>>> {
        let began = Instant::now();
        let query = Query::parse(parts.uri.query());
        let Some(act) = place.act(&parts.method) else {
            return Err(not_allowed(&parts, &query, &place).into());
        };
        if let Err(status) = negotiate::route(&parts.headers, &parts.method, act) {
            return Err(reply::error(&parts.headers, &query, &status).into());
        }
        let act = if act == Act::List && query.flag("watch") == Some(true) { Act::Watch } else { act };
        let warnings = place.target.def.deprecation.as_ref().map(|text| text.to_string()).into_iter().collect();
        Ok(Self { app, parts, query, place, act, began, warnings })
    }

    async fn run(mut self, body: Body) -> Response<Body> {
        let mut response = match self.answer(self.act, body).await {
            Ok(response) => response,
            Err(status) => reply::error(&self.parts.headers, &self.query, &status),
        };
        reply::add_warnings(response.headers_mut(), &self.warnings);
        let labels = labels(&self.place, self.act);
        self.app.metrics.request(&labels, response.status().as_u16(), self.began.elapsed());
        response
    }

    async fn answer(&mut self, act: Act, body: Body) -> Result<Response<Body>> {
        if act != Act::Watch {
            query::check_timeout(&self.query)?;
        }
        // The large futures are boxed, or every read would carry the room for them along.
        match act {
            Act::Get | Act::Connect => self.get().await,
            Act::List => Box::pin(self.list()).await,
            Act::Watch => Box::pin(self.watch()).await,
            Act::Create => Box::pin(self.create(body)).await,
            Act::Update => Box::pin(self.update(body)).await,
            Act::Patch => Box::pin(self.patch(body)).await,
            Act::Delete => Box::pin(self.delete(body)).await,
            Act::DeleteCollection => Box::pin(self.delete_collection(body)).await,
        }
    }

    async fn get(&self) -> Result<Response<Body>> {
        let manner = self.manner()?;
        let export = self.query.first("export").is_some_and(|value| !value.is_empty());
        if export && self.query.flag("export") == Some(true) {
            return Err(Status::bad_request("the export parameter, deprecated since v1.14, is no longer supported"));
        }
        let version = self.query.first("resourceVersion").unwrap_or_default();
        let answer = self.app.api.get(&self.place.target, self.place.subresource(), version).await?;
        manner.object(StatusCode::OK, self.def(), answer, &self.table_wishes())
    }

    async fn list(&self) -> Result<Response<Body>> {
        let manner = self.manner()?;
        let options = query::list_options(&self.query)?;
        let page = self.app.api.list(&self.place.target, &options).await?;
        list::answer(&manner, self.def(), page, &self.table_wishes())
    }

    async fn watch(&mut self) -> Result<Response<Body>> {
        let output = negotiate::output(&self.parts.headers, self.place.has_table())?;
        let options = query::list_options(&self.query)?;
        let watch = self.app.api.watch(&self.place.target, &options).await?;
        let include = Include::from_query(&self.query)?;
        let output = negotiate::stream(output)?;
        let frames = Frames::new(self.app.clone(), self.def(), watch, output, include);
        if websocket::is_asked(&self.parts) {
            return Ok(websocket::answer(&mut self.parts, frames).await);
        }
        Ok(watch::answer(frames))
    }

    async fn create(&mut self, body: Body) -> Result<Response<Body>> {
        let manner = self.manner()?;
        let media = negotiate::input(&self.parts.headers)?;
        let bytes = body::read(body).await?;
        let options = query::write_options(&self.query, "CreateOptions", self.caller())?;
        let decoded = self.decode(&bytes, media, &options)?;
        let (api, target) = (&self.app.api, &self.place.target);
        let written = match self.place.subresource() {
            Some(sub) => api.create_subresource(target, sub, decoded, &options).await?,
            None => api.create(target, decoded, &options).await?,
        };
        self.written(&manner, written)
    }

    async fn update(&mut self, body: Body) -> Result<Response<Body>> {
        let manner = self.manner()?;
        let bytes = body::read(body).await?;
        let options = query::write_options(&self.query, "UpdateOptions", self.caller())?;
        let media = negotiate::input(&self.parts.headers)?;
        let decoded = self.decode(&bytes, media, &options)?;
        let written = self.app.api.update(&self.place.target, self.place.subresource(), decoded, &options).await?;
        self.written(&manner, written)
    }

    async fn patch(&mut self, body: Body) -> Result<Response<Body>> {
        let kind: PatchKind = negotiate::patch(&self.parts.headers)?;
        let manner = self.manner()?;
        let patch = Patch { kind, body: body::read(body).await? };
        let options = query::patch_options(&self.query, kind, self.caller())?;
        let written = self.app.api.patch(&self.place.target, self.place.subresource(), patch, &options).await?;
        self.written(&manner, written)
    }

    async fn delete(&mut self, body: Body) -> Result<Response<Body>> {
        let manner = self.manner()?;
        let bytes = body::read(body).await?;
        let options = body::delete_options(&bytes, &self.parts.headers, &self.query, self.caller())?;
        let deleted = self.app.api.delete(&self.place.target, &options).await?;
        let code = if deleted.accepted { StatusCode::ACCEPTED } else { StatusCode::OK };
        manner.object(code, self.def(), deleted.answer, &self.table_wishes())
    }

    async fn delete_collection(&mut self, body: Body) -> Result<Response<Body>> {
        let manner = self.manner()?;
        let wanted = query::list_options(&self.query)?;
        let bytes = body::read(body).await?;
        let options = body::delete_options(&bytes, &self.parts.headers, &self.query, self.caller())?;
        let page = self.app.api.delete_collection(&self.place.target, &wanted, &options).await?;
        list::answer(&manner, self.def(), page, &self.table_wishes())
    }

    fn def(&self) -> &Kind {
        &self.place.target.def
    }

    fn manner(&self) -> Result<Manner> {
        let output = negotiate::output(&self.parts.headers, self.place.has_table())?;
        Ok(Manner::new(output, &self.query, &self.parts.headers))
    }

    fn table_wishes(&self) -> TableWishes<'_> {
        TableWishes { query: &self.query, api: &self.app.api }
    }

    fn caller(&self) -> Caller {
        let agent = negotiate::text(&self.parts.headers, header::USER_AGENT).unwrap_or_default();
        Caller { user: gate::user(&self.app, &self.parts), manager: manager(agent) }
    }

    /// Decodes a body as the kind that this place takes. Its warnings are kept even if the write fails.
    fn decode(&mut self, bytes: &[u8], media: wire::MediaType, options: &WriteOptions) -> Result<wire::DecodedObject> {
        let (gvk, message) = self.body_kind()?;
        let decoded = wire::decode_object(bytes, media, message, &gvk, options.validation)?;
        self.warnings.extend_from_slice(&decoded.warnings);
        Ok(decoded)
    }

    fn body_kind(&self) -> Result<(GroupVersionKind, &'static Message)> {
        let def = self.def();
        let unknown = || Status::internal(format!("no schema for {}", def.message));
        match self.place.subresource() {
            Some(sub) if matches!(sub.action, Action::Binding | Action::Eviction | Action::Scale | Action::Token) => {
                let message = schema::by_gvk(&sub.gvk.api_version(), &sub.gvk.kind).ok_or_else(unknown)?;
                Ok((sub.gvk.clone(), message))
            }
            _ => Ok((def.gvk.clone(), schema::message(&def.message).ok_or_else(unknown)?)),
        }
    }

    fn written(&mut self, manner: &Manner, written: Written) -> Result<Response<Body>> {
        self.warnings.extend(written.warnings);
        let code = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        manner.object(code, self.def(), written.answer, &self.table_wishes())
    }
}

/// The field manager that a user agent stands for: what comes before its first `/`.
pub fn manager(agent: &str) -> String {
    let mut name = String::new();
    for c in agent.split('/').next().unwrap_or_default().chars().filter(|c| !c.is_control()) {
        if name.len() + c.len_utf8() > MANAGER_MAX {
            break;
        }
        name.push(c);
    }
    if name.is_empty() { "unknown".to_owned() } else { name }
}

fn not_allowed(parts: &Parts, query: &Query, place: &Place) -> Response<Body> {
    let mut response = reply::error(&parts.headers, query, &Status::method_not_allowed());
    if let Ok(allowed) = HeaderValue::from_str(&place.allowed().join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn labels(place: &Place, act: Act) -> Labels {
    let scope = match place.shape {
        Shape::Item | Shape::Subresource(_) => "resource",
        _ if place.target.name.is_some() => "resource",
        _ if place.target.namespace.is_some() => "namespace",
        _ => "cluster",
    };
    let (kind, subresource) = (place.target.def.clone(), place.subresource().cloned());
    Labels { verb: act.name(), kind, subresource, scope }
}
