//! Impersonation: headers in which somebody asks to be treated as somebody else.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

use axum::http::HeaderMap;

use crate::{
    object::{
        Status, User,
        access::{
            ANONYMOUS, AUTHENTICATED, Attributes, Resource, Subject, UNAUTHENTICATED, as_service_account,
            service_account_groups,
        },
        status::Result,
    },
    text::percent,
};

/// What all impersonation headers start with.
const PREFIX: &str = "impersonate-";
const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// The group of the resources that stand for parts of an identity.
const IDENTITY_GROUP: &str = "authentication.k8s.io";

/// The user that an impersonating request names.
#[derive(Debug, PartialEq, Eq)]
pub struct Impersonation {
    name: String,
    groups: Vec<String>,
    uid: Option<String>,
    extra: BTreeMap<String, Vec<String>>,
}

/// Whether the request asks for impersonation at all.
pub fn is_requested(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with(PREFIX))
}

/// Whom the headers ask for.
pub fn requested(headers: &HeaderMap) -> Result<Option<Impersonation>> {
    let all = |name: &str| -> Vec<String> {
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let one = |name: &str| all(name).into_iter().next().filter(|value| !value.is_empty());
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for header in headers.keys() {
        if let Some(key) = header.as_str().strip_prefix(EXTRA) {
            extra.entry(unescape(key)).or_default().extend(all(header.as_str()));
        }
    }
    let impersonation = Impersonation { name: one(USER).unwrap_or_default(), groups: all(GROUP), uid: one(UID), extra };
    match (impersonation.name.is_empty(), impersonation.has_only_a_name()) {
        (false, _) => Ok(Some(impersonation)),
        (true, true) => Ok(None),
        (true, false) => {
            Err(Status::bad_request(format!("requested [{}] without impersonating a user", impersonation.references())))
        }
    }
}

impl Impersonation {
    /// What the impersonator must be allowed to do.
    pub fn attributes(&self) -> Vec<Attributes<'_>> {
        let core = |resource, name| Resource { version: "v1", resource, name, ..Resource::default() };
        let identity = |resource, name| Resource { group: IDENTITY_GROUP, ..core(resource, name) };
        let mut resources = vec![match as_service_account(&self.name) {
            Some((namespace, name)) => Resource { namespace, ..core("serviceaccounts", name) },
            None => core("users", &self.name),
        }];
        resources.extend(self.groups.iter().map(|group| core("groups", group)));
        for (key, values) in &self.extra {
            resources.extend(values.iter().map(|value| Resource { subresource: key, ..identity("userextras", value) }));
        }
        resources.extend(self.uid.iter().map(|uid| identity("uids", uid)));
        let on = |resource| Attributes { verb: "impersonate", subject: Subject::Resource(resource) };
        resources.into_iter().map(on).collect()
    }

    /// The user to be, with the groups that come by themselves.
    pub fn into_user(self) -> User {
        let mut groups = self.groups;
        if let (true, Some((namespace, _))) = (groups.is_empty(), as_service_account(&self.name)) {
            groups.extend(service_account_groups(namespace));
        }
        let has = |group: &str| groups.iter().any(|own| own == group);
        if self.name == ANONYMOUS {
            if !has(UNAUTHENTICATED) {
                groups.push(UNAUTHENTICATED.to_owned());
            }
        } else if !has(AUTHENTICATED) && !has(UNAUTHENTICATED) {
            groups.push(AUTHENTICATED.to_owned());
        }
        User { name: self.name, uid: self.uid.unwrap_or_default(), groups, extra: self.extra }
    }

    fn has_only_a_name(&self) -> bool {
        self.groups.is_empty() && self.uid.is_none() && self.extra.is_empty()
    }

    /// What is asked for, as object references are printed: kind, namespace, name, uid, version, revision, field path.
    fn references(&self) -> String {
        let mut out = String::new();
        let mut add = |kind: &str, name: &str, version: &str, path: &str| {
            let gap = if out.is_empty() { "" } else { " " };
            write!(out, "{gap}{{{kind}  {name}  {version}  {path}}}").expect("writing to a String cannot fail");
        };
        for group in &self.groups {
            add("Group", group, "", "");
        }
        for (key, values) in &self.extra {
            values.iter().for_each(|value| add("UserExtra", value, "authentication.k8s.io/v1", key));
        }
        if let Some(uid) = &self.uid {
            add("UID", uid, "authentication.k8s.io/v1", "");
        }
        out
    }
}

/// Decodes a key; one with a broken escape stays as it is.
fn unescape(key: &str) -> String {
    percent::decode(key).map_or_else(|| key.to_owned(), Cow::into_owned)
}
