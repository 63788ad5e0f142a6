//! The types that Kubernetes' function libraries bring.

/// The types that Kubernetes' function libraries bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LibraryType {
    Url,
    Quantity,
    Ip,
    Cidr,
    Semver,
    Format,
    Authorizer,
    PathCheck,
    GroupCheck,
    ResourceCheck,
    Decision,
}

impl LibraryType {
    pub const ALL: [LibraryType; 11] = [
        LibraryType::Url,
        LibraryType::Quantity,
        LibraryType::Ip,
        LibraryType::Cidr,
        LibraryType::Semver,
        LibraryType::Format,
        LibraryType::Authorizer,
        LibraryType::PathCheck,
        LibraryType::GroupCheck,
        LibraryType::ResourceCheck,
        LibraryType::Decision,
    ];

    /// The full name, as expressions and errors write it.
    pub fn name(self) -> &'static str {
        match self {
            LibraryType::Url => "kubernetes.URL",
            LibraryType::Quantity => "kubernetes.Quantity",
            LibraryType::Ip => "net.IP",
            LibraryType::Cidr => "net.CIDR",
            LibraryType::Semver => "kubernetes.Semver",
            LibraryType::Format => "kubernetes.NamedFormat",
            LibraryType::Authorizer => "kubernetes.authorization.Authorizer",
            LibraryType::PathCheck => "kubernetes.authorization.PathCheck",
            LibraryType::GroupCheck => "kubernetes.authorization.GroupCheck",
            LibraryType::ResourceCheck => "kubernetes.authorization.ResourceCheck",
            LibraryType::Decision => "kubernetes.authorization.Decision",
        }
    }
}
