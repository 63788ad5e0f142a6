//! The variable `authorizer` of expressions: what the sender of a request, or a service account, may do.

use std::sync::Arc;

use crate::{
    cel::library::authorizer::{Authorizer, Check, Decision, What},
    object::{
        User,
        access::{Attributes, Resource, Subject},
    },
    verbs::Api,
};

/// The sender of a request.
pub(super) struct Sender {
    pub(super) api: Api,
    pub(super) user: Arc<User>,
}

impl Authorizer for Sender {
    fn decide(&self, check: &Check) -> Decision {
        let account = check.subject.service_account.as_ref();
        let account = account.map(|(namespace, name)| User::service_account(namespace, name));
        let user = account.as_ref().unwrap_or(&self.user);
        let subject = match &check.what {
            What::Path(path) => Subject::Path(path),
            What::Group(group) => Subject::Resource(Resource { group, version: "*", ..Resource::default() }),
            What::Resource(of) => Subject::Resource(Resource {
                group: &of.group,
                version: "*",
                resource: &of.resource,
                subresource: &of.subresource,
                namespace: &of.namespace,
                name: &of.name,
            }),
        };
        let decision = self.api.authorize(user, &Attributes { verb: &check.verb, subject });
        Decision { allowed: decision.allowed, reason: decision.reason, error: None }
    }
}
