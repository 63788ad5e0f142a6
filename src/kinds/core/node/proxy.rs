//! `nodes/proxy`: HTTP to a port of a node.

use crate::kinds::{
    ConnectRequest, Connected, Connection,
    model::connection::{ProxyId, find, nobody},
};
use crate::object::{status::Result, token::Objects};

/// The connection.
pub struct Proxy;

impl Connection for Proxy {
    fn open(&self, request: &ConnectRequest<'_>, objects: &dyn Objects) -> Result<Connected> {
        let id = ProxyId::parse("node", request.id)?;
        find(objects, &super::DEF, request, id.name)?;
        Err(nobody("nodes proxy"))
    }
}
