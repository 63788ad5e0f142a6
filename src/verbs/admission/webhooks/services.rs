//! Where the services lead that webhooks are behind, from what the store holds.

use crate::{
    kinds::service::route::{self, Route, route},
    object::Prefix,
    store::Store,
    verbs::{Target, read::stored},
    webhook::Services,
};

/// The services in a store.
pub struct StoreServices(pub Store);

impl Services for StoreServices {
    fn route(&self, namespace: &str, name: &str, port: u16) -> Result<Route, String> {
        let (service, slices) = route::kinds();
        let snapshot = self.0.snapshot();
        let found = snapshot.get(&Target::new(service, namespace, name).key());
        let found = found.map(|found| stored::parse(found.bytes()));
        let prefix: Prefix = slices.prefix().namespace(namespace);
        let slices: Vec<_> = snapshot.range(&prefix, None).map(|(_, found)| stored::parse(found.bytes())).collect();
        route(name, found.as_ref(), slices.iter(), port)
    }
}
