//! What operations share: errors, headers, parameters, the schemas of resources.

use serde_json::{Map, Value, json};
use userdir::schema::{Resource, json_schema};

use crate::meta::common::{COMMON, Common, Kind};

/// A reference to a schema.
pub fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A schema as it stands within the document.
pub fn inner(schema: schemars::Schema) -> Value {
    let mut schema = schema.to_value();
    if let Some(members) = schema.as_object_mut() {
        members.remove("$schema");
    }
    schema
}

/// An answer in JSON.
pub fn answer(description: &str, schema: Value) -> Value {
    json!({"description": description, "headers": headers(), "content": {"application/json": {"schema": schema}}})
}

fn headers() -> Value {
    json!({"x-request-id": {"$ref": "#/components/headers/x-request-id"}})
}

/// The errors of these statuses.
pub fn errors(statuses: &[u16]) -> Map<String, Value> {
    let of = |status: &u16| {
        let (name, _) = error(*status);
        (status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}))
    };
    statuses.iter().map(of).collect()
}

/// Name and meaning of an error.
fn error(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => (
            "BadRequest",
            "The request is wrong; `message` says where. Nothing was sent to the vendor, unless `truto_is_remote_error` is there.",
        ),
        401 => (
            "Unauthorized",
            "The token is missing, wrong, revoked or expired. With `truto_is_remote_error`: the vendor refuses the account's credentials, and the account turns to `needs_reauth`.",
        ),
        403 => ("Forbidden", "The token does not allow it. With `truto_is_remote_error`: the vendor does not."),
        404 => ("NotFound", "There is no such thing, or this token may not see it."),
        405 => ("MethodNotAllowed", "A write to a sandbox account."),
        409 => ("Conflict", "It is there already, or a request with the same `Idempotency-Key` is under way."),
        413 => ("TooLarge", "The body is larger than the server takes."),
        422 => ("Unprocessable", "The vendor refuses the values, or the `Idempotency-Key` was used with another body."),
        429 => ("TooManyRequests", "The server's limit is used up, or the vendor's. `Retry-After` has whole seconds."),
        500 => (
            "InternalError",
            "The server failed; or, with `details.outcome` `unknown`, a write may have been carried out and nothing shows whether it was; or, with `details.steps`, some of it was done.",
        ),
        501 => ("NotImplemented", "The vendor does not have it; `message` says why."),
        502 => ("BadGateway", "The vendor was reached and has no clean answer."),
        503 => ("Unavailable", "The server cannot serve now."),
        504 => ("GatewayTimeout", "The vendor did not answer in time."),
        _ => ("OtherRemoteError", "Any other refusal of the vendor, with its status."),
    }
}

const STATUSES: &[u16] = &[400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 501, 502, 503, 504, 0];

/// The response of vendor statuses that have no name of their own.
pub fn other_remote_error() -> Value {
    json!({"$ref": "#/components/responses/OtherRemoteError"})
}

/// A common parameter as a reference.
pub fn common(common: &Common) -> Value {
    json!({"$ref": format!("#/components/parameters/{}", common.name)})
}

/// A query parameter.
pub fn query(name: &str, schema: Value, description: &str) -> Value {
    let mut parameter = json!({"name": name, "in": "query", "description": description, "schema": schema});
    if let (Some(members), "object") = (parameter.as_object_mut(), kind(&schema)) {
        members.insert("style".into(), json!("deepObject"));
        members.insert("explode".into(), json!(true));
    }
    parameter
}

