//! The operations around the unified ones: a table, a line an operation.

use serde_json::{Map, Value, json};
use userdir::schema::schema_of;
use userdir_store::Scope;

use super::parts;
use crate::meta::Capabilities;
use crate::platform::accounts::*;
use crate::platform::environments::Environment;
use crate::platform::integrations::{EnvironmentIntegration, Integration};
use crate::platform::link::{LinkTokenBody, LinkTokenObject};
use crate::platform::lists::PlatformList;
use crate::platform::log::LogLine;
use crate::platform::tokens::ApiTokenObject;

/// An operation.
struct Operation {
    verb: &'static str,
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    /// What the token must allow; none for operations that need no token.
    scope: Option<Scope>,
    parameters: &'static [Parameter],
    body: Option<fn() -> Value>,
    answer: Answer,
    /// Errors beyond those that every operation has.
    errors: &'static [u16],
}

/// A parameter: in the path where the path names it, else in the query.
struct Parameter {
    name: &'static str,
    kind: ParameterKind,
    about: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum ParameterKind {
    Text,
    /// A text; several as `[in]`.
    Filter,
    Number,
    Flag,
    Words,
    Span,
    Choice(&'static [&'static str]),
}

/// What it answers where all goes well.
#[derive(Clone, Copy)]
enum Answer {
    Json(fn() -> Value),
    /// Status, content type.
    Other(&'static [(u16, &'static str, &'static str)]),
}

const fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Text, about }
}

const fn of(name: &'static str, kind: ParameterKind, about: &'static str) -> Parameter {
    Parameter { name, kind, about }
}

const ACCOUNT: Parameter = text("id", "Id or name of the account.");
const LIMIT: Parameter = of("limit", ParameterKind::Number, "Items on a page.");
const CURSOR: Parameter = text("next_cursor", "Where to go on: `next_cursor` of the page before.");
const METHODS: Parameter = of("methods", ParameterKind::Words, "Only these methods; also `read`, `write`, `custom`.");
const RESOURCE: Parameter = text("resource", "Resource of the unified model.");
const METHOD: Parameter = text("method", "Method of the resource.");
const INTEGRATION: Parameter = text("integration", "Slug of the integration, or its id.");
const ACCOUNT_CAPABILITIES: &[Parameter] = &[
    ACCOUNT,
    of("type", ParameterKind::Choice(&["unified", "proxy"]), "Only these."),
    METHODS,
    RESOURCE,
    of("has_description", ParameterKind::Flag, "Only described ones; all are."),
];
const ACCOUNTS: &[Parameter] = &[
    of("tenant_id", ParameterKind::Filter, "Only of this tenant."),
    of("is_sandbox", ParameterKind::Flag, "Only sandbox accounts, or only others."),
    of("status", ParameterKind::Filter, "Only of this status."),
    of("name", ParameterKind::Filter, "Only the one of this name."),
    of("integration.name", ParameterKind::Filter, "Only of the integration with this slug."),
    of("environment_integration_id", ParameterKind::Filter, "Only of this environment integration."),
    of("created_at", ParameterKind::Span, "Only created then."),
    of("updated_at", ParameterKind::Span, "Only changed then."),
    LIMIT,
    CURSOR,
];
const LOG: &[Parameter] = &[
    of("log_type", ParameterKind::Choice(&["unified_proxy_api"]), "Type of the log."),
    of("integrated_account_id", ParameterKind::Filter, "Only of this account."),
    of("tenant_id", ParameterKind::Filter, "Only of this tenant."),
    of("integration", ParameterKind::Filter, "Only of the integration with this slug."),
    of("created_at", ParameterKind::Span, "Only answered then, 31 days back at most."),
    LIMIT,
    CURSOR,
];

/// What an answer of the proxy has besides the vendor's own.
const PROXY: &[Parameter] = &[
    text("path", "Path below the account's own address; slashes stay."),
    text("integrated_account_id", "The account, by its id or name."),
    LIMIT,
    CURSOR,
    of("truto_dry_run", ParameterKind::Flag, "Sends no write: answers the plan."),
    of("truto_body_passthrough", ParameterKind::Flag, "Hands the body on as it came."),
];
const PASSED: Answer = Answer::Other(&[
    (
        200,
        "*/*",
        "The vendor's answer; a list in the envelope `{result, next_cursor, prev_cursor, result_count}`, JSON of `/custom` as `{result, next_cursor, prev_cursor}`.",
    ),
    (201, "*/*", "The vendor's answer."),
    (202, "*/*", "The vendor's answer."),
    (204, "", "The vendor's answer, without a body."),
]);

