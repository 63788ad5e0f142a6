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

use crate::{config::duration, controllers::Handle};

/// How long `/kubedouble/settled` waits unless the client says so.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The pages.
pub fn routes(controllers: Handle) -> Router {
    Router::new()
        .route("/kubedouble/settled", get(settled))
        .route("/kubedouble/controllers", get(list))
        .route("/kubedouble/controllers/{name}/{action}", post(steer))
        .with_state(controllers)
}

/// 200 once no controller has work and all have seen the newest state; 504 with what is left when the time is over.
async fn settled(State(controllers): State<Handle>, RawQuery(query): RawQuery) -> Response {
    let asked = query.as_deref().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("timeout="));
    let timeout = match asked.map(duration) {
        None => TIMEOUT,
        Some(Ok(timeout)) => timeout,
        Some(Err(why)) => return answer(StatusCode::BAD_REQUEST, &json!({"message": format!("timeout: {why}")})),
    };
    match controllers.settled(timeout).await {
        Ok(()) => answer(StatusCode::OK, &json!({"settled": true})),
        Err(left) => {
            let message = "controllers still have work";
            let body = json!({"settled": false, "message": message, "work": left});
            answer(StatusCode::GATEWAY_TIMEOUT, &body)
        }
    }
}

async fn list(State(controllers): State<Handle>) -> Response {
    answer(StatusCode::OK, &json!({"controllers": controllers.names()}))
}

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
            return answer(StatusCode::NOT_FOUND, &json!({"message": message}));
        }
    };
    match known {
        Some(body) => answer(StatusCode::OK, &body),
        None => {
            let message = format!("there is no controller {name}");
            answer(StatusCode::NOT_FOUND, &json!({"message": message, "controllers": controllers.names()}))
        }
    }
}

fn answer(code: StatusCode, body: &Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}
