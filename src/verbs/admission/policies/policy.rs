//! Policies and bindings as they are stored, ready to be evaluated.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    cel::{Declared, Environment, Program},
    kinds::admission::policy::{
        expressions::{self, Uses},
        variables::Variables,
    },
    object::{meta, selector::LabelSelector, status::Reason},
    verbs::admission::{rules::Rule, selectors},
};

/// A policy with its expressions.
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) ignores_failure: bool,
    /// Group, version and kind of its parameters.
    pub(super) param_kind: Option<[String; 3]>,
    pub(super) matches: Matches,
    pub(super) conditions: Vec<Expression>,
    pub(super) variables: Vec<Expression>,
    /// Where a variable is in `variables`, by name.
    pub(super) places: HashMap<String, usize>,
    pub(super) validations: Vec<Validation>,
    /// With their keys.
    pub(super) annotations: Vec<(String, Expression)>,
    pub(super) mutations: Vec<Mutation>,
    /// Whether it is evaluated once more if others change the object after it.
    pub(super) is_reinvocable: bool,
}

/// An expression, or what is wrong with it.
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) program: Result<Program, String>,
}

/// What must hold, and what is said if it does not.
pub(super) struct Validation {
    pub(super) expression: Expression,
    pub(super) message: String,
    pub(super) message_expression: Option<Expression>,
    pub(super) reason: Reason,
}

/// How a policy changes an object.
pub(super) enum Mutation {
    /// By a configuration, which is merged into it.
    Apply(Expression),
    /// By a JSON patch.
    Patch(Expression),
}

/// A binding of a policy.
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) actions: Vec<Action>,
    pub(super) matches: Option<Matches>,
    /// `paramRef`.
    pub(super) params: Option<Value>,
}

/// What follows from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Deny,
    Warn,
    Audit,
}

impl Action {
    /// As bindings name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Deny => "Deny",
            Self::Warn => "Warn",
            Self::Audit => "Audit",
        }
    }
}

/// Which requests a policy or a binding is for.
pub(super) struct Matches {
    pub(super) rules: Vec<NamedRule>,
    pub(super) excluded: Vec<NamedRule>,
    /// Whether rules name requests through equivalent kinds too.
    pub(super) equivalent: bool,
    pub(super) namespaces: LabelSelector,
    pub(super) objects: LabelSelector,
}

/// A rule that may be for objects of some names only.
pub(super) struct NamedRule {
    pub(super) rule: Rule,
    pub(super) names: Vec<String>,
}

impl Policy {
    pub(super) fn read(object: &Value) -> Self {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let param_kind = spec.get("paramKind").filter(|kind| !kind.is_null()).map(|kind| {
            let api_version = meta::text(kind, &["apiVersion"]);
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            [group, version, meta::text(kind, &["kind"])].map(str::to_owned)
        });
        let uses = Uses { params: param_kind.is_some(), authorizer: true, ..Uses::default() };
        let is_mutating = !meta::items(spec, &["mutations"]).is_empty();
        let environment = expressions::environment(uses);
        let conditions = meta::items(spec, &["matchConditions"]).iter();
        let conditions = conditions.map(|item| Expression::read(item, "expression", &environment)).collect();
        let mut declared = Variables::default();
        let (mut variables, mut places) = (Vec::new(), HashMap::new());
        for variable in meta::items(spec, &["variables"]) {
            let mentioned = declared.mentioned(meta::text(variable, &["expression"]));
            let of_variable = Uses { variables: Some(&mentioned), mutates: is_mutating, ..uses };
            let environment = expressions::environment(of_variable);
            let expression = Expression::read(variable, "expression", &environment);
            let of = expression
                .program
                .as_ref()
                .map_or_else(|_| Declared::dynamic(), |program| expressions::declared(program.result_type()));
            let name = meta::text(variable, &["name"]).to_owned();
            declared.declare(&name, of);
            places.entry(name).or_insert(variables.len());
            variables.push(expression);
        }
        let declared = declared.into_all();
        let uses = Uses { variables: Some(&declared), ..uses };
        let environment = expressions::environment(uses);
        let for_messages = expressions::environment(Uses { authorizer: false, ..uses });
        let validations = meta::items(spec, &["validations"]).iter();
        let annotations = meta::items(spec, &["auditAnnotations"]).iter();
        Self {
            name: meta::name(object).to_owned(),
            ignores_failure: meta::text(spec, &["failurePolicy"]) == "Ignore",
            param_kind,
            matches: Matches::read(spec.get("matchConstraints").unwrap_or(&Value::Null)),
            conditions,
            variables,
            places,
            validations: validations.map(|item| Validation::read(item, &environment, &for_messages)).collect(),
            annotations: annotations.map(|item| annotation(item, &environment)).collect(),
            mutations: mutations(spec, uses),
            is_reinvocable: meta::text(spec, &["reinvocationPolicy"]) == "IfNeeded",
        }
    }
}

