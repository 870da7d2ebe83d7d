//! The document: it is the one that is committed, and what it names is there.

use std::collections::BTreeSet;

use serde_json::Value;
use userdir_server::openapi;

use crate::world::World;

#[test]
fn the_committed_copy_is_the_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let committed: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(committed == *openapi::document(), "docs/openapi.json is stale; write it anew with `cargo xtask docs`");
}

fn operations() -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in openapi::document()["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            found.push((verb.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    found
}

#[test]
fn every_action_and_reference_is_there() {
    let operations = operations();
    let ids: BTreeSet<&str> = operations.iter().map(|(_, _, it)| it["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations.len(), "no operation id is used twice");
    for action in userdir::Action::ALL {
        assert!(ids.contains(action.info().function), "{action}");
    }
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    references(openapi::document(), &mut found);
    for reference in found {
        assert!(openapi::document().pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

/// Every operation is a route: without a token it answers 401, or what it answers everybody, and never "no such thing".
#[tokio::test]
async fn every_operation_is_a_route() {
    let world = World::new().await;
    for (verb, path, operation) in operations() {
        let path = filled(&path);
        let answer = world.as_token("", &verb, &path, &[], b"").await;
        match operation.get("security") {
            None => {
                assert_eq!(answer.problem()["statusCode"], 401, "{verb} {path}");
                assert!(operation["responses"].get("401").is_some(), "{verb} {path}");
            }
            Some(_) => {
                let status = answer.status.to_string();
                assert!(operation["responses"].get(&status).is_some(), "{verb} {path}: {status}");
                assert_ne!(status, "405", "{verb} {path}");
            }
        }
    }
}

fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/")
}

/// An account token is for its account's directory; whatever is added later is closed to it.
#[tokio::test]
async fn an_account_token_reaches_its_routes_and_no_other() {
    let world = World::new().await;
    let issued = world.store.create_account_token(world.account.id, None, None).await.unwrap();
    let token = secrecy::ExposeSecret::expose_secret(&issued.secret).to_owned();
    let mut reached = BTreeSet::new();
    for (verb, path, operation) in operations() {
        let answer = world.as_token(&token, &verb, &filled(&path), &[], b"").await;
        let is_open = operation.get("security").is_some();
        let is_its_own = ["/unified/user-directory/", "/proxy/", "/custom/"].iter().any(|own| path.starts_with(own))
            || path == "/integrated-account/me";
        assert_eq!(answer.status == 403, !is_open && !is_its_own, "{verb} {path}: {}", answer.status);
        if is_its_own {
            reached.insert(path);
        }
    }
    assert!(reached.len() > 20 && reached.contains("/integrated-account/me"), "{reached:?}");
}

#[tokio::test]
async fn the_document_and_its_page_are_open_and_load_nothing() {
    let world = World::new().await;
    let document = world.as_token("", "GET", "/openapi.json", &[], b"").await;
    assert_eq!(document.json(), *openapi::document());
    let page = world.as_token("", "GET", "/docs", &[], b"").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'sha256-"));
    let text = page.text();
    for (_, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(text.contains(&format!("id=\"{id}\"")) && text.contains(&path), "{id}");
    }
    for foreign in ["<script", "<link", "src=", "@import", "url("] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    // every link leads somewhere on the page
    let ids: BTreeSet<&str> = text.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for target in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(target), "#{target}");
    }
}
