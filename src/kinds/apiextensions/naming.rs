//! The names of definitions: which of those that a definition asks for it gets, and what its conditions say of them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    approval,
    conditions::{self, Condition, ESTABLISHED, INSTALLING, NAMES_ACCEPTED, NOT_ACCEPTED},
};
use crate::kinds::Moment;
use crate::{object::meta, text::go_quote};

/// Keeps a definition until its instances are gone.
pub const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Adds the finalizer.
pub fn add_finalizer(definition: &mut Value) {
    let mut finalizers = meta::items(definition, &["metadata", "finalizers"]).to_vec();
    if !finalizers.iter().any(|known| known == FINALIZER) {
        finalizers.push(FINALIZER.into());
    }
    meta::metadata_mut(definition).insert("finalizers".into(), finalizers.into());
}

/// Takes the finalizer away.
pub fn remove_finalizer(definition: &mut Value) {
    let mut finalizers = meta::items(definition, &["metadata", "finalizers"]).to_vec();
    finalizers.retain(|known| known != FINALIZER);
    meta::metadata_mut(definition).insert("finalizers".into(), finalizers.into());
}

/// The definition with the names that it gets beside the others of its group, and with the conditions that follow;
/// `None` if that is what it says already.
pub fn settle<'a>(definition: &Value, others: impl IntoIterator<Item = &'a Value>, now: Moment) -> Option<Value> {
    let approval = approval::condition(definition).filter(|approval| !conditions::says(definition, approval));
    let names = names(definition, &Taken::by(others));
    if names.is_none() && approval.is_none() {
        return None;
    }
    let mut settled = definition.clone();
    if let Some(Names { accepted, verdict }) = names {
        let established = match conditions::find(definition, ESTABLISHED) {
            Some(_) if conditions::is_true(definition, ESTABLISHED) => None,
            _ if verdict.status == "True" => Some(INSTALLING),
            Some(_) => None,
            None => Some(NOT_ACCEPTED),
        };
        meta::map_mut(&mut settled, "status").insert("acceptedNames".into(), accepted);
        conditions::set(&mut settled, &verdict, now);
        if let Some(established) = established {
            conditions::set(&mut settled, &established, now);
        }
    }
    if let Some(approval) = approval {
        conditions::set(&mut settled, &approval, now);
    }
    Some(settled)
}

/// The names that a definition gets.
struct Names {
    accepted: Value,
    verdict: Condition,
}

/// Names that definitions of one group have.
#[derive(Default)]
struct Taken {
    resources: HashSet<String>,
    kinds: HashSet<String>,
}

impl Taken {
    fn by<'a>(definitions: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut taken = Self::default();
        for names in definitions.into_iter().filter_map(|other| meta::at(other, &["status", "acceptedNames"])) {
            let text = |name| meta::text(names, &[name]).to_owned();
            let short = meta::items(names, &["shortNames"]).iter().filter_map(Value::as_str).map(str::to_owned);
            taken.resources.extend([text("plural"), text("singular")].into_iter().chain(short));
            taken.kinds.extend([text("kind"), text("listKind")]);
        }
        taken.resources.remove("");
        taken.kinds.remove("");
        taken
    }
}

/// `None` if the definition has what it gets.
fn names(definition: &Value, taken: &Taken) -> Option<Names> {
    let nothing = json!({});
    let wanted = meta::at(definition, &["spec", "names"]).unwrap_or(&nothing);
    let has = meta::at(definition, &["status", "acceptedNames"]).unwrap_or(&nothing);
    if wanted == has {
        return None;
    }
    let mut claim = Claim { wanted, has, accepted: has.clone(), conflict: None };
    claim.name("plural", "PluralConflict", &taken.resources);
    claim.name("singular", "SingularConflict", &taken.resources);
    claim.short_names(taken);
    claim.name("kind", "KindConflict", &taken.kinds);
    claim.name("listKind", "ListKindConflict", &taken.kinds);
    claim.take("categories");
    let Claim { accepted, conflict, .. } = claim;
    let verdict = match conflict {
        None => Condition::new(NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found"),
        Some((reason, message)) => Condition { kind: NAMES_ACCEPTED, status: "False", reason, message: message.into() },
    };
    let is_known = *has == accepted && conditions::says(definition, &verdict);
    (!is_known).then_some(Names { accepted, verdict })
}

/// The names that a definition wants, and those that it has got so far.
struct Claim<'a> {
    wanted: &'a Value,
    has: &'a Value,
    accepted: Value,
    /// Of several conflicts the last one is told.
    conflict: Option<(&'static str, String)>,
}

impl Claim<'_> {
    fn name(&mut self, member: &str, reason: &'static str, taken: &HashSet<String>) {
        let name = meta::text(self.wanted, &[member]);
        if name != meta::text(self.has, &[member]) && taken.contains(name) {
            self.conflict = Some((reason, in_use(name)));
        } else {
            self.take(member);
        }
    }

    /// One name that is taken withholds all.
    fn short_names(&mut self, taken: &Taken) {
        let mine = meta::items(self.has, &["shortNames"]);
        let names = meta::items(self.wanted, &["shortNames"]).iter().filter(|name| !mine.contains(name));
        let conflicts = names.filter_map(Value::as_str).filter(|name| taken.resources.contains(*name)).map(in_use);
        match &conflicts.collect::<Vec<_>>()[..] {
            [] => self.take("shortNames"),
            [one] => self.conflict = Some(("ShortNamesConflict", one.clone())),
            several => self.conflict = Some(("ShortNamesConflict", format!("[{}]", several.join(", ")))),
        }
    }

    fn take(&mut self, member: &str) {
        let value = self.wanted.get(member).cloned().unwrap_or_default();
        meta::set(meta::members_mut(&mut self.accepted), member, value);
    }
}

fn in_use(name: &str) -> String {
    format!("{} is already in use", go_quote(name))
}
