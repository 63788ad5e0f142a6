//! Cluster roles that are made of others: their rules are those of all roles that their selectors match.

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    controllers::engine::{
        controller::{Context, Controller},
        writes,
    },
    world::{
        change::Change,
        decode::{decode, or_default},
        meta_view::MetaView,
    },
};
use crate::{
    kinds::rbac::cluster_role,
    object::{Status, selector::LabelSelector, status::Result},
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
        let objects: Vec<Value> = page.items.iter().map(|stored| view(&cluster_role::DEF, stored)).collect();
        let roles = objects.iter().map(decode).collect::<Result<Vec<RoleView<'_>>>>()?;
        // One at a time, since a role may be made of others that are outdated, too.
        let mut outdated = None;
        for (role, object) in roles.iter().zip(&objects).filter(|(role, _)| role.is_aggregated()) {
            let rules = rules(role, &roles)?;
            if !same(&role.rules, &rules) {
                outdated = Some((object.clone(), rules));
                break;
            }
        }
        match outdated {
            Some((role, rules)) => write(api, role, rules).await?,
            None => return Ok(()),
        }
    }
}

/// A cluster role.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleView<'a> {
    #[serde(borrow)]
    metadata: MetaView<'a>,
    #[serde(default, deserialize_with = "or_default")]
    aggregation_rule: AggregationRule,
    #[serde(default, deserialize_with = "or_default")]
    rules: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AggregationRule {
    #[serde(deserialize_with = "or_default")]
    cluster_role_selectors: Vec<Value>,
}

impl RoleView<'_> {
    fn is_aggregated(&self) -> bool {
        !self.aggregation_rule.cluster_role_selectors.is_empty()
    }

    fn labels(&self) -> Vec<(String, String)> {
        self.metadata.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
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

/// The rules of all roles that a role is made of, in order of name, each once.
fn rules(whole: &RoleView<'_>, roles: &[RoleView<'_>]) -> Result<Vec<Value>> {
    let (mut rules, mut known) = (Vec::new(), HashSet::new());
    for selector in &whole.aggregation_rule.cluster_role_selectors {
        let selector = LabelSelector::of_object(selector).map_err(|error| {
            Status::internal(format!("a selector of ClusterRole {} is none: {error}", whole.metadata.name))
        })?;
        let others = roles.iter().filter(|role| role.metadata.name != whole.metadata.name);
        let parts = others.filter(|role| selector.matches(&role.labels()));
        let found = parts.flat_map(|part| &part.rules).filter(|rule| known.insert(*rule));
        rules.extend(found.cloned());
    }
    Ok(rules)
}

/// Whether the same rules are in both, in whatever order.
fn same(a: &[Value], b: &[Value]) -> bool {
    let known: HashSet<_> = b.iter().collect();
    a.len() == b.len() && a.iter().all(|rule| known.contains(rule))
}

async fn write(api: &Api, mut role: Value, rules: Vec<Value>) -> Result<()> {
    role["rules"] = json!(rules);
    writes::update_as(api, NAME, &cluster_role::DEF, None, role).await?;
    Ok(())
}