fn kind(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// A parameter in the path.
pub fn path(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": {"type": "string", "minLength": 1}})
}

/// What all operations may refer to.
pub fn components() -> Value {
    let parameters: Map<String, Value> = COMMON
        .iter()
        .map(|common| {
            // an array has its brackets in its name; the other spellings are read too
            let name =
                if matches!(common.kind, Kind::Words) { format!("{}[]", common.name) } else { common.name.to_owned() };
            (common.name.to_owned(), query(&name, common.kind.schema(), common.description))
        })
        .chain([("Idempotency-Key".to_owned(), idempotency_key())])
        .collect();
    let responses: Map<String, Value> = STATUSES
        .iter()
        .map(|status| {
            let (name, description) = error(*status);
            let mut response = answer(description, schema("Error"));
            if let (429, Some(headers)) = (*status, response.get_mut("headers").and_then(Value::as_object_mut)) {
                headers.insert("retry-after".into(), json!({"$ref": "#/components/headers/retry-after"}));
            }
            (name.to_owned(), response)
        })
        .collect();
    json!({
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "An API token, or an account token."},
        },
        "headers": {
            "x-request-id": {"description": "Id of the request, for the server's log.", "schema": {"type": "string"}},
            "retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
            "x-userdir-effect": {
                "description": "What a write did.",
                "schema": {"type": "string", "enum": ["applied", "already", "planned", "pending"]},
            },
            "x-userdir-next-cursor": {"description": "The next page of a list in the format `raw`.", "schema": {"type": "string"}},
        },
        "parameters": parameters,
        "responses": responses,
        "schemas": schemas(),
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key again gives back the stored answer, for 24 hours, and nothing is done twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    })
}

/// The name of a resource's schema.
pub fn name(resource: Resource) -> String {
    let schema = json_schema(resource);
    schema.get("title").and_then(Value::as_str).unwrap_or("Resource").to_owned()
}

fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for resource in Resource::ALL {
        let name = name(*resource);
        schemas.insert(format!("{name}List"), list(&name));
        schemas.insert(name, inner(json_schema(*resource)));
    }
    schemas.insert("Error".into(), error_schema());
    schemas.insert(
        "Deleted".into(),
        json!({
            "type": "object",
            "properties": {"id": {"type": "string"}, "userdir": schema("Written")},
            "required": ["id"],
        }),
    );
    schemas.insert(
        "Written".into(),
        json!({
            "type": "object",
            "description": "What a write did.",
            "properties": {
                "effect": {"type": "string", "enum": ["applied", "already", "planned", "pending"]},
                "steps": {"type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "target": {"type": "string", "description": "What the step was about, such as a role id."},
                        "effect": {"type": "string"},
                        "error": {"type": "string"},
                    },
                    "required": ["target"],
                }},
                "notes": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["effect"],
        }),
    );
    schemas.insert(
        "Plan".into(),
        json!({
            "type": "object",
            "description": "What a write would send.",
            "properties": {"plan": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "step": {"type": "integer"},
                    "method": {"type": "string"},
                    "url": {"type": "string"},
                    "body": {"description": "The body as it would go out; null for none."},
                    "after": {"type": "integer", "description": "The step whose answer this one needs."},
                    "precondition": {"type": "string", "description": "What must be so for the write to make sense."},
                },
                "required": ["step", "method", "url"],
            }}},
            "required": ["plan"],
        }),
    );
    schemas.insert("Debug".into(), json!({
        "type": "object",
        "description": "`truto_response_format=debug`.",
        "properties": {
            "result": {"description": "What `unified` answers."},
            "debug": {"type": ["object", "null"], "description": "The last exchange with the vendor, credentials masked."},
        },
        "required": ["result", "debug"],
    }));
    schemas.insert("Vendor".into(), json!({
        "description": "The vendor's own body, for the formats `raw` and `stream`; null with `truto_skip_api_call`.",
    }));
    schemas
}

fn list(name: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "result": {
                "description": "The items; an object of items with `truto_key_by`.",
                "anyOf": [
                    {"type": "array", "items": schema(name)},
                    {"type": "object", "additionalProperties": schema(name)},
                ],
            },
            "next_cursor": {"type": ["string", "null"], "description": "Where to go on; null on the last page."},
            "prev_cursor": {"type": ["string", "null"]},
            "result_count": {"type": "integer", "minimum": 0},
            "is_partial_response": {"type": "boolean", "description": "The vendor's list shows fewer fields than its get."},
        },
        "required": ["result", "next_cursor", "prev_cursor", "result_count"],
    })
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "statusCode": {"type": "integer"},
            "error": {"type": "string", "description": "The status in words."},
            "message": {"type": "string", "description": "What happened."},
            "details": {"type": "object", "description": "What more there is to say; `hint` says what to do next."},
            "truto_is_remote_error": {"type": "boolean", "const": true, "description": "The vendor said it."},
            "raw_response": {"description": "The vendor's body: JSON, or a text."},
            "truto_error_insight": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {"description": {"type": "string"}, "value": {}},
                    "required": ["description"],
                },
            },
        },
        "required": ["statusCode", "error", "message"],
    })
}