/// Errors of a call that asks the vendor.
const ASKS: &[u16] = &[400, 404, 405, 409, 413, 422, 429, 501, 502, 504];
const ONE: &[u16] = &[400, 404];

fn list<T: schemars::JsonSchema>() -> Value {
    parts::inner(schema_of::<PlatformList<T>>())
}

fn one<T: schemars::JsonSchema>() -> Value {
    parts::inner(schema_of::<T>())
}

fn any() -> Value {
    json!({"type": "object"})
}

fn status() -> Value {
    json!({"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]})
}

fn pong() -> Value {
    json!({"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]})
}

fn meta() -> Value {
    let schema = json!({"type": "object"});
    json!({
        "type": "object",
        "properties": {
            "method": {"type": "string"},
            "schema": schema,
            "documentation_link": {"type": "string"},
            "response_mapping": {"type": "null", "description": "Mappings are code here."},
            "query_schema": schema,
            "request_body_schema": {"type": ["object", "null"]},
            "response_schema": schema,
            "default_query": schema,
            "default_body": schema,
        },
        "required": ["method", "schema", "documentation_link", "response_mapping", "query_schema", "request_body_schema", "default_query", "default_body"],
    })
}

const ADMIN: Option<Scope> = Some(Scope::Admin);
const READ: Option<Scope> = Some(Scope::Read);
const WRITE: Option<Scope> = Some(Scope::Write);

macro_rules! operations {
    ($($verb:ident $path:literal $id:ident $tag:literal $scope:expr, $summary:literal, ($parameters:expr) $body:expr => $answer:expr, $errors:expr;)*) => {
        &[$(Operation {
            verb: stringify!($verb), path: $path, id: stringify!($id), tag: $tag, summary: $summary, scope: $scope,
            parameters: $parameters, body: $body, answer: $answer, errors: $errors,
        }),*]
    };
}

const OPERATIONS: &[Operation] = operations! {
    GET "/integrated-account" list_accounts "accounts" ADMIN, "Lists the accounts.", (ACCOUNTS) None => Answer::Json(list::<AccountObject>), &[400];
    POST "/integrated-account" create_account "accounts" ADMIN, "Creates an account. The vendor is not asked; `check` does that.", (&[]) Some(one::<NewAccountBody>) => Answer::Json(one::<AccountObject>), &[400, 409, 413];
    GET "/integrated-account/{id}" get_account "accounts" ADMIN, "Reads an account.", (&[ACCOUNT]) None => Answer::Json(one::<AccountObject>), ONE;
    PATCH "/integrated-account/{id}" update_account "accounts" ADMIN, "Changes an account: `context` is merged at its top level, and secrets that are not given stay.", (&[ACCOUNT]) Some(one::<AccountPatch>) => Answer::Json(one::<AccountObject>), &[400, 404, 409, 413];
    DELETE "/integrated-account/{id}" delete_account "accounts" ADMIN, "Deletes an account with its secrets. Nothing changes at the vendor.", (&[ACCOUNT]) None => Answer::Json(one::<IdObject>), ONE;
    PATCH "/integrated-account/{id}/credentials" update_credentials "accounts" ADMIN, "Changes credentials alone, given by their keys.", (&[ACCOUNT]) Some(any) => Answer::Json(one::<AccountObject>), &[400, 404, 409, 413];
    POST "/integrated-account/{id}/check" check_account "accounts" ADMIN, "Asks the vendor whether it takes the credentials, and keeps the answer with the account.", (&[ACCOUNT]) None => Answer::Json(one::<Checked>), ASKS;
    GET "/integrated-account/{id}/tools" list_tools "accounts" READ, "What the account can be asked, as tools for agents.", (&[ACCOUNT, METHODS, of("tags", ParameterKind::Words, "Only tools with one of these tags: a resource, `read`, `write`.")]) None => Answer::Json(one::<Tools>), &[400, 404];
    GET "/integrated-account/{id}/capabilities" account_capabilities "accounts" READ, "What the account can be asked.", (ACCOUNT_CAPABILITIES) None => Answer::Json(one::<Capabilities>), &[400, 404];
    POST "/integrated-account/token" create_account_token "accounts" ADMIN, "Makes a token for one account that works for 15 minutes.", (&[]) Some(one::<AccountTokenBody>) => Answer::Json(one::<AccountTokenObject>), &[400, 404, 413];
    POST "/integrated-account/refresh-credentials" refresh_credentials "accounts" ADMIN, "Fetches a new token from the vendor where the account has one, and checks.", (&[]) Some(one::<IdBody>) => Answer::Json(one::<Success>), ASKS;
    POST "/integrated-account/run-post-install-actions" run_post_install_actions "accounts" ADMIN, "Does what follows a connection: it is checked.", (&[]) Some(one::<IdBody>) => Answer::Json(one::<Success>), ASKS;
    POST "/integrated-account/bulk-delete" delete_accounts "accounts" ADMIN, "Deletes several accounts; none where one of them is not there.", (&[]) Some(one::<BulkDeleteBody>) => Answer::Json(one::<Success>), &[400, 404, 413];
    GET "/integrated-account/me" get_own_account "accounts" READ, "Reads the account of an account token.", (&[]) None => Answer::Json(one::<AccountObject>), &[400, 404];
    PATCH "/integrated-account/me" update_own_account "accounts" WRITE, "Changes settings and secrets of the account of an account token, addresses aside.", (&[]) Some(one::<MePatch>) => Answer::Json(one::<AccountObject>), &[400, 404, 409, 413];
    POST "/link-token" create_link_token "link tokens" ADMIN, "Makes a token for a page on which somebody connects an account.", (&[]) Some(one::<LinkTokenBody>) => Answer::Json(one::<LinkTokenObject>), &[400, 404, 413];
    GET "/link/{token}" show_link_page "link tokens" None, "The page of a link token.", (LINK) None => LINK_PAGE, &[400];
    POST "/link/{token}" submit_link_page "link tokens" None, "Takes what the page asked for.", (&[LINK_TOKEN]) Some(form) => LINK_PAGE, &[400, 413];
    GET "/integration" list_integrations "integrations" READ, "Lists the providers compiled in.", (&[LIMIT, CURSOR]) None => Answer::Json(list::<Integration>), &[400];
    GET "/integration/{integration}" get_integration "integrations" READ, "Reads a provider.", (&[INTEGRATION]) None => Answer::Json(one::<Integration>), ONE;
    GET "/integration/{integration}/capabilities" integration_capabilities "integrations" READ, "What accounts of a provider can be asked.", (INTEGRATION_CAPABILITIES) None => Answer::Json(one::<Capabilities>), &[400, 404];
    GET "/environment-integration" list_environment_integrations "integrations" READ, "Lists the providers as they are installed: all are.", (&[LIMIT, CURSOR]) None => Answer::Json(list::<EnvironmentIntegration>), &[400];
    GET "/environment-integration/{id}" get_environment_integration "integrations" READ, "Reads a provider as it is installed.", (&[text("id", "Its id.")]) None => Answer::Json(one::<EnvironmentIntegration>), ONE;
    GET "/environment" list_environments "integrations" READ, "Lists the environments: there is one.", (&[LIMIT, CURSOR]) None => Answer::Json(list::<Environment>), &[400];
    GET "/environment/{id}" get_environment "integrations" READ, "Reads the environment.", (&[text("id", "Its id.")]) None => Answer::Json(one::<Environment>), ONE;
    GET "/api-token" list_api_tokens "tokens" ADMIN, "Lists the API tokens, without their values.", (&[LIMIT, CURSOR]) None => Answer::Json(list::<ApiTokenObject>), &[400];
    GET "/api-token/{id}" get_api_token "tokens" ADMIN, "Reads an API token, without its value.", (&[text("id", "Its id or name.")]) None => Answer::Json(one::<ApiTokenObject>), ONE;
    GET "/unified/user-directory/{resource}/meta/{method}" get_meta "meta" READ, "What a method takes and gives; at an account's integration where one is named.", (&[RESOURCE, METHOD, text("integrated_account_id", "The account, by its id or name.")]) None => Answer::Json(meta), &[400, 404, 501];
    GET "/unified/user-directory/{resource}/{integration}/meta/{method}" get_integration_meta "meta" READ, "What a method takes and gives at one integration.", (&[RESOURCE, INTEGRATION, METHOD]) None => Answer::Json(meta), &[400, 404, 501];
    GET "/unified/meta/user-directory/{integration}" get_model "meta" READ, "The whole model at one integration.", (&[INTEGRATION, of("format", ParameterKind::Choice(&["json", "md", "html"]), "As what.")]) None => MODEL, &[400, 404];
    GET "/proxy/{path}" proxy_get "proxy" READ, "Asks the vendor's own API below its root. A list comes one vendor page in the envelope.", (PROXY) None => PASSED, ASKS;
    POST "/proxy/{path}" proxy_post "proxy" WRITE, "Posts to the vendor's own API.", (PROXY) Some(passed) => PASSED, ASKS;
    PUT "/proxy/{path}" proxy_put "proxy" WRITE, "Puts to the vendor's own API.", (PROXY) Some(passed) => PASSED, ASKS;
    PATCH "/proxy/{path}" proxy_patch "proxy" WRITE, "Patches at the vendor's own API.", (PROXY) Some(passed) => PASSED, ASKS;
    DELETE "/proxy/{path}" proxy_delete "proxy" WRITE, "Deletes at the vendor's own API.", (PROXY) None => PASSED, ASKS;
    GET "/custom/{path}" custom_get "proxy" READ, "Asks any path of the account's own address.", (PROXY) None => PASSED, ASKS;
    POST "/custom/{path}" custom_post "proxy" WRITE, "Posts to any path of the account's own address.", (PROXY) Some(passed) => PASSED, ASKS;
    PUT "/custom/{path}" custom_put "proxy" WRITE, "Puts to any path of the account's own address.", (PROXY) Some(passed) => PASSED, ASKS;
    PATCH "/custom/{path}" custom_patch "proxy" WRITE, "Patches at any path of the account's own address.", (PROXY) Some(passed) => PASSED, ASKS;
    DELETE "/custom/{path}" custom_delete "proxy" WRITE, "Deletes at any path of the account's own address.", (PROXY) None => PASSED, ASKS;
    GET "/log" list_log "operation" ADMIN, "Lists what was asked, newest first, without personal data.", (LOG) None => Answer::Json(list::<LogLine>), &[400, 404];
    GET "/ping" ping "operation" READ, "Whether the token works.", (&[]) None => Answer::Json(pong), &[];
    GET "/healthz" health "operation" None, "Whether the process lives.", (&[]) None => Answer::Json(status), &[];
    GET "/readyz" ready "operation" None, "Whether the store answers.", (&[]) None => Answer::Json(status), &[];
    GET "/metrics" metrics "operation" ADMIN, "Counts and durations, for Prometheus.", (&[]) None => Answer::Other(&[(200, "text/plain", "The metrics.")]), &[404];
    GET "/openapi.json" openapi "operation" None, "This document.", (&[]) None => Answer::Json(any), &[];
    GET "/docs" docs "operation" None, "This document as a page.", (&[]) None => Answer::Other(&[(200, "text/html", "The page.")]), &[];
};

const LINK_TOKEN: Parameter = text("token", "The link token.");
const LINK: &[Parameter] = &[
    LINK_TOKEN,
    text("integration", "The provider that was chosen on the page."),
    text("method", "The way to authenticate that was chosen on the page."),
];
const LINK_PAGE: Answer = Answer::Other(&[
    (200, "text/html", "The page."),
    (303, "", "Connected: on to the address that the link token names."),
    (404, "text/html", "There is no such token."),
    (410, "text/html", "The token was used, or its time is over."),
    (422, "text/html", "The page again, with what is wrong."),
    (429, "text/html", "The link was tried too often in a short time."),
    (503, "text/html", "The server cannot answer now."),
]);
const MODEL: Answer = Answer::Other(&[
    (200, "application/json", "The model."),
    (200, "text/markdown", "The model as Markdown."),
    (200, "text/html", "The model as a page."),
]);
const INTEGRATION_CAPABILITIES: &[Parameter] = &[
    INTEGRATION,
    of("type", ParameterKind::Choice(&["unified", "proxy"]), "Only these."),
    METHODS,
    RESOURCE,
    of("has_description", ParameterKind::Flag, "Only described ones; all are."),
];

/// What the page sends.
fn form() -> Value {
    json!({
        "type": "object",
        "description": "`integration`, `method`, and the settings of the integration by their keys.",
        "additionalProperties": {"type": "string"},
    })
}

/// A body that goes to the vendor.
fn passed() -> Value {
    json!({"description": "The vendor's own body."})
}

/// The tags.
pub fn tags() -> Vec<Value> {
    [
        ("accounts", "Connections to vendors, without their secrets."),
        ("link tokens", "A page on which somebody without a token connects an account, once."),
        ("integrations", "The providers compiled in."),
        ("tokens", "Who may call the server. Tokens are made with `userdir tokens create`."),
        ("meta", "What can be called, for programs."),
        ("proxy", "The vendor's own API on the account's own address, its authentication added. All other query parameters go to the vendor."),
        ("operation", "Looking after the server."),
    ]
    .into_iter()
    .map(|(name, description)| json!({"name": name, "description": description}))
    .collect()
}

/// Adds the operations.
pub fn add(paths: &mut Map<String, Value>) {
    for operation in OPERATIONS {
        super::add(paths, operation.verb, operation.path, made(operation));
    }
}

fn made(operation: &Operation) -> Value {
    let parameters: Vec<Value> = operation.parameters.iter().map(|it| parameter(operation.path, it)).collect();
    let mut made = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": responses(operation),
    });
    let Some(members) = made.as_object_mut() else { return made };
    let is_sent_on = operation.tag == "proxy" && operation.verb != "GET";
    let keyed = is_sent_on.then(|| json!({"$ref": "#/components/parameters/Idempotency-Key"}));
    let parameters: Vec<Value> = parameters.into_iter().chain(keyed).collect();
    if !parameters.is_empty() {
        members.insert("parameters".into(), json!(parameters));
    }
    match operation.scope {
        None => drop(members.insert("security".into(), json!([]))),
        Some(scope) => drop(
            members.insert("description".into(), json!(format!("Needs a token with the scope `{}`.", scope.as_str()))),
        ),
    }
    if let Some(body) = operation.body {
        let content_type = match operation.tag {
            "proxy" => "*/*",
            "link tokens" if operation.path != "/link-token" => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        members.insert(
            "requestBody".into(),
            json!({
                "required": operation.tag != "proxy",
                "content": {content_type: {"schema": body()}},
            }),
        );
    }
    made
}

fn parameter(path: &str, it: &Parameter) -> Value {
    if path.contains(&format!("{{{}}}", it.name)) {
        return parts::path(it.name, it.about);
    }
    let time = json!({"type": "string", "format": "date-time"});
    let schema = match it.kind {
        ParameterKind::Text => json!({"type": "string"}),
        ParameterKind::Filter => {
            json!({"type": "string", "description": format!("One; several as `{}[in]=a,b`.", it.name)})
        }
        ParameterKind::Number => json!({"type": "integer", "minimum": 1}),
        ParameterKind::Flag => json!({"type": "boolean"}),
        ParameterKind::Words => json!({"type": "string", "description": "Words with commas between."}),
        ParameterKind::Choice(words) => json!({"type": "string", "enum": words}),
        ParameterKind::Span => json!({
            "type": "object",
            "properties": {"eq": time, "gt": time, "gte": time, "lt": time, "lte": time},
            "additionalProperties": false,
        }),
    };
    parts::query(it.name, schema, it.about)
}

fn responses(operation: &Operation) -> Value {
    let mut responses = match operation.scope {
        // a proxied refusal of the vendor keeps its status
        Some(_) => parts::errors(&[401, 403, 429, 500, 503]),
        None => parts::errors(&[429, 500, 503]),
    };
    responses.extend(parts::errors(operation.errors));
    if operation.errors == ASKS {
        responses.insert("4XX".into(), parts::other_remote_error());
    }
    match operation.answer {
        Answer::Json(schema) => drop(responses.insert("200".into(), parts::answer("Done.", schema()))),
        Answer::Other(answers) => {
            for (status, content_type, description) in answers {
                let response =
                    responses.entry(status.to_string()).or_insert_with(|| json!({"description": description}));
                if response.get("$ref").is_some() {
                    // an error that comes as JSON or as a page
                    *response = parts::answer(description, parts::schema("Error"));
                }
                if let (Some(members), false) = (response.as_object_mut(), content_type.is_empty()) {
                    let all = members.entry("content").or_insert_with(|| json!({}));
                    if let Some(all) = all.as_object_mut() {
                        all.insert((*content_type).to_owned(), json!({"schema": content(content_type)}));
                    }
                }
            }
        }
    }
    Value::Object(responses)
}

fn content(content_type: &str) -> Value {
    match content_type {
        "application/json" => json!({"type": "object"}),
        "*/*" => json!({}),
        _ => json!({"type": "string"}),
    }
}
