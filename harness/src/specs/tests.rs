use serde_json::{Value, json};
use userdir_stand_in::case::Exchange;
use userdir_stand_in::{Case, Fixtures};

use super::document::Document;
use super::{Deviation, Specs, check};

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
    check::exchange(&[document(root, "acme.json")], &exchange).faults
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
    let described = check::exchange(&[document(&openapi(), "acme.json")], &exchange);
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

/// What is wrong with the description itself, as an exchange shows it.
fn flaws(root: &Value, exchange: Value) -> Vec<String> {
    let exchange: Exchange = serde_json::from_value(exchange).unwrap();
    check::exchange(&[document(root, "acme.json")], &exchange).flaws
}

fn me(path: &str) -> Value {
    json!({ "request": { "method": "GET", "path": path }, "response": { "status": 200, "json": {} } })
}

#[test]
fn the_path_of_a_server_belongs_to_the_path() {
    assert_eq!(flaws(&openapi(), me("/v2/users/me")), Vec::<String>::new());
    assert_eq!(flaws(&openapi(), me("/v9/other/users/me")), ["no server has the path `/v9/other/`"]);
    assert_eq!(flaws(&openapi(), me("/users/me")), ["no server has the path `/`"]);
    // one of the operation's own goes before
    let mut root = openapi();
    root["paths"]["/users/me"]["servers"] = json!([{ "url": "https://me.acme.example" }]);
    assert_eq!(flaws(&root, me("/users/me")), Vec::<String>::new());
    assert_eq!(flaws(&root, me("/v2/users/me")), ["no server has the path `/v2/`"]);
}

#[test]
fn a_reference_to_nowhere_is_a_flaw() {
    let mut root = openapi();
    root["components"]["schemas"]["User"]["properties"]["team"] = json!({ "$ref": "#/components/schemas/Team" });
    root["components"]["schemas"]["User"]["properties"]["site"] = json!({ "$ref": "other.json#/Site" });
    let exchange = list(json!({ "limit": "1" }), json!({ "users": [] }));
    assert_eq!(flaws(&root, exchange), ["`#/components/schemas/Team` is nowhere", "`other.json#/Site` is nowhere"]);
    assert_eq!(flaws(&root, me("/v2/users/me")), Vec::<String>::new());
}

/// The findings of two cases of the same request, and what of the excuses was needed.
fn judged(root: &Value, excuses: &[[&str; 4]]) -> super::Judged {
    let case = |name: &str| {
        let exchange = list(json!({ "limit": "1" }), json!({ "users": [{ "id": 1, "name": "A" }] }));
        let script = json!({
            "title": "t", "source": { "kind": "written" }, "exchange": [exchange], "expect": { "output": [] }
        });
        Case {
            action: "list_users".into(),
            name: name.into(),
            script: serde_json::from_value(script).unwrap(),
            output_file: None,
            plan_file: None,
            files: Default::default(),
        }
    };
    let deviation = |it: &[&str; 4]| Deviation {
        operation: it[0].into(),
        what: it[1].into(),
        reason: it[2].into(),
        source: it[3].into(),
    };
    let fixtures = Fixtures {
        cases: vec![case("one"), case("two")],
        deviations: excuses.iter().map(deviation).collect(),
        ..Fixtures::default()
    };
    Specs { documents: vec![document(root, "acme.json")] }.judge(&fixtures)
}

#[test]
fn an_excuse_is_about_one_thing() {
    let findings = |excuses: &[[&str; 4]]| judged(&openapi(), excuses).findings.len();
    assert_eq!(findings(&[]), 2);
    assert_eq!(findings(&[["GET /users", "`/users/0/id`", "r", "s"]]), 0);
    assert_eq!(findings(&[["GET /us*", "`/users/0/id`", "r", "s"]]), 0);
    // part of a name is not the name, and a blank is nothing
    assert_eq!(findings(&[["GET /user", "`/users/0/id`", "r", "s"]]), 2);
    for excuse in
        [["", "id", "r", "s"], ["GET /users", "", "r", "s"], ["*", "id", "r", "s"], ["GET /*", "id", "r", "s"]]
    {
        assert_eq!(findings(&[excuse]), 2, "{excuse:?}");
    }
    for excuse in [["GET /users", "id", " ", "s"], ["GET /users", "id", "r", ""]] {
        assert_eq!(findings(&[excuse]), 2, "{excuse:?}");
    }
}

#[test]
fn what_is_wrong_with_a_description_is_told_once() {
    let mut root = openapi();
    root["servers"] = json!([{ "url": "https://api.acme.example/v9/other" }]);
    let excused = ["GET /users", "`/users/0/id`", "r", "s"];
    let found = judged(&root, &[excused]).findings;
    assert_eq!(found.len(), 1);
    assert!(found[0].text.ends_with("acme.json: no server has the path `/v2/`"), "{found:?}");
    let judged = judged(&root, &[excused, ["acme.json", "no server", "r", "s"]]);
    assert_eq!((judged.findings.len(), judged.used.len()), (0, 2));
}
