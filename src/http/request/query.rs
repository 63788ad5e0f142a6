//! Query parameters, read as a Go server reads them, and the options each verb builds from them. Pure.

use std::time::Duration;

use crate::{
    object::{FieldError, FieldErrors, Path, Status, status::Result},
    text::{duration, integer::parse_int, percent},
    verbs::{Caller, DeleteOptions, ListOptions, PatchKind, Preconditions, Validation, WriteOptions},
};

/// The longest `fieldManager`, in bytes.
const FIELD_MANAGER_MAX: usize = 128;

/// The parameters of a query, in the order they were sent.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Splits a raw query. Pairs with a broken escape or a `;` are dropped.
    pub fn parse(raw: Option<&str>) -> Self {
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        let decode = |text| percent::decode_query(text).map(|t| t.into_owned());
        Self(
            pairs
                .filter_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    Some((decode(key)?, decode(value)?))
                })
                .collect(),
        )
    }

    /// All parameters with their values, in the order they were sent.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text, empty if it is absent.
    pub fn text(&self, name: &str) -> String {
        self.first(name).unwrap_or_default().to_owned()
    }

    /// A flag: present and neither `false` nor `0`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.first(name).map(|value| !(value.eq_ignore_ascii_case("false") || value == "0"))
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Result<Option<i64>> {
        self.first(name).map(parse_int).transpose().map_err(Status::bad_request)
    }
}

/// Options of list and watch. Selectors and versions are for the verbs to check.
pub fn list_options(query: &Query) -> Result<ListOptions> {
    let timeout = query.integer("timeoutSeconds")?;
    let limit = query.integer("limit")?.unwrap_or_default();
    Ok(ListOptions {
        label_selector: query.text("labelSelector"),
        field_selector: query.text("fieldSelector"),
        limit: usize::try_from(limit).unwrap_or_default(),
        continue_token: query.text("continue"),
        resource_version: query.text("resourceVersion"),
        resource_version_match: query.text("resourceVersionMatch"),
        send_initial_events: query.flag("sendInitialEvents"),
        allow_watch_bookmarks: query.flag("allowWatchBookmarks").unwrap_or_default(),
        timeout: timeout.filter(|seconds| *seconds != 0).map(go_seconds),
    })
}

/// Options of create (`CreateOptions`) and update (`UpdateOptions`).
pub fn write_options(query: &Query, kind: &str, caller: Caller) -> Result<WriteOptions> {
    let mut errors = FieldErrors::new();
    let options = checked(query, caller, &mut errors);
    refuse(kind, errors)?;
    Ok(options)
}

/// Options of patch.
pub fn patch_options(query: &Query, kind: PatchKind, caller: Caller) -> Result<WriteOptions> {
    let force = query.flag("force");
    let mut errors = FieldErrors::new();
    if kind == PatchKind::Apply {
        if query.text("fieldManager").is_empty() {
            errors.push(FieldError::required(&Path::new("fieldManager"), "is required for apply patch"));
        }
    } else if force.is_some() {
        errors.push(FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch"));
    }
    let options = WriteOptions { force, ..checked(query, caller, &mut errors) };
    refuse("PatchOptions", errors)?;
    Ok(options)
}

/// Options of delete, when the request has no body.
pub fn delete_options(query: &Query, caller: Caller) -> Result<DeleteOptions> {
    check_delete_dry_run(&query.all("dryRun").collect::<Vec<_>>())?;
    Ok(DeleteOptions {
        caller,
        dry_run: query.first("dryRun").is_some(),
        grace_period_seconds: query.integer("gracePeriodSeconds")?,
        propagation_policy: query.first("propagationPolicy").map(str::to_owned),
        orphan_dependents: query.flag("orphanDependents"),
        preconditions: Preconditions {
            uid: query.first("uid").filter(|uid| !uid.is_empty()).map(str::to_owned),
            resource_version: None,
        },
    })
}

/// Refuses a `dryRun` of `DeleteOptions` that has another value than `All`.
pub fn check_delete_dry_run(values: &[&str]) -> Result<()> {
    refuse("DeleteOptions", check_dry_run(values).into_iter().collect())
}

/// `timeout`, a Go duration, as every request but a watch may carry it; `None` if it sets no limit.
pub fn timeout(query: &Query) -> Result<Option<Duration>> {
    let given = query.first("timeout").filter(|text| !text.is_empty()).map(duration::parse).transpose();
    let nanos =
        given.map_err(|why| Status::bad_request(format!("invalid timeout specified in the request URL - {why}")))?;
    Ok(nanos.and_then(|nanos| u64::try_from(nanos).ok()).filter(|nanos| *nanos > 0).map(Duration::from_nanos))
}

/// The options every write shares, with what is wrong with them.
fn checked(query: &Query, caller: Caller, errors: &mut FieldErrors) -> WriteOptions {
    let manager = query.text("fieldManager");
    let dry_run: Vec<&str> = query.all("dryRun").collect();
    errors.extend(check_field_manager(&manager));
    errors.extend(check_dry_run(&dry_run));
    let level = query.first("fieldValidation").unwrap_or_default();
    let validation = Validation::from_parameter(level).unwrap_or_else(|| {
        let path = Path::new("fieldValidation");
        errors.push(FieldError::not_supported(&path, level, &["", "Ignore", "Strict", "Warn"]));
        Validation::Warn
    });
    let field_manager = Some(manager).filter(|name| !name.is_empty());
    let field_validation = Some(level).filter(|level| !level.is_empty()).map(str::to_owned);
    WriteOptions { caller, field_manager, validation, field_validation, dry_run: !dry_run.is_empty(), force: None }
}

/// Seconds as Go multiplies them out to nanoseconds, wrapping around. What is negative then is over at once.
fn go_seconds(seconds: i64) -> Duration {
    let nanoseconds = seconds.wrapping_mul(1_000_000_000);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default())
}

fn check_field_manager(manager: &str) -> FieldErrors {
    let path = Path::new("fieldManager");
    let mut errors = FieldErrors::new();
    if manager.len() > FIELD_MANAGER_MAX {
        errors.push(FieldError::too_long(&path, FIELD_MANAGER_MAX));
    }
    for (position, c) in manager.char_indices().filter(|(_, c)| !is_print(*c)) {
        let why = format!("invalid character U+{:04X} (at position {position})", u32::from(c));
        errors.push(FieldError::invalid(&path, manager, &why));
    }
    errors
}

fn check_dry_run(values: &[&str]) -> Option<FieldError> {
    let unsupported = values.iter().any(|value| *value != "All");
    unsupported.then(|| FieldError::not_supported(&Path::new("dryRun"), values.to_vec(), &["All"]))
}

fn refuse(kind: &str, errors: FieldErrors) -> Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid_named("meta.k8s.io", kind, "", &errors)) }
}

/// Go's `unicode.IsPrint`, near enough: no controls, and of all spaces only the plain one.
fn is_print(c: char) -> bool {
    c == ' ' || !(c.is_control() || c.is_whitespace())
}
