use serde_json::{Value, json};
use userdir_stand_in::case::Exchange;

use super::check;
use super::document::Document;

/// A description with what the check has to bear: a base path, a reference, a nullable, an open object.
fn openapi() -> Value {
    json!({
        "openapi": "3.0.3",
        "servers": [{ "url": "https://api.acme.example/v2" }],
        "paths": {
            "/users": { "get": {
                "parameters": [
                    { "name": "limit", "in": "query", "required": true, "schema": { "type": "integer", "maximum": 100 } },
                    { "name": "include[]", "in": "query", "schema": { "type": "array", "items": { "enum": ["teams"], "type": "string" } } }
                ],
                "responses": { "200": { "content": { "application/json": { "schema": {
                    "type": "object", "required": ["users"],
                    "properties": { "users": { "type": "array", "items": { "$ref": "#/components/schemas/User" } } }
                } } } } }
            } },
            "/users/me": { "get": { "responses": { "200": {} } } },
            "/users/{id}": {
                "put": {
                    "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/User" } } } },
                    "responses": { "200": {} }
                },
                "delete": { "responses": { "204": {} } }
            }
        },
        "components": { "schemas": { "User": {
            "type": "object", "required": ["id", "name"],
            "properties": {
                "id": { "type": "string", "readOnly": true },
                "name": { "type": "string" },
                "state": { "type": "string", "enum": ["on", "off"], "nullable": true },
                "age": { "type": "integer", "minimum": 0, "exclusiveMinimum": true }
            }
        } } }
    })
}

fn document(root: &Value, name: &str) -> Document {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, root.to_string()).unwrap();
    Document::read(&path).unwrap().unwrap()
}

fn faults(root: &Value, exchange: Value) -> Vec<String> {
    let exchange: Exchange = serde_json::from_value(exchange).unwrap();
    check::exchange(&[document(root, "acme.json")], &exchange, false).faults
}

/// Whether exactly these are found wrong.
fn finds(exchange: Value, pieces: &[&str]) {
    let faults = faults(&openapi(), exchange);
    let all = faults.len() == pieces.len() && pieces.iter().all(|piece| faults.iter().any(|it| it.contains(piece)));
    assert!(all, "wanted {pieces:?}, got {faults:#?}");
}

fn list(query: Value, answer: Value) -> Value {
    json!({
        "request": { "method": "GET", "path": "/v2/users", "query": query },
        "response": { "status": 200, "text": answer.to_string() }
    })
}

#[test]
fn what_is_described_has_no_fault() {
    finds(list(json!({ "limit": "100", "include[]": "teams" }), json!({ "users": [{ "id": "1", "name": "A" }] })), &[]);
    // nulls and unknown members are borne in answers
    finds(list(json!({ "limit": "1" }), json!({ "users": [{ "id": "1", "name": null, "new": 1 }] })), &[]);
    finds(
        json!({
            "request": { "method": "PUT", "path": "/v2/users/1", "body": { "name": "A", "state": null } },
            "response": { "status": 404, "json": { "anything": true } }
        }),
        &[],
    );
}

#[test]
fn each_difference_is_found() {
    finds(list(json!({}), json!({ "users": [] })), &["required query parameter `limit` is missing"]);
    finds(list(json!({ "limit": "101" }), json!({ "users": [] })), &["`limit` cannot be `101`"]);
    finds(list(json!({ "limit": "many" }), json!({ "users": [] })), &["`limit` cannot be `many`"]);
    finds(list(json!({ "limit": "1", "include[]": "x" }), json!({ "users": [] })), &["`include[]` cannot be `x`"]);
    finds(list(json!({ "limit": "1", "page": "2" }), json!({ "users": [] })), &["`page` is not described"]);
    finds(list(json!({ "limit": "1" }), json!({ "people": [] })), &["answer 200 ``: \"users\" is a required property"]);
    finds(list(json!({ "limit": "1" }), json!({ "users": [{ "id": 1, "name": "A" }] })), &["`/users/0/id`"]);
    finds(list(json!({ "limit": "1" }), json!({ "users": [{ "id": "1", "name": "A", "state": "odd" }] })), &["/state"]);
    let put = |body: Value| json!({ "request": { "method": "PUT", "path": "/v2/users/1", "body": body }, "response": { "status": 200, "json": {} } });
    finds(put(Value::Null), &["the required body is missing"]);
    finds(put(json!({ "age": 0 })), &["body ``: \"name\" is a required property", "body `/age`"]);
    finds(
        json!({ "request": { "method": "DELETE", "path": "/v2/users/1", "body": {} }, "response": { "status": 200, "json": {} } }),
        &["a body is not described", "an answer of 200 is not described"],
    );
    finds(
        json!({ "request": { "method": "POST", "path": "/v2/users" }, "response": { "status": 200, "json": {} } }),
        &["no description has this operation"],
    );
}

#[test]
fn a_literal_path_goes_before_a_name() {
    let exchange: Exchange = serde_json::from_value(
        json!({ "request": { "method": "GET", "path": "/v2/users/me" }, "response": { "status": 200, "json": {} } }),
    )
    .unwrap();
    let described = check::exchange(&[document(&openapi(), "acme.json")], &exchange, false);
    assert_eq!((described.operation.as_str(), described.faults.len()), ("GET /users/me", 0));
}

#[test]
fn swagger_2_is_read_too() {
    let swagger = json!({
        "swagger": "2.0", "basePath": "/api",
        "paths": { "/token": { "post": {
            "parameters": [
                { "name": "client_id", "in": "formData", "type": "string", "required": true },
                { "name": "ttl", "in": "formData", "type": "integer" }
            ],
            "responses": { "201": { "schema": { "$ref": "#/definitions/Token" } } }
        } } },
        "definitions": { "Token": { "type": "object", "required": ["token"], "properties": { "token": { "type": "string" } } } }
    });
    let post = |form: Value, answer: Value| {
        let exchange = json!({
            "request": { "method": "POST", "path": "/api/token", "form": form },
            "response": { "status": 201, "text": answer.to_string() }
        });
        faults(&swagger, exchange)
    };
    assert_eq!(post(json!({ "client_id": "a", "ttl": "5" }), json!({ "token": "t" })), Vec::<String>::new());
    let found = post(json!({ "ttl": "long", "x": "y" }), json!({ "token": 1 })).join("\n");
    for piece in ["`client_id` is missing", "`ttl` cannot be `long`", "`x` is not described", "`/token`"] {
        assert!(found.contains(piece), "{piece}: {found}");
    }
}
