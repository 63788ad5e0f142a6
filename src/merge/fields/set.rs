//! A set of fields: what a manager owns, or what a write changed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Element;

/// A set of paths. A path in the set says nothing of the paths below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet(BTreeMap<Element, Branch>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Branch {
    /// Whether the path that ends here is in the set.
    member: bool,
    below: FieldSet,
}

impl Branch {
    /// Removes the paths of another branch; `false` if nothing is left.
    fn take(&mut self, other: &Self) -> bool {
        self.member &= !other.member;
        self.below.take(&other.below);
        self.member || !self.below.is_empty()
    }
}

impl FieldSet {
    /// Reads `fieldsV1`; what is not understood is left out.
    pub fn parse(fields: &Value) -> Self {
        let members = fields.as_object().into_iter().flatten();
        let branches = members.filter_map(|(name, inside)| {
            let below = Self::parse(inside);
            let member = below.is_empty() || inside.get(".").is_some();
            Some((Element::parse(name)?, Branch { member, below }))
        });
        Self(branches.collect())
    }

    /// Prints `fieldsV1`.
    pub fn to_value(&self) -> Value {
        Value::Object(self.members(false))
    }

    /// The members of `fieldsV1`; the first says that the path above is in the set, too.
    fn members(&self, itself: bool) -> Map<String, Value> {
        let mut out = Map::with_capacity(self.0.len() + usize::from(itself));
        if itself {
            out.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (element, branch) in &self.0 {
            let inside = branch.below.members(branch.member && !branch.below.is_empty());
            out.insert(element.to_text(), Value::Object(inside));
        }
        out
    }

    /// A set of paths of members, e.g. `["metadata", "name"]`.
    pub fn of_members(paths: &[&[&str]]) -> Self {
        let mut out = Self::default();
        for path in paths {
            let path: Vec<_> = path.iter().map(|name| Element::Field((*name).to_owned().into())).collect();
            out.insert(&path);
        }
        out
    }

    /// Whether the set has no path.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a path. The empty path, which is the object itself, is not recorded.
    pub fn insert(&mut self, path: &[Element]) {
        if let Some((first, rest)) = path.split_first() {
            let branch = self.0.entry(first.clone()).or_default();
            if rest.is_empty() {
                branch.member = true;
            } else {
                branch.below.insert(rest);
            }
        }
    }

    /// Whether the path of this one step is in the set.
    pub fn has(&self, element: &Element) -> bool {
        self.0.get(element).is_some_and(|branch| branch.member)
    }

    /// What lies below a step.
    pub fn below(&self, element: &Element) -> Option<&Self> {
        self.0.get(element).map(|branch| &branch.below).filter(|below| !below.is_empty())
    }

    /// The first steps of all paths.
    pub fn steps(&self) -> impl Iterator<Item = &Element> {
        self.0.keys()
    }

    /// Adds the path of one step.
    pub(super) fn insert_step(&mut self, element: Element) {
        self.0.entry(element).or_default().member = true;
    }

    /// Puts a set below a step.
    pub(super) fn set_below(&mut self, element: &Element, below: Self) {
        if !below.is_empty() {
            self.0.entry(element.clone()).or_default().below = below;
        }
    }

    /// Paths in either set.
    pub fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.add(other);
        out
    }

    /// Adds the paths of another set.
    pub fn add(&mut self, other: &Self) {
        for (element, branch) in &other.0 {
            let mine = self.0.entry(element.clone()).or_default();
            mine.member |= branch.member;
            mine.below.add(&branch.below);
        }
    }

    /// Paths in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Self::default();
        for (element, branch) in &self.0 {
            if let Some(theirs) = other.0.get(element) {
                let below = branch.below.intersection(&theirs.below);
                out.put(element, Branch { member: branch.member && theirs.member, below });
            }
        }
        out
    }

    /// Paths that the other set does not have.
    pub fn difference(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.take(other);
        out
    }

    /// Removes the paths of another set. The work is that of the smaller of the two.
    pub fn take(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.retain(|element, mine| other.0.get(element).is_none_or(|theirs| mine.take(theirs)));
            return;
        }
        for (element, theirs) in &other.0 {
            if self.0.get_mut(element).is_some_and(|mine| !mine.take(theirs)) {
                self.0.remove(element);
            }
        }
    }

    /// Paths that the other set neither has, nor has a path above.
    pub fn outside(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.keep_outside(other);
        out
    }

    /// Removes the paths that the other set has, and those below them.
    pub fn keep_outside(&mut self, other: &Self) {
        for (element, theirs) in &other.0 {
            let Some(mine) = self.0.get_mut(element) else { continue };
            if !theirs.member {
                mine.below.keep_outside(&theirs.below);
            }
            if theirs.member || (!mine.member && mine.below.is_empty()) {
                self.0.remove(element);
            }
        }
    }

    /// All paths, in order.
    pub fn paths(&self) -> Vec<Vec<Element>> {
        let mut out = Vec::new();
        self.collect(&mut Vec::new(), &mut out);
        out
    }

    fn put(&mut self, element: &Element, branch: Branch) {
        if branch.member || !branch.below.is_empty() {
            self.0.insert(element.clone(), branch);
        }
    }

    fn collect(&self, above: &mut Vec<Element>, out: &mut Vec<Vec<Element>>) {
        for (element, _) in self.0.iter().filter(|(_, branch)| branch.member) {
            out.push(above.iter().chain([element]).cloned().collect());
        }
        for (element, branch) in &self.0 {
            above.push(element.clone());
            branch.below.collect(above, out);
            above.pop();
        }
    }
}

/// A path as messages print it: `.spec.ports[port=80,protocol="TCP"].targetPort`.
pub fn show_path(path: &[Element]) -> String {
    path.iter().map(Element::to_string).collect()
}
