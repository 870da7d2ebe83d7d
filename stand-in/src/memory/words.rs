//! What the words of vendors are made of: parts of requests, and answers.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::server::{Answer, Received};

/// The segments of a request's path, percent-decoded: what routes match on.
pub fn segments(request: &Received) -> Vec<String> {
    let decoded = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    request.path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
}

/// A member of a body as text.
pub fn text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// The stand-in's own address as the client sees it.
pub fn base(request: &Received) -> String {
    format!("http://{}", request.header("host").unwrap_or_default())
}

/// Values of a name in the query that may stand there more than once.
pub fn values<'r>(request: &'r Received, name: &str) -> Vec<&'r str> {
    request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
}

/// A number in the query, or another.
pub fn number(request: &Received, name: &str, default: usize) -> usize {
    request.query(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// 200 with a body.
pub fn ok(body: Value) -> Answer {
    json_of(200, body)
}

/// A body with this status.
pub fn json_of(status: u16, body: Value) -> Answer {
    Answer::json(status, body.to_string())
}

/// A piece of a list: so many items from a place on.
pub fn piece<T>(items: Vec<T>, from: usize, size: usize) -> Vec<T> {
    items.into_iter().skip(from).take(size).collect()
}

/// The value that an expression such as `userName eq "ada"` names after these words.
pub fn quoted_after<'e>(expression: &'e str, words: &str) -> Option<&'e str> {
    all_quoted_after(expression, words).first().copied()
}

/// The values that one such as `status eq "a" or status eq "b"` does.
pub fn all_quoted_after<'e>(expression: &'e str, words: &str) -> Vec<&'e str> {
    expression.split(words).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect()
}

/// Given and family name of a full one.
pub fn names(full: &str) -> (String, String) {
    let (given, family) = full.split_once(' ').unwrap_or((full, ""));
    (given.to_owned(), family.to_owned())
}

/// When everything here was made.
pub const MADE: &str = "2026-01-01T00:00:00Z";

/// The members of an object.
pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The time of day in seconds since 1970, as the `Date` of every answer has it.
pub fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What is not played here.
pub fn unknown(request: &Received) -> Answer {
    let what = format!("the stand-in knows no answer to {} {}", request.method, request.path);
    json_of(501, json!({ "message": what }))
}
