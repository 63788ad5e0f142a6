//! Type checking of ValidatingAdmissionPolicies: warnings about expressions that do not fit the kinds which the policy is
//! for. They change nothing in how the policy is evaluated.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{
    declare,
    expressions::{self, Uses},
    variables::Variables,
};
use crate::{
    cel::{Declared, Environment, Program},
    kinds::Kind,
    object::{Path, meta},
};

/// The most kinds that a policy is checked against.
const KINDS_MAX: usize = 10;

/// The `expressionWarnings` of a policy, given the kinds that are served.
pub fn warnings(policy: &Value, served: &[Kind]) -> Vec<Value> {
    let spec = policy.get("spec").unwrap_or(&Value::Null);
    let params = params(spec, served);
    let kinds = kinds(spec, served);
    let checks: Vec<Check> = kinds.iter().map(|kind| Check::of(spec, kind, params.as_ref())).collect();
    let mut warnings = Vec::new();
    for (index, validation) in meta::items(spec, &["validations"]).iter().enumerate() {
        let path = Path::new("spec").child("validations").index(index);
        for member in ["expression", "messageExpression"] {
            let expression = meta::text(validation, &[member]);
            let problems: Vec<String> = if member == "messageExpression" && expression.is_empty() {
                Vec::new()
            } else {
                checks.iter().filter_map(|check| check.problem(expression)).collect()
            };
            if !problems.is_empty() {
                warnings.push(json!({"fieldRef": path.child(member).to_string(), "warning": problems.join("\n")}));
            }
        }
    }
    warnings
}

/// The check of expressions against one kind.
struct Check<'a> {
    kind: &'a Kind,
    object: Arc<Declared>,
    params: Option<&'a Arc<Declared>>,
    variables: Vec<(String, Arc<Declared>)>,
}

impl<'a> Check<'a> {
    fn of(spec: &Value, kind: &'a Kind, params: Option<&'a Arc<Declared>>) -> Self {
        let mut check = Self { kind, object: declare::declared(kind), params, variables: Vec::new() };
        let mut known = Variables::default();
        for variable in meta::items(spec, &["variables"]) {
            let expression = meta::text(variable, &["expression"]);
            let environment = check.environment(&known.mentioned(expression));
            let compiled = Program::compile(expression, &environment);
            let of =
                compiled.map_or_else(|_| Declared::dynamic(), |program| expressions::declared(program.result_type()));
            known.declare(meta::text(variable, &["name"]), of);
        }
        check.variables = known.into_all();
        check
    }

    /// What is wrong with an expression.
    fn problem(&self, expression: &str) -> Option<String> {
        let why = Program::compile(expression, &self.environment(&self.variables)).err()?;
        let gvk = &self.kind.gvk;
        Some(format!("{}, Kind={}: {why}\n", group_version(gvk), gvk.kind))
    }

    fn environment(&self, variables: &[(String, Arc<Declared>)]) -> Environment {
        let uses = Uses { authorizer: true, variables: Some(variables), ..Uses::default() };
        let mut environment = expressions::environment(uses);
        environment.variables.remove("authorizer.requestResource");
        for name in ["object", "oldObject"] {
            environment = environment.with(name, self.object.clone());
        }
        match self.params {
            Some(params) => environment.with("params", params.clone()),
            None => environment,
        }
    }
}

/// A group and a version as Go prints them: `/v1` without a group.
fn group_version(gvk: &crate::object::GroupVersionKind) -> String {
    format!("{}/{}", gvk.group, gvk.version)
}

/// What the parameters are, if they are of a kind that is served.
fn params(spec: &Value, served: &[Kind]) -> Option<Arc<Declared>> {
    let kind = spec.get("paramKind").filter(|kind| !kind.is_null())?;
    let (api_version, name) = (meta::text(kind, &["apiVersion"]), meta::text(kind, &["kind"]));
    let of = |kind: &&Kind| kind.gvk.api_version() == api_version && kind.gvk.kind == *name;
    served.iter().find(of).map(declare::declared)
}

/// The kinds that the rules name without wildcards, in their order. An empty group is any group.
fn kinds(spec: &Value, served: &[Kind]) -> Vec<Kind> {
    let mut found: Vec<&Kind> = Vec::new();
    for rule in meta::items(spec, &["matchConstraints", "resourceRules"]) {
        let names =
            |member: &str| meta::items(rule, &[member]).iter().filter_map(Value::as_str).collect::<BTreeSet<&str>>();
        let (groups, versions) = (names("apiGroups"), names("apiVersions"));
        if groups.iter().chain(&versions).any(|name| name.contains('*')) {
            continue;
        }
        let resources = names("resources");
        let resources = || resources.iter().filter(|name| !name.contains(['*', '/']));
        let mut count = 0;
        for (group, version) in groups.iter().flat_map(|group| versions.iter().map(move |version| (group, version))) {
            for resource in resources() {
                let names = |kind: &&Kind| {
                    (group.is_empty() || kind.gvk.group == **group)
                        && kind.gvk.version == **version
                        && (kind.plural == **resource || kind.singular == **resource)
                };
                for kind in served.iter().filter(names) {
                    if !found.contains(&kind) {
                        found.push(kind);
                    }
                    count += 1;
                    if count == KINDS_MAX {
                        return sorted(found);
                    }
                }
            }
        }
    }
    sorted(found)
}

fn sorted(mut kinds: Vec<&Kind>) -> Vec<Kind> {
    kinds.sort_by(|a, b| {
        let key = |kind: &Kind| [&kind.gvk.group, &kind.gvk.version, &kind.gvk.kind].map(ToString::to_string);
        key(a).cmp(&key(b))
    });
    kinds.into_iter().cloned().collect()
}