fn annotation(item: &Value, environment: &Environment) -> (String, Expression) {
    (meta::text(item, &["key"]).to_owned(), Expression::read(item, "valueExpression", environment))
}

fn mutations(spec: &Value, uses: Uses<'_>) -> Vec<Mutation> {
    let items = meta::items(spec, &["mutations"]);
    if items.is_empty() {
        return Vec::new();
    }
    let environment = expressions::environment(Uses { mutates: true, ..uses });
    let read = |item: &Value, member: &str| {
        Expression::read(item.get(member).unwrap_or(&Value::Null), "expression", &environment)
    };
    let mutation = |item: &Value| match meta::text(item, &["patchType"]) {
        "JSONPatch" => Mutation::Patch(read(item, "jsonPatch")),
        _ => Mutation::Apply(read(item, "applyConfiguration")),
    };
    items.iter().map(mutation).collect()
}

impl Expression {
    fn read(object: &Value, member: &str, environment: &Environment) -> Self {
        let text = meta::text(object, &[member]).to_owned();
        let program = Program::compile(&text, environment).map_err(|why| why.to_string());
        Self { text, program }
    }
}

impl Validation {
    /// The message where no expression makes one.
    pub(super) fn given_message(&self) -> String {
        if self.message.is_empty() {
            return format!("failed expression: {}", self.expression.text.trim());
        }
        self.message.clone()
    }

    fn read(item: &Value, environment: &Environment, for_messages: &Environment) -> Self {
        let made = meta::text(item, &["messageExpression"]).trim();
        let message = || Expression::read(item, "messageExpression", for_messages);
        Self {
            expression: Expression::read(item, "expression", environment),
            message: meta::text(item, &["message"]).trim().to_owned(),
            message_expression: (!made.is_empty()).then(message),
            reason: match meta::text(item, &["reason"]) {
                "Forbidden" => Reason::Forbidden,
                "RequestEntityTooLarge" => Reason::RequestEntityTooLarge,
                "Unauthorized" => Reason::Unauthorized,
                _ => Reason::Invalid,
            },
        }
    }
}

impl Binding {
    /// A binding, and the name of its policy.
    pub(super) fn read(object: &Value) -> (String, Self) {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let given = |member: &str| spec.get(member).filter(|value| !value.is_null());
        let actions = meta::items(spec, &["validationActions"]).iter().filter_map(|action| match action.as_str() {
            Some("Deny") => Some(Action::Deny),
            Some("Warn") => Some(Action::Warn),
            Some("Audit") => Some(Action::Audit),
            _ => None,
        });
        let binding = Self {
            name: meta::name(object).to_owned(),
            actions: actions.collect(),
            matches: given("matchResources").map(Matches::read),
            params: given("paramRef").cloned(),
        };
        (meta::text(spec, &["policyName"]).to_owned(), binding)
    }
}

impl Matches {
    fn read(resources: &Value) -> Self {
        let rules = |member: &str| meta::items(resources, &[member]).iter().map(NamedRule::read).collect();
        let selector = |member: &str| selectors::parse(resources.get(member)).unwrap_or_default();
        Self {
            rules: rules("resourceRules"),
            excluded: rules("excludeResourceRules"),
            equivalent: meta::text(resources, &["matchPolicy"]) != "Exact",
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
        }
    }
}

impl NamedRule {
    fn read(rule: &Value) -> Self {
        let names = meta::items(rule, &["resourceNames"]).iter().filter_map(Value::as_str);
        Self { rule: Rule::of(rule), names: names.map(str::to_owned).collect() }
    }
}
