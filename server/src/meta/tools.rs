//! What an account or an integration can be asked: tools for agents, and capabilities.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use userdir::action::{Action, ActionKind};
use userdir::definition::Definition;
use userdir::{ActionSet, schema::Resource};

use super::method::Method;

/// A method as a tool for an agent.
#[derive(Serialize, JsonSchema)]
pub struct Tool {
    /// Resource of the unified model.
    pub resource: String,
    /// Method of the resource.
    pub method: String,
    /// Name, unique among the tools of all integrations.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Words to choose tools by: the resource, and `read` or `write`.
    pub tags: Vec<String>,
    /// JSON Schema of the query.
    pub query_schema: Value,
    /// JSON Schema of the body; null where it takes none.
    pub body_schema: Value,
    /// Members that must be given, wherever they stand.
    pub required: Vec<String>,
}

/// What an account or an integration can be asked.
#[derive(Serialize, JsonSchema)]
pub struct Capabilities {
    /// Slug of the integration.
    pub integration: String,
    /// Resources of the vendor's own that are known by name; there are none: `/proxy` takes any path.
    pub proxy: Vec<Value>,
    /// What the unified model can do, by resource.
    pub unified: Vec<UnifiedCapability>,
    /// How accounts authenticate.
    pub auth: AuthCapability,
    /// How the account stands; missing where it is about an integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountCapability>,
}

/// The methods of one resource.
#[derive(Serialize, JsonSchema)]
pub struct UnifiedCapability {
    /// The unified model.
    pub model: &'static str,
    /// Its resource.
    pub resource: String,
    /// What can be called.
    pub methods: Vec<String>,
    /// Whether the operator changed the mapping; never so here.
    pub env_overridden: bool,
    /// Where it is documented.
    pub docs_url: String,
}

/// How accounts authenticate.
#[derive(Serialize, JsonSchema)]
pub struct AuthCapability {
    /// Names of the ways.
    pub methods: Vec<String>,
}

/// How an account stands.
#[derive(Serialize, JsonSchema)]
pub struct AccountCapability {
    /// Its status.
    pub status: String,
    /// Whether its calls are refused.
    pub is_blocked: bool,
}

/// Words that stand for several methods.
fn is_of_group(action: Action, word: &str) -> bool {
    let is_custom = !matches!(action.info().method, "list" | "get" | "create" | "update" | "delete");
    match word {
        "read" => action.info().kind != ActionKind::Write,
        "write" => action.info().kind == ActionKind::Write,
        "custom" => is_custom,
        word => action.info().method == word.replace('_', "-"),
    }
}

/// Whether an action is among methods that are named; all are where none is.
pub fn is_among(action: Action, methods: &[String]) -> bool {
    methods.is_empty() || methods.iter().any(|word| is_of_group(action, word))
}

/// The tools of what can be done, narrowed by methods (also `read`, `write`, `custom`) and tags.
pub fn tools(definition: &'static Definition, actions: ActionSet, methods: &[String], tags: &[String]) -> Vec<Tool> {
    let chosen = actions.iter().filter(|action| is_among(*action, methods));
    let made = chosen.map(|action| {
        let (method, info) = (Method::of(definition, action), action.info());
        let effect = if action.is_write() { "write" } else { "read" };
        Tool {
            resource: info.resource.to_owned(),
            method: info.method.to_owned(),
            name: format!("{}_{}", definition.slug.replace('-', "_"), info.function),
            description: method.description(),
            tags: vec![info.resource.to_owned(), effect.to_owned()],
            query_schema: method.query_schema(),
            body_schema: method.body_schema().unwrap_or_default(),
            required: method.required().into_iter().map(str::to_owned).collect(),
        }
    });
    made.filter(|tool| tags.is_empty() || tags.iter().any(|tag| tool.tags.contains(tag))).collect()
}

/// The capabilities of what can be done, narrowed by methods and resource.
pub fn capabilities(
    definition: &'static Definition,
    actions: ActionSet,
    methods: &[String],
    resource: Option<Resource>,
) -> Capabilities {
    let mut by_resource: BTreeMap<usize, UnifiedCapability> = BTreeMap::new();
    for action in actions.iter().filter(|action| is_among(*action, methods)) {
        if resource.is_some_and(|resource| resource != action.resource()) {
            continue;
        }
        let order = Resource::ALL.iter().position(|known| *known == action.resource()).unwrap_or_default();
        let entry = by_resource.entry(order).or_insert_with(|| UnifiedCapability {
            model: "user-directory",
            resource: action.info().resource.to_owned(),
            methods: Vec::new(),
            env_overridden: false,
            docs_url: format!("/docs#{}", action.info().function),
        });
        entry.methods.push(action.info().method.to_owned());
    }
    Capabilities {
        integration: definition.slug.to_owned(),
        proxy: Vec::new(),
        unified: by_resource.into_values().collect(),
        auth: AuthCapability { methods: definition.schemes.iter().map(|scheme| scheme.name.to_owned()).collect() },
        account: None,
    }
}
