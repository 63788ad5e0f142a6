//! Requests for collections, objects and subresources: each method becomes a verb, each result a response.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};

use super::{
    App,
    front::metrics::Labels,
    pages::{discovery, groups},
    pool::LONG,
    request::{
        body,
        negotiate::{self, Output, Shape},
        path::{self, Operation, PathKind, ResourcePath, Route},
        query::{self, Query},
    },
    response::{
        flow::{Flow, Paced},
        list,
        reply::{self, Format, TableOptions},
        table::Include,
        watch::{self, Frames},
        websocket,
    },
};
use bytes::Bytes;
use futures_util::future::{Either, ready};
use tokio::time::Instant;

use crate::{
    kinds::{Connected, Kind},
    object::{GroupVersionKind, Status, status::Result},
    schema::ObjectRef,
    text::percent,
    verbs::{Answer, AuditAnnotations, Caller, DeleteOptions, Page, Patch, PatchKind, WriteOptions, Written},
    wire,
};

/// The longest field manager taken from a user agent, in bytes.
const MANAGER_MAX: usize = 128;

/// The longest that a request may take.
const LONGEST: Duration = Duration::from_secs(60);

/// Responds to everything below `/api` and `/apis`.
///
/// What needs no waiting is done before the future is made, so that the future is hardly larger than the request.
pub fn handle(app: Arc<App>, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send {
    let (parts, body) = request.into_parts();
    match route(app, parts) {
        Ok(request) => Either::Left(request.run(body)),
        Err(response) => Either::Right(ready(*response)),
    }
}

/// Finds the resource that a request is for, or responds to what needs none.
fn route(app: Arc<App>, parts: Parts) -> std::result::Result<ResourceRequest, Box<Response<Body>>> {
    let Some(decoded) = percent::decode(parts.uri.path()) else {
        return Err(reply::text(StatusCode::BAD_REQUEST, "400 Bad Request: invalid URL escape").into());
    };
    let response = match path::parse(&app.api.registry().kinds(), &decoded) {
        Route::Resource(path) => {
            drop(decoded);
            return ResourceRequest::begin(app, parts, path);
        }
        Route::NoSuchPage => reply::no_such_page(),
        Route::NoSuchObject(target) => {
            reply::error(&parts.headers, &Query::parse(parts.uri.query()), &target.not_found())
        }
        Route::NoSuchResource => {
            reply::error(&parts.headers, &Query::parse(parts.uri.query()), &Status::no_such_resource())
        }
        Route::CoreVersions | Route::Resources(..) if parts.method != Method::GET => {
            not_allowed(&parts, &Query::parse(parts.uri.query()), &["GET"])
        }
        Route::CoreVersions => groups::api_root(&app, &parts, true),
        Route::Groups => groups::api_root(&app, &parts, false),
        Route::Group(group) => {
            let document = discovery::group(&app.api.registry().kinds(), group).unwrap_or_default();
            groups::unrouted(&parts, &document)
        }
        Route::Resources(group, version) => {
            groups::legacy(&parts, &discovery::resources(&app.api.registry().kinds(), group, version))
        }
    };
    Err(response.into())
}

/// A request for a resource, after routing.
struct ResourceRequest {
    app: Arc<App>,
    parts: Parts,
    query: Query,
    path: ResourcePath,
    operation: Operation,
    began: Instant,
    /// What the client is to be warned about, whether the request succeeds or not.
    warnings: Vec<String>,
}

impl ResourceRequest {
    fn begin(app: Arc<App>, parts: Parts, path: ResourcePath) -> std::result::Result<Self, Box<Response<Body>>> {
        let began = Instant::now();
        let query = Query::parse(parts.uri.query());
        let Some(operation) = path.operation(&parts.method) else {
            return Err(refused(&parts, &query, &path).into());
        };
        let mut path = path;
        if operation == Operation::Create && path.subresource().is_none() {
            path.target.name = None;
        }
        if !path.target.def.is_custom
            && let Err(status) = negotiate::route(&parts.headers, &parts.method, operation)
        {
            return Err(reply::error(&parts.headers, &query, &status).into());
        }
        let operation = if operation == Operation::List && query.flag("watch") == Some(true) {
            Operation::Watch
        } else {
            operation
        };
        let warnings = path.target.def.deprecation.as_ref().map(|text| text.to_string()).into_iter().collect();
        Ok(Self { app, parts, query, path, operation, began, warnings })
    }

    async fn run(self, body: Body) -> Response<Body> {
        let (app, began, labels) = (Arc::clone(&self.app), self.began, self.labels());
        let response = match self.read(body).await {
            Ok(body) if self.is_long(&body) => Box::pin(self.finish_in_pool(body)).await,
            Ok(body) => self.finish(body).await,
            Err(status) => self.failure(&status),
        };
        app.metrics.request(&labels, response.status().as_u16(), began.elapsed());
        response
    }

    /// Reads the body, after what can be refused without it.
    async fn read(&self, body: Body) -> Result<Bytes> {
        if self.operation != Operation::Watch {
            query::timeout(&self.query)?;
        }
        match self.operation {
            Operation::Get | Operation::Connect | Operation::List | Operation::Watch => return Ok(Bytes::new()),
            Operation::Create => {
                self.format()?;
                negotiate::input(&self.parts.headers)?;
            }
            Operation::Patch => {
                negotiate::patch(&self.parts.headers, self.def().is_custom)?;
                self.format()?;
            }
            Operation::Update | Operation::Delete | Operation::DeleteCollection => drop(self.format()?),
        }
        if matches!(self.operation, Operation::Update | Operation::Patch) && self.path.target.name.is_none() {
            return Err(Status::bad_request("name must be provided"));
        }
        Box::pin(body::read(body)).await
    }

    /// Whether the work on the request is for the pool: it reads, writes or converts much.
    fn is_long(&self, body: &Bytes) -> bool {
        let stores_much = || self.path.target.name.is_some() && self.app.api.size(&self.path.target) > LONG;
        match self.operation {
            Operation::Create | Operation::Update | Operation::Patch | Operation::Delete => {
                body.len() > LONG || stores_much()
            }
            Operation::DeleteCollection => body.len() > LONG,
            // Of a read, only the conversion is long.
            Operation::Get | Operation::List | Operation::Watch | Operation::Connect => false,
        }
    }

    async fn finish_in_pool(self, body: Bytes) -> Response<Body> {
        let (app, headers, query) = (Arc::clone(&self.app), self.parts.headers.clone(), self.query.clone());
        match app.pool.run(self.finish(body)).await {
            Ok(response) => response,
            Err(status) => reply::error(&headers, &query, &status),
        }
    }

    async fn finish(mut self, body: Bytes) -> Response<Body> {
        let result = match self.limit() {
            Some(limit) => match tokio::time::timeout_at(self.began + limit, self.respond(body)).await {
                Ok(result) => result,
                Err(_) => return reply::timed_out(),
            },
            None => self.respond(body).await,
        };
        let mut response = result.unwrap_or_else(|status| {
            self.warnings.extend_from_slice(&status.warnings);
            self.failure(&status)
        });
        reply::add_warnings(response.headers_mut(), &self.warnings);
        response
    }

    /// How long the request may take. Reads only wait where objects have to be converted.
    fn limit(&self) -> Option<Duration> {
        let asked = || query::timeout(&self.query).ok().flatten();
        match self.operation {
            Operation::Watch | Operation::Connect => None,
            Operation::Get | Operation::List => asked().map(|limit| limit.min(LONGEST)),
            _ => Some(asked().map_or(LONGEST, |limit| limit.min(LONGEST))),
        }
    }

    fn failure(&self, status: &Status) -> Response<Body> {
        reply::error(&self.parts.headers, &self.query, status)
    }

    async fn respond(&mut self, body: Bytes) -> Result<Response<Body>> {
        // The large futures are boxed, or every read would carry the room for them along.
        match self.operation {
            Operation::Get => self.get().await,
            Operation::Connect => Box::pin(self.connect()).await,
            Operation::List => Box::pin(self.list()).await,
            Operation::Watch => Box::pin(self.watch()).await,
            Operation::Create => Box::pin(self.create(body)).await,
            Operation::Update => Box::pin(self.update(body)).await,
            Operation::Patch => Box::pin(self.patch(body)).await,
            Operation::Delete => Box::pin(self.delete(body)).await,
            Operation::DeleteCollection => Box::pin(self.delete_collection(body)).await,
        }
    }

    async fn get(&self) -> Result<Response<Body>> {
        let format = self.format()?;
        let export = self.query.first("export").is_some_and(|value| !value.is_empty());
        if export && self.query.flag("export") == Some(true) {
            return Err(Status::bad_request("the export parameter, deprecated since v1.14, is no longer supported"));
        }
        let version = self.query.first("resourceVersion").unwrap_or_default();
        let answer = self.app.api.get(&self.path.target, self.path.subresource(), version).await?;
        self.object(format, StatusCode::OK, answer).await
    }

    async fn connect(&self) -> Result<Response<Body>> {
        let sub = self.path.subresource().ok_or_else(Status::no_such_resource)?;
        Ok(match self.app.api.connect(&self.path.target, sub, self.query.pairs(), &self.caller()).await? {
            Connected::Nothing => reply::empty(StatusCode::NO_CONTENT),
            Connected::Text(text) => reply::response(StatusCode::OK, "text/plain", text.into()),
        })
    }

    /// One object. Its conversion is long if it is to be converted and has many bytes.
    async fn object(&self, format: Format, code: StatusCode, answer: Answer) -> Result<Response<Body>> {
        if let Some(form) = self.path.form() {
            return format.form(code, form, self.def(), answer, &self.table_options());
        }
        let is_long = matches!(&answer, Answer::Stored(stored) if stored.bytes().len() > LONG) && !format.is_plain();
        if !is_long {
            return format.object(code, self.def(), answer, &self.table_options());
        }
        let (app, query, def) = (Arc::clone(&self.app), self.query.clone(), self.def().clone());
        let convert = async move { format.object(code, &def, answer, &TableOptions { query: &query, api: &app.api }) };
        Box::pin(self.app.pool.run(convert)).await?
    }

    async fn list(&self) -> Result<Response<Body>> {
        let format = self.format()?;
        let options = query::list_options(&self.query)?;
        let page = self.app.api.list(&self.path.target, &options).await?;
        self.page(format, page).await
    }

    /// A page of a list. Its conversion is long if it is to be converted and has many bytes.
    async fn page(&self, format: Format, page: Page) -> Result<Response<Body>> {
        let bytes: usize = if format.is_plain() { 0 } else { page.items.iter().map(|item| item.bytes().len()).sum() };
        if bytes <= LONG {
            return list::response(&format, self.def(), page, &self.table_options());
        }
        let (app, query, def) = (Arc::clone(&self.app), self.query.clone(), self.def().clone());
        let convert = async move {
            let options = TableOptions { query: &query, api: &app.api };
            list::response(&format, &def, page, &options)
        };
        Box::pin(self.app.pool.run(convert)).await?
    }

    async fn watch(&mut self) -> Result<Response<Body>> {
        let output = self.output()?;
        let options = query::list_options(&self.query)?;
        let watch = self.app.api.watch(&self.path.target, &options).await?;
        let include = Include::from_query(&self.query)?;
        let output = negotiate::stream(output)?;
        let frames = Frames::new(self.app.clone(), self.def(), watch, output, include);
        if websocket::is_asked(&self.parts) {
            return Ok(websocket::response(&mut self.parts, frames).await);
        }
        let pace = self.parts.extensions.get::<Arc<Flow>>().cloned().map(Paced::new);
        Ok(watch::response(frames, pace))
    }

    async fn create(&mut self, body: Bytes) -> Result<Response<Body>> {
        let format = self.format()?;
        let media = negotiate::input(&self.parts.headers)?;
        let options = query::write_options(&self.query, "CreateOptions", self.caller())?;
        let decoded = self.decode(&body, media, &options)?;
        let (api, target) = (&self.app.api, &self.path.target);
        let written = match self.path.subresource() {
            Some(sub) => api.create_subresource(target, sub, decoded, &options).await?,
            None => api.create(target, decoded, &options).await?,
        };
        self.written(&format, written)
    }

    async fn update(&mut self, body: Bytes) -> Result<Response<Body>> {
        let format = self.format()?;
        let options = query::write_options(&self.query, "UpdateOptions", self.caller())?;
        let media = negotiate::input(&self.parts.headers)?;
        let decoded = self.decode(&body, media, &options)?;
        let written = self.app.api.update(&self.path.target, self.path.subresource(), decoded, &options).await?;
        self.written(&format, written)
    }

    async fn patch(&mut self, body: Bytes) -> Result<Response<Body>> {
        let kind: PatchKind = negotiate::patch(&self.parts.headers, self.def().is_custom)?;
        let format = self.format()?;
        let patch = Patch { kind, body };
        let options = query::patch_options(&self.query, kind, self.caller())?;
        let written = self.app.api.patch(&self.path.target, self.path.subresource(), patch, &options).await?;
        self.written(&format, written)
    }

    async fn delete(&mut self, body: Bytes) -> Result<Response<Body>> {
        let format = self.format()?;
        let options = body::delete_options(&body, &self.parts.headers, &self.query, self.caller())?;
        self.warn_of_orphans(&options);
        let deleted = self.app.api.delete(&self.path.target, &options).await?;
        self.warnings.extend(deleted.warnings);
        let code = if deleted.accepted { StatusCode::ACCEPTED } else { StatusCode::OK };
        format.object(code, self.def(), deleted.answer, &self.table_options())
    }

    async fn delete_collection(&mut self, body: Bytes) -> Result<Response<Body>> {
        let format = self.format()?;
        let wanted = query::list_options(&self.query)?;
        let options = body::delete_options(&body, &self.parts.headers, &self.query, self.caller())?;
        self.warn_of_orphans(&options);
        let page = self.app.api.delete_collection(&self.path.target, &wanted, &options).await?;
        self.page(format, page).await
    }

    /// Says of a delete that leaves it open what becomes of dependents, where that may surprise.
    fn warn_of_orphans(&mut self, options: &DeleteOptions) {
        if options.propagation_policy.is_none() && options.orphan_dependents.is_none() {
            let warning = self.def().orphan_warning.as_ref().map(|text| text.to_string());
            self.warnings.extend(warning);
        }
    }

    fn labels(&self) -> Labels {
        let path = &self.path;
        let scope = match path.kind {
            PathKind::Item | PathKind::Subresource(_) => "resource",
            _ if path.target.name.is_some() => "resource",
            _ if path.target.namespace.is_some() => "namespace",
            _ => "cluster",
        };
        let (kind, subresource) = (path.target.def.clone(), path.subresource().cloned());
        Labels { verb: self.operation.name(), kind, subresource, scope }
    }

    fn def(&self) -> &Kind {
        &self.path.target.def
    }

    fn format(&self) -> Result<Format> {
        Ok(Format::new(self.output()?, &self.query, &self.parts.headers))
    }

    /// How the response is written. Kinds that are made at run time have no form in protobuf.
    fn output(&self) -> Result<Output> {
        let output = negotiate::output(&self.parts.headers, self.path.has_table())?;
        let shows_object = output.shape == Shape::Whole
            && self.operation != Operation::Delete
            && !self.path.subresource().is_some_and(|sub| sub.has_own_body());
        if output.media == wire::MediaType::Protobuf && shows_object && !self.def().has_protobuf() {
            return Err(negotiate::not_in_protobuf());
        }
        Ok(output)
    }

    fn table_options(&self) -> TableOptions<'_> {
        TableOptions { query: &self.query, api: &self.app.api }
    }

    fn caller(&self) -> Caller {
        let agent = negotiate::text(&self.parts.headers, header::USER_AGENT).unwrap_or_default();
        Caller {
            user: self.app.settings.gate.user(&self.parts),
            manager: manager(agent),
            annotations: self.parts.extensions.get::<Arc<AuditAnnotations>>().cloned(),
        }
    }

    /// Decodes a body as the kind that this path takes. Its warnings are kept even if the write fails.
    fn decode(&mut self, bytes: &[u8], media: wire::MediaType, options: &WriteOptions) -> Result<wire::DecodedObject> {
        let (gvk, object) = self.body_kind()?;
        let decode = if object.is_structural() { wire::decode_custom } else { wire::decode_object };
        let is_form = self.def().is_custom && self.path.subresource().is_some_and(|sub| sub.has_own_body());
        // The server of custom kinds cannot say what is wrong with such a body.
        let unknown = |status| if is_form { unregistered(&gvk) } else { status };
        let decoded = decode(bytes, media, &object, &gvk, options.validation).map_err(unknown)?;
        self.warnings.extend_from_slice(&decoded.warnings);
        Ok(decoded)
    }

    fn body_kind(&self) -> Result<(GroupVersionKind, ObjectRef)> {
        let def = self.def();
        match self.path.subresource() {
            Some(sub) if sub.has_own_body() => Ok((sub.gvk.clone(), sub.schema()?)),
            _ => Ok((def.gvk.clone(), def.schema.clone())),
        }
    }

    fn written(&mut self, format: &Format, written: Written) -> Result<Response<Body>> {
        self.warnings.extend(written.warnings);
        let code = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        match self.path.form() {
            Some(form) => format.form(code, form, self.def(), written.answer, &self.table_options()),
            None => format.object(code, self.def(), written.answer, &self.table_options()),
        }
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

fn unregistered(gvk: &GroupVersionKind) -> Box<Status> {
    const SCHEME: &str = "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:781";
    let (version, kind) = (&gvk.version, &gvk.kind);
    Status::bad_request(format!("no kind is registered for the type {version}.{kind} in scheme \"{SCHEME}\""))
}

/// Why a method is not routed here.
fn refused(parts: &Parts, query: &Query, path: &ResourcePath) -> Response<Body> {
    let def = &path.target.def;
    if !def.is_custom {
        return not_allowed(parts, query, &path.allowed());
    }
    if matches!(path.kind, PathKind::AllNamespaces) {
        return reply::no_such_page();
    }
    let verb = match parts.method {
        Method::GET | Method::HEAD => "get",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    };
    reply::error(&parts.headers, query, &Status::unsupported_verb(&def.gvk.group, &def.plural, verb))
}

fn not_allowed(parts: &Parts, query: &Query, allowed: &[&str]) -> Response<Body> {
    let mut response = reply::error(&parts.headers, query, &Status::method_not_allowed());
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
