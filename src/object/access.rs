//! Who asks, and for what: the vocabulary of authentication and authorization.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value, json};

use super::status::{Reason, Status};

/// The name of those who show no credentials.
pub const ANONYMOUS: &str = "system:anonymous";
/// The group of everybody who has shown credentials.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of everybody who has not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group that may do everything.
pub const MASTERS: &str = "system:masters";

const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// Somebody who sends requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// What tells users of the same name apart, or empty.
    pub uid: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// Whatever else is known of the user.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user in these groups.
    pub fn new(name: impl Into<String>, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { name: name.into(), groups: groups.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Who may do everything, and asks from this machine.
    pub fn admin() -> Self {
        Self::new("kubernetes-admin", [MASTERS, AUTHENTICATED])
    }

    /// Who shows no credentials.
    pub fn anonymous() -> Self {
        Self::new(ANONYMOUS, [UNAUTHENTICATED])
    }

    /// A service account of a namespace, in its groups.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        let mut groups = service_account_groups(namespace).to_vec();
        groups.push(AUTHENTICATED.to_owned());
        Self::new(service_account_name(namespace, name), groups)
    }

    /// Whether the user is in the group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// An `authentication.k8s.io/v1.UserInfo`.
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        for (member, text) in [("username", &self.name), ("uid", &self.uid)] {
            if !text.is_empty() {
                out.insert(member.to_owned(), text.clone().into());
            }
        }
        if !self.groups.is_empty() {
            out.insert("groups".to_owned(), json!(self.groups));
        }
        if !self.extra.is_empty() {
            out.insert("extra".to_owned(), json!(self.extra));
        }
        out.into()
    }
}

/// The user name of a service account.
pub fn service_account_name(namespace: &str, name: &str) -> String {
    format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}")
}

/// The groups that every service account of a namespace is in.
pub fn service_account_groups(namespace: &str) -> [String; 2] {
    ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]
}

/// The namespace and the name of the service account that a user name stands for.
pub fn as_service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
    (!namespace.is_empty() && !name.is_empty() && !name.contains(':')).then_some((namespace, name))
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// The verb: one of the API's for resources, a method in lower case for paths.
    pub verb: &'a str,
    /// What it is to be done to.
    pub subject: Subject<'a>,
}

/// What something is to be done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// Objects of a resource.
    Resource(Resource<'a>),
    /// A path outside all resources.
    Path(&'a str),
}

/// Which objects of which resource; what is not given is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The API group.
    pub group: &'a str,
    /// The version of the API group.
    pub version: &'a str,
    /// The plural name.
    pub resource: &'a str,
    /// The subresource.
    pub subresource: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The object's name.
    pub name: &'a str,
}

impl fmt::Display for Resource<'_> {
    /// `pods` or `pods/status`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource)?;
        if self.subresource.is_empty() { Ok(()) } else { write!(f, "/{}", self.subresource) }
    }
}

impl Attributes<'_> {
    /// The 403 for this user.
    pub fn forbidden(&self, user: &User, why: &str) -> Box<Status> {
        let because = if why.is_empty() { String::new() } else { format!(": {why}") };
        let (name, verb) = (crate::text::go_quote(&user.name), self.verb);
        match &self.subject {
            Subject::Path(path) => {
                let text = format!("forbidden: User {name} cannot {verb} path \"{path}\"{because}");
                Status::new(Reason::Forbidden, text).empty_details()
            }
            Subject::Resource(at) => {
                let place = match at.namespace {
                    "" => "at the cluster scope".to_owned(),
                    namespace => format!("in the namespace \"{namespace}\""),
                };
                let group = at.group;
                let text =
                    format!("User {name} cannot {verb} resource \"{at}\" in API group \"{group}\" {place}{because}");
                Status::forbidden(group, at.resource, at.name, &text)
            }
        }
    }
}

/// What an authorizer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// Why, or empty.
    pub reason: String,
}

impl Decision {
    /// It may be done, for no particular reason.
    pub const ALLOWED: Self = Self { allowed: true, reason: String::new() };
}
