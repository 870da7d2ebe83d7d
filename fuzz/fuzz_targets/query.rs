//! The query of a request to the server: no text ends in a panic, and what is read keeps to the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use userdir_server::config::Limits;
use userdir_server::params::Common;
use userdir_server::query::Query;

fuzz_target!(|text: &str| {
    let mut limits = Limits::default();
    (limits.query_pairs, limits.query_depth) = (50, 4);
    let Ok(mut query) = Query::parse(text, &limits) else { return };
    assert!(query.clone().remote().len() <= limits.query_pairs);
    let members = Value::Object(query.clone().rest());
    assert!(values(&members) <= limits.query_pairs, "more values than were given: {members}");
    // the object itself, a name, brackets, and a name that is repeated
    assert!(depth(&members) <= limits.query_depth + 3, "deeper than allowed: {members}");
    let _ = Common::take(&mut query);
});

fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(members) => members.values().map(values).sum(),
        _ => 1,
    }
}

fn depth(value: &Value) -> usize {
    let inside = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inside.unwrap_or_default()
}
