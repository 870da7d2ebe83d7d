//! `/integration` and `/environment-integration`: the providers compiled in, to read. Their ids are made of their slugs.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use userdir::Registration;
use userdir::schema::Resource;
use uuid::Uuid;

use super::environments::{ENVIRONMENT, page_parameters, stable_id};
use super::lists::PlatformList;
use crate::auth::Principal;
use crate::meta;
use crate::platform::paths::Named;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::AppState;

/// What every integration here is for.
pub const CATEGORY: &str = "directory";

/// A provider.
#[derive(Serialize, JsonSchema)]
pub struct Integration {
    /// Made of the slug: the same on every server.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// Slug.
    pub name: &'static str,
    /// Name of the product.
    pub label: &'static str,
    /// What it is for.
    pub category: &'static str,
    /// Whether it is unfinished.
    pub is_beta: bool,
    /// Who may use it.
    pub sharing: &'static str,
    /// The vendor's documentation.
    pub documentation_link: &'static str,
    /// What to give as `context` of an account.
    pub settings: Vec<Value>,
    /// Ways to authenticate; the first one whose settings are all given is taken.
    pub authentication_methods: Vec<AuthenticationMethod>,
}

/// A way to authenticate.
#[derive(Serialize, JsonSchema)]
pub struct AuthenticationMethod {
    /// For `authentication_method` of an account.
    pub name: &'static str,
    /// Keys of the settings it needs.
    pub needs: Vec<&'static str>,
}

/// A provider as it is installed: all that are compiled in are.
#[derive(Serialize, JsonSchema)]
pub struct EnvironmentIntegration {
    /// Made of the slug: the same on every server.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// Id of the integration.
    #[schemars(with = "String")]
    pub integration_id: Uuid,
    /// Id of the environment.
    #[schemars(with = "String")]
    pub environment_id: Uuid,
    /// Always so.
    pub is_enabled: bool,
    /// Whether the link page offers it.
    pub show_in_catalog: bool,
    /// What the operator changed; nothing can be.
    #[serde(rename = "override")]
    pub changed: Override,
    /// The integration.
    pub integration: IntegrationName,
}

/// An override: none here.
#[derive(Serialize, JsonSchema)]
pub struct Override {}

/// An integration, in short.
#[derive(Clone, Serialize, JsonSchema)]
pub struct IntegrationName {
    /// Made of the slug.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// Slug.
    pub name: String,
    /// What it is for.
    pub category: &'static str,
}

impl IntegrationName {
    /// Of this slug.
    pub fn of(slug: &str) -> IntegrationName {
        IntegrationName { id: stable_id("integration", slug), name: slug.to_owned(), category: CATEGORY }
    }
}

/// Id of the environment integration of a slug.
pub fn environment_integration_id(slug: &str) -> Uuid {
    stable_id("environment-integration", slug)
}

fn integration(registration: &Registration) -> Integration {
    let definition = registration.definition;
    Integration {
        id: stable_id("integration", definition.slug),
        name: definition.slug,
        label: definition.name,
        category: CATEGORY,
        is_beta: false,
        sharing: "allow",
        documentation_link: definition.documentation,
        settings: meta::settings(definition),
        authentication_methods: definition
            .schemes
            .iter()
            .map(|scheme| AuthenticationMethod { name: scheme.name, needs: scheme.needs.to_vec() })
            .collect(),
    }
}

fn installed(registration: &Registration) -> EnvironmentIntegration {
    let slug = registration.definition.slug;
    EnvironmentIntegration {
        id: environment_integration_id(slug),
        integration_id: stable_id("integration", slug),
        environment_id: *ENVIRONMENT,
        is_enabled: true,
        show_in_catalog: true,
        changed: Override {},
        integration: IntegrationName::of(slug),
    }
}

