//! How the server shares its time between requests: the objects, which nothing here acts on.

mod conditions;
mod rule;
mod subject;

kinds! {
    flow_schema,
    priority_level_configuration,
}
