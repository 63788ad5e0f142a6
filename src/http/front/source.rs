//! Where a request comes from: a page of another site in a browser must not act on a server that asks for no
//! credentials, neither by its address nor by a name that it lets resolve to it (DNS rebinding).

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, Request, header, uri::Authority};

use crate::http::request::negotiate;
use crate::object::{Reason, Status, status::Result};

/// The names and addresses under which clients may reach the server.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// The address that the server listens on.
    pub address: IpAddr,
    /// Names beside `localhost`, as the administrator gives them; `*` stands for every name.
    pub allowed: Vec<String>,
}

impl Hosts {
    /// Refuses a request whose `Host` is no name or address of this server: a browser was led here by a foreign name.
    pub fn check_host<B>(&self, request: &Request<B>) -> Result<()> {
        // Every browser sends a host. HTTP/1.0 clients need not.
        let Some(authority) = authority(request) else { return Ok(()) };
        if self.has(host(authority)) {
            return Ok(());
        }
        Err(forbidden(format!("the host {authority:?} is not one of this server; --allowed-hosts can add its name")))
    }

    /// Refuses a request that a browser sends on behalf of a page of another origin.
    pub fn check_origin<B>(&self, request: &Request<B>) -> Result<()> {
        let headers = request.headers();
        let origin = negotiate::text(headers, header::ORIGIN).unwrap_or_default();
        let is_foreign = match origin.split_once("://") {
            Some((_, from)) => !self.is_own(from, authority(request).unwrap_or_default()),
            None => origin == "null",
        };
        if is_foreign {
            return Err(forbidden(format!("the origin {origin:?} is not this server")));
        }
        if origin.is_empty() && is_cross_site(headers) && !is_navigation(request) {
            return Err(forbidden("the request comes from a page of another site".to_owned()));
        }
        Ok(())
    }

    fn is_own(&self, origin: &str, authority: &str) -> bool {
        origin.eq_ignore_ascii_case(authority) || self.is_allowed(host(origin))
    }

    fn has(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return address.is_loopback() || self.address.is_unspecified() || address == self.address;
        }
        let name = bare.strip_suffix('.').unwrap_or(bare);
        name.rsplit('.').next().is_some_and(|top| top.eq_ignore_ascii_case("localhost")) || self.is_allowed(name)
    }

    fn is_allowed(&self, name: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
    }
}

/// The host and port that the client believes to talk to.
fn authority<B>(request: &Request<B>) -> Option<&str> {
    let named = request.uri().authority().map(Authority::as_str);
    named.or_else(|| negotiate::text(request.headers(), header::HOST))
}

/// An authority without its port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of an address of IPv6 are in brackets.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// What a browser says of a request for which it sends no origin, such as that of an image.
fn is_cross_site(headers: &HeaderMap) -> bool {
    matches!(headers.get("sec-fetch-site").map(|site| site.as_bytes()), Some(b"cross-site" | b"same-site"))
}

/// Whether the browser shows the response as a page of its own, which the page with the link cannot read.
fn is_navigation<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET && request.headers().get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}

fn forbidden(why: String) -> Box<Status> {
    Status::new(Reason::Forbidden, why)
}