/// Finds a provider by slug, alias, or id of its integration.
///
/// # Errors
/// 404 that lists those compiled in.
pub fn find(state: &AppState, named: &str) -> Result<&'static Registration, Problem> {
    by_id(state, named, "integration").or_else(|| state.registry().get(named).ok()).ok_or_else(|| {
        let there: Vec<String> =
            state.registry().providers().iter().map(|known| format!("`{}`", known.definition.slug)).collect();
        Problem::not_found(format!("there is no integration `{named}`; there are {}", there.join(", ")))
    })
}

/// Finds a provider by the id of its environment integration, or by its slug.
///
/// # Errors
/// 404.
pub fn find_installed(state: &AppState, named: &str) -> Result<&'static Registration, Problem> {
    match by_id(state, named, "environment-integration") {
        Some(found) => Ok(found),
        None => {
            find(state, named).map_err(|_| Problem::not_found(format!("there is no environment integration `{named}`")))
        }
    }
}

fn by_id(state: &AppState, named: &str, kind: &str) -> Option<&'static Registration> {
    let id = Uuid::try_parse(named).ok()?;
    state.registry().providers().iter().copied().find(|known| stable_id(kind, known.definition.slug) == id)
}

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/integration", get(list))
        .route("/integration/{integration}", get(one))
        .route("/integration/{integration}/capabilities", get(capabilities))
        .route("/environment-integration", get(list_installed))
        .route("/environment-integration/{id}", get(one_installed))
}

async fn list(
    State(state): State<AppState>,
    _: Principal,
    mut query: Query,
) -> Result<Json<PlatformList<Integration>>, Problem> {
    page_parameters(&mut query)?;
    Ok(Json(PlatformList::whole(state.registry().providers().iter().map(|known| integration(known)).collect())))
}

async fn one(
    State(state): State<AppState>,
    _: Principal,
    Named(named): Named<String>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(integration(find(&state, &named)?)))
}

async fn list_installed(
    State(state): State<AppState>,
    _: Principal,
    mut query: Query,
) -> Result<Json<PlatformList<EnvironmentIntegration>>, Problem> {
    page_parameters(&mut query)?;
    Ok(Json(PlatformList::whole(state.registry().providers().iter().map(|known| installed(known)).collect())))
}

async fn one_installed(
    State(state): State<AppState>,
    _: Principal,
    Named(named): Named<String>,
) -> Result<Json<EnvironmentIntegration>, Problem> {
    Ok(Json(installed(find_installed(&state, &named)?)))
}

async fn capabilities(
    State(state): State<AppState>,
    _: Principal,
    Named(named): Named<String>,
    query: Query,
) -> Result<Json<meta::Capabilities>, Problem> {
    let registration = find(&state, &named)?;
    let chosen = Chosen::of(query)?;
    Ok(Json(chosen.capabilities(registration.definition, (registration.actions)())))
}

/// Which capabilities are asked for.
pub struct Chosen {
    methods: Vec<String>,
    resource: Option<Resource>,
    unified: bool,
}

impl Chosen {
    /// By the query: `type` (`unified` or `proxy`), `methods`, `resource`, `has_description`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn of(mut query: Query) -> Result<Chosen, Problem> {
        let methods = query.words("methods")?;
        let resource = match query.text("resource")? {
            None => None,
            Some(word) => {
                let wrong = || Problem::bad_request(format!("there is no resource `{word}`"));
                Some(word.parse().map_err(|_| wrong())?)
            }
        };
        let unified = match query.text("type")?.as_deref() {
            None | Some("unified") => true,
            Some("proxy") => false,
            Some(other) => {
                return Err(Problem::bad_request(format!("`type` is `{other}`; it must be `unified` or `proxy`")));
            }
        };
        // every method has one
        query.flag("has_description")?;
        super::lists::nothing_left(&query, &["type", "methods", "resource", "has_description"])?;
        Ok(Chosen { methods, resource, unified })
    }

    /// Those of these actions.
    pub fn capabilities(
        &self,
        definition: &'static userdir::Definition,
        actions: userdir::ActionSet,
    ) -> meta::Capabilities {
        let actions = if self.unified { actions } else { userdir::ActionSet::EMPTY };
        meta::capabilities(definition, actions, &self.methods, self.resource)
    }
}
