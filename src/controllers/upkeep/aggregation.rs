//! Cluster roles that are made of others: their rules are those of all roles that their selectors match.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::change::Change,
};
use crate::{
    kinds::rbac::cluster_role,
    object::{meta, selector::LabelSelector, status::Result},
    verbs::{Api, ListOptions, Target, view},
};

const NAME: &str = "clusterrole-aggregation-controller";

/// The label of the roles that one of the default roles is made of.
pub fn label(whole: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{whole}")
}

/// Brings the rules of every aggregated role in line, also of those made of other aggregated roles.
pub async fn fill(api: &Api) -> Result<()> {
    let everything = ListOptions::default();
    loop {
        let page = api.list(&Target::new(&cluster_role::DEF, "", ""), &everything).await?;
        let roles: Vec<Value> = page.items.iter().map(|stored| view(&cluster_role::DEF, stored)).collect();
        // One at a time, since a role may be made of others that are outdated, too.
        let mut aggregated = roles.iter().filter(|role| is_aggregated(role)).map(|role| (role, rules(role, &roles)));
        match aggregated.find(|(role, rules)| !same(meta::items(role, &["rules"]), rules)) {
            Some((role, rules)) => write(api, role.clone(), rules).await?,
            None => return Ok(()),
        }
    }
}

pub struct AggregationController;

impl Controller for AggregationController {
    fn name(&self) -> &'static str {
        NAME
    }

    fn keys(&self, change: &Change, _: Context<'_>) -> Vec<String> {
        // Any change may matter to any aggregated role, and one pass looks at them all.
        if change.is(&cluster_role::DEF) { vec!["all".to_owned()] } else { Vec::new() }
    }

    fn reconcile<'a>(&'a self, _key: &'a str, Context { world, .. }: Context<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(fill(&world.api))
    }
}

fn is_aggregated(role: &Value) -> bool {
    !meta::items(role, &["aggregationRule", "clusterRoleSelectors"]).is_empty()
}

/// The rules of all roles that a role is made of, in order of name, each once.
fn rules(whole: &Value, roles: &[Value]) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for selector in meta::items(whole, &["aggregationRule", "clusterRoleSelectors"]) {
        let Ok(selector) = LabelSelector::of_object(selector) else { continue };
        let parts = roles.iter().filter(|role| {
            meta::name(role) != meta::name(whole) && selector.matches_map(meta::map(role, &["metadata", "labels"]))
        });
        for rule in parts.flat_map(|part| meta::items(part, &["rules"])) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    rules
}

/// Whether the same rules are in both, in whatever order.
fn same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().all(|rule| b.contains(rule))
}

async fn write(api: &Api, mut role: Value, rules: Vec<Value>) -> Result<()> {
    role["rules"] = json!(rules);
    writes::update_as(api, NAME, &cluster_role::DEF, None, role).await?;
    Ok(())
}
