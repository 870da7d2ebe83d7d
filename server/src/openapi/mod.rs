//! The server's OpenAPI 3.1 document: made from the table of actions, the types of the platform routes and a small table
//! of those routes. `/openapi.json` serves it, `userdir openapi` prints it, `/docs` shows it, and `docs/openapi.json` in the
//! repository is a copy that a test compares.
//!
//! `unified.rs` makes the unified operations, `platform.rs` has the table of the others, `parts.rs` what they share.

mod parts;
mod platform;
mod unified;

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::state::AppState;

static DOCUMENT: LazyLock<Value> = LazyLock::new(make);
static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", *DOCUMENT));

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The document as it is printed and committed.
pub fn text() -> &'static str {
    &TEXT
}

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/openapi.json", get(|| async { ([(CONTENT_TYPE, "application/json")], text()) }))
}

const DESCRIPTION: &str = "One API over the user directories of the apps a company runs on: it lists people, groups, roles and \
    licences in one schema, and it acts: take a role away, remove from a group, deactivate. Every call names an account (a \
    connection to one vendor) by `integrated_account_id`. A query may spell arrays as `a[]=x`, `a[0]=x` or `a=x&a=y`, and \
    objects as `a[b]=x`. Members of an action may stand in the query or in the body. Writes look before and after; \
    `x-userdir-effect` says what was done.";

fn make() -> Value {
    let mut paths = Map::new();
    unified::add(&mut paths);
    platform::add(&mut paths);
    let mut tags = unified::tags();
    tags.extend(platform::tags());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "userdir",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": tags,
        "paths": paths,
        "components": parts::components(),
    })
}

/// Adds an operation at its place.
fn add(paths: &mut Map<String, Value>, verb: &str, path: &str, operation: Value) {
    let item = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
    if let Some(item) = item.as_object_mut() {
        item.insert(verb.to_ascii_lowercase(), operation);
    }
}
