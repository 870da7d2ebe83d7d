//! The unified operations: one for each line of the table of actions.

use serde_json::{Map, Value, json};
use userdir::action::{Action, ActionKind};
use userdir::schema::Resource;

use super::parts;
use crate::meta::common::Common;
use crate::meta::method::Method;

/// One tag a resource.
pub fn tags() -> Vec<Value> {
    let about = |resource: &Resource| match resource {
        Resource::Users => "People and their accounts.",
        Resource::Groups => "Groups of people.",
        Resource::Roles => "Roles that can be given.",
        Resource::Licenses => "Licences, products and seats.",
        Resource::Organizations => "Organizations.",
        Resource::Workspaces => "Workspaces, projects, teams.",
        Resource::Activities => "What happened in the directory.",
        Resource::Me => "Whose credentials the account has.",
        Resource::RoleAssignments => "Who holds which role.",
        Resource::Billing => "Bills.",
        Resource::Utilization => "Usage reports.",
    };
    Resource::ALL.iter().map(|resource| json!({"name": resource.as_str(), "description": about(resource)})).collect()
}

/// Adds the operations.
pub fn add(paths: &mut Map<String, Value>) {
    for action in Action::ALL {
        let method = Method::general(*action);
        super::add(paths, action.info().verb, &method.path(), operation(&method));
    }
}

fn operation(method: &Method) -> Value {
    let action = method.action();
    let info = action.info();
    let mut operation = json!({
        "operationId": info.function,
        "tags": [info.resource],
        "summary": method.summary(),
        "parameters": parameters(method),
        "responses": responses(method),
    });
    let Some(members) = operation.as_object_mut() else { return operation };
    if action.is_write() {
        let needs: Vec<String> = method.required().iter().map(|name| format!("`{name}`")).collect();
        let needs = if needs.is_empty() {
            String::new()
        } else {
            format!("Needs {} in path, query or body. ", needs.join(", "))
        };
        let more = "`GET …/meta/…` of an integration says what its vendor needs and takes.";
        let without =
            if method.has_id_in_path() { "The path may end before the id where query or body has it. " } else { "" };
        members.insert("description".into(), json!(format!("{needs}{without}{more}")));
    }
    if let Some(body) = method.body_schema() {
        members.insert("requestBody".into(), json!({"content": {"application/json": {"schema": closed(body)}}}));
    }
    operation
}

/// A body's schema: unknown members are refused.
fn closed(mut schema: Value) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("additionalProperties".into(), json!(false));
    }
    schema
}

fn parameters(method: &Method) -> Vec<Value> {
    let action = method.action();
    let mut parameters = Vec::new();
    if method.has_id_in_path() {
        parameters.push(parts::path("id", "Id, as the vendor has it. A slash in it is written `%2F`."));
    }
    parameters.extend(Common::of(action).map(parts::common));
    if action.is_write() {
        parameters.push(json!({"$ref": "#/components/parameters/Idempotency-Key"}));
    }
    let own = if method.body_schema().is_some() { Vec::new() } else { method.members() };
    for (name, mut schema) in own.into_iter().filter(|(name, _)| !(*name == "id" && method.has_id_in_path())) {
        let description = schema.as_object_mut().and_then(|members| members.remove("description"));
        let description = description.as_ref().and_then(Value::as_str).unwrap_or_default();
        let narrows = if action.info().kind == ActionKind::List { "Filter: " } else { "" };
        parameters.push(parts::query(name, schema, &format!("{narrows}{description}")));
    }
    parameters
}

/// What an operation answers. A vendor's 4xx keeps its status, so any of them may come.
fn responses(method: &Method) -> Value {
    let info = method.action().info();
    let mut statuses = vec![400, 401, 403, 404, 429, 500, 501, 502, 503, 504];
    if method.action().is_write() {
        statuses.extend([405, 409, 413, 422]);
    }
    let mut responses = parts::errors(&statuses);
    responses.insert("4XX".into(), parts::other_remote_error());
    let name = parts::name(method.action().resource());
    let (unified, description) = match (info.kind, info.method) {
        (ActionKind::List, _) => (vec![parts::schema(&format!("{name}List"))], "One page of the list."),
        (ActionKind::Get, _) => (vec![parts::schema(&name)], "The resource."),
        (_, "delete") => (vec![parts::schema("Deleted"), parts::schema("Plan")], "It is deleted."),
        _ => {
            let written = json!({"allOf": [parts::schema(&name), {"type": "object", "properties": {"userdir": parts::schema("Written")}}]});
            (vec![written, parts::schema("Plan")], "The resource after the change.")
        }
    };
    let choices: Vec<Value> = unified.into_iter().chain([parts::schema("Debug"), parts::schema("Vendor")]).collect();
    let mut ok = parts::answer(description, json!({"anyOf": choices}));
    if let Some(headers) = ok.get_mut("headers").and_then(Value::as_object_mut) {
        let own = if method.action().is_write() { "x-userdir-effect" } else { "x-userdir-next-cursor" };
        headers.insert(own.into(), json!({"$ref": format!("#/components/headers/{own}")}));
    }
    if let Some(content) = ok.get_mut("content").and_then(Value::as_object_mut) {
        if info.kind == ActionKind::List {
            content.insert(
                "application/x-ndjson".into(),
                json!({"schema": {"type": "string", "description": "`stream`: one item a line, then the trailer."}}),
            );
        }
        content.insert(
            "*/*".into(),
            json!({"schema": {"description": "`raw` and `stream`: the vendor's body with its content type."}}),
        );
    }
    responses.insert("200".into(), ok);
    Value::Object(responses)
}
