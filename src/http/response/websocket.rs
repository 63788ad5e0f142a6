//! Watches over WebSocket: each event is one message, until the watch or the client ends it.

use axum::{
    body::Body,
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, Response, StatusCode, Uri, Version, header, request::Parts},
    response::IntoResponse,
};
use bytes::Bytes;

use super::watch::Frames;
use crate::http::request::negotiate;
use crate::wire::MediaType;

/// The longest message that is read. What clients send is ignored.
const MESSAGE_MAX: usize = 64 * 1024;
/// How many bytes may wait for a client that does not read: one event and replies to its pings. Pings beyond that get no
/// reply.
const UNREAD_MAX: usize = 8 * 1024 * 1024;
/// A stream has a frame's length before it; a message has a length of its own.
const LENGTH_PREFIX: usize = 4;

/// Whether a request wants its connection to become a WebSocket. Only HTTP/1.1 can.
pub fn is_asked(parts: &Parts) -> bool {
    let says = |name, wanted: &str| {
        negotiate::text(&parts.headers, name).is_some_and(|value| value.to_ascii_lowercase().contains(wanted))
    };
    parts.version <= Version::HTTP_11 && says(header::CONNECTION, "upgrade") && says(header::UPGRADE, "websocket")
}

/// Switches protocols and sends the frames, or says what is wrong with the handshake.
pub async fn response(parts: &mut Parts, frames: Frames) -> Response<Body> {
    let upgrade = match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    if !has_origin(&parts.headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let upgrade = upgrade.max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX).max_write_buffer_size(UNREAD_MAX);
    upgrade.on_upgrade(|socket| async move {
        if let Err(error) = send(socket, frames).await {
            tracing::debug!(%error, "a WebSocket watch ended early");
        }
    })
}

/// Go's server refuses a client that does not say where it comes from, wherever that is.
fn has_origin(headers: &HeaderMap) -> bool {
    let origin = negotiate::text(headers, header::ORIGIN).unwrap_or_default();
    origin.starts_with('/') || origin.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some())
}

/// Sends until the watch is over, or the client closes or breaks the rules.
async fn send(mut socket: WebSocket, mut frames: Frames) -> Result<(), axum::Error> {
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            received = socket.recv() => match received {
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        };
        let Some(frame) = frame else { break };
        socket.send(message(frames.media(), frame)).await?;
    }
    socket.send(Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "".into() }))).await
}

fn message(media: MediaType, frame: Bytes) -> Message {
    match media {
        MediaType::Protobuf => Message::Binary(frame.slice(LENGTH_PREFIX..)),
        MediaType::Json | MediaType::Yaml => text(frame),
    }
}

/// JSON is UTF-8, so no copy is made.
fn text(frame: Bytes) -> Message {
    match frame.clone().try_into() {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(frame),
    }
}
