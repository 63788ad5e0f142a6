//! Pages for tests: wait until the controllers have nothing left to do, hold them, step them.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{config::duration, controllers::Handle, http};

/// How long `/kubedouble/settled` waits unless the client says so.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(paths(settled, list, steer, description))]
struct Described;

/// The pages, and the description of all pages that are not Kubernetes resources.
pub fn routes(controllers: Handle) -> Router {
    Router::new()
        .route(http::pages::docs::DESCRIPTION, get(description))
        .route("/kubedouble/settled", get(settled))
        .route("/kubedouble/controllers", get(list))
        .route("/kubedouble/controllers/{name}/{action}", post(steer))
        .with_state(controllers)
}

/// Waits until no controller has work and all have seen the newest state.
#[utoipa::path(
    get,
    path = "/kubedouble/settled",
    params(("timeout" = Option<String>, Query, description = "How long to wait, e.g. `5s`; 30 seconds if absent")),
    responses(
        (status = 200, description = "Nothing is left to do", content_type = "application/json"),
        (status = 400, description = "The timeout is not a duration", content_type = "application/json"),
        (status = 504, description = "What is left when the time is over; `restless` names what controllers keep writing for", content_type = "application/json")
    )
)]
async fn settled(State(controllers): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let asked = query.as_deref().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("timeout="));
    let timeout = match asked.map(duration) {
        None => TIMEOUT,
        Some(Ok(timeout)) => timeout,
        Some(Err(why)) => return respond(StatusCode::BAD_REQUEST, &json!({"message": format!("timeout: {why}")})),
    };
    match controllers.settled(timeout).await {
        Ok(()) => respond(StatusCode::OK, &json!({"settled": true})),
        Err(left) => {
            let message = "controllers still have work";
            let mut body = json!({"settled": false, "message": message, "work": left});
            let restless = controllers.restless();
            if !restless.is_empty() {
                body["restless"] = json!(restless);
            }
            respond(StatusCode::GATEWAY_TIMEOUT, &body)
        }
    }
}

/// The names of the controllers.
#[utoipa::path(
    get,
    path = "/kubedouble/controllers",
    responses((status = 200, description = "The names", content_type = "application/json"))
)]
async fn list(State(controllers): State<Handle>) -> Response {
    respond(StatusCode::OK, &json!({"controllers": controllers.names()}))
}

/// Holds a controller, lets it go on, or lets it do one thing.
#[utoipa::path(
    post,
    path = "/kubedouble/controllers/{name}/{action}",
    params(
        ("name" = String, Path, description = "The controller"),
        ("action" = String, Path, description = "`pause`, `resume` or `step`")
    ),
    responses(
        (status = 200, description = "Done; for a step, with the key that was worked on", content_type = "application/json"),
        (status = 404, description = "No such controller or action", content_type = "application/json")
    )
)]
async fn steer(State(controllers): State<Handle>, Path((name, action)): Path<(String, String)>) -> Response {
    let known = match action.as_str() {
        "pause" => controllers.pause(&name).then(|| json!({"controller": name, "paused": true})),
        "resume" => controllers.resume(&name).then(|| json!({"controller": name, "paused": false})),
        "step" => {
            let stepped = controllers.step(&name).await;
            stepped.map(|key| json!({"controller": name, "paused": true, "key": key}))
        }
        _ => {
            let message = format!("a controller cannot {action}, only pause, resume and step");
            return respond(StatusCode::NOT_FOUND, &json!({"message": message}));
        }
    };
    match known {
        Some(body) => respond(StatusCode::OK, &body),
        None => {
            let message = format!("there is no controller {name}");
            respond(StatusCode::NOT_FOUND, &json!({"message": message, "controllers": controllers.names()}))
        }
    }
}

/// This description.
#[utoipa::path(
    get,
    path = "/kubedouble/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
async fn description() -> Response {
    let document = http::pages::description::description().merge_from(Described::openapi());
    let document = serde_json::to_value(document).expect("a document made of strings can be written as JSON");
    respond(StatusCode::OK, &document)
}

fn respond(code: StatusCode, body: &Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
