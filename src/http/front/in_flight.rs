//! How many requests are served at the same time: those above a limit are refused with 429, and may come again.
//!
//! Watches and other streams do not count, and those who may do everything are never refused.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::response::{holding::holding, reply};
use crate::object::{
    User,
    access::{Attributes, MASTERS, Subject},
};

/// What a refused request is told.
const TOO_MANY: &str = "Too many requests, please try again later.\n";
/// In how many seconds it may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// Requests of these verbs, and of these subresources, last as long as the client likes.
const LONG_VERBS: [&str; 2] = ["watch", "proxy"];
const LONG_SUBRESOURCES: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];
/// Verbs that only read.
const READS: [&str; 3] = ["get", "list", "watch"];

/// The limits; one that is 0 is none.
#[derive(Clone, Default)]
pub struct InFlight {
    reads: Option<Arc<Semaphore>>,
    writes: Option<Arc<Semaphore>>,
}

impl InFlight {
    /// At most so many requests that read, and so many that write.
    pub fn new(reads: usize, writes: usize) -> Self {
        let limit = |most: usize| (most > 0).then(|| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))));
        Self { reads: limit(reads), writes: limit(writes) }
    }

    /// Whether nothing is limited.
    pub fn is_unlimited(&self) -> bool {
        self.reads.is_none() && self.writes.is_none()
    }

    /// A place for a request, held until it is dropped, or the response that refuses it.
    pub fn enter(&self, user: &User, attributes: &Attributes) -> Result<Place, Box<Response<Body>>> {
        let of = if READS.contains(&attributes.verb) { &self.reads } else { &self.writes };
        let Some(limit) = of.as_ref().filter(|_| !is_long(attributes) && !user.is_in(MASTERS)) else {
            return Ok(Place(None));
        };
        match Arc::clone(limit).try_acquire_owned() {
            Ok(permit) => Ok(Place(Some(permit))),
            Err(_) => Err(Box::new(refusal())),
        }
    }
}

/// The place of a request among those that are served.
pub struct Place(Option<OwnedSemaphorePermit>);

impl Place {
    /// Is held until the response has been sent.
    pub fn follow(self, response: Response<Body>) -> Response<Body> {
        match self.0 {
            None => response,
            Some(permit) => response.map(|body| holding(body, permit)),
        }
    }
}

fn is_long(attributes: &Attributes) -> bool {
    let subresource = match &attributes.subject {
        Subject::Resource(at) => at.subresource,
        Subject::Path(_) => "",
    };
    LONG_VERBS.contains(&attributes.verb) || LONG_SUBRESOURCES.contains(&subresource)
}

fn refusal() -> Response<Body> {
    let mut response = reply::text(StatusCode::TOO_MANY_REQUESTS, TOO_MANY.to_owned());
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
