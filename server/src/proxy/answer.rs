//! What a proxied request is answered.

use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;
use serde_json::value::RawValue;
use userdir::{Call, http};

use crate::answer::Answer;
use crate::vendor_headers;
use crate::writes::EFFECT;

/// Headers of the vendor that are about its body, which is passed on.
const OF_THE_BODY: &[&str] = &["content-type", "content-disposition", "etag", "location"];

/// The vendor's answer as it came.
pub fn of_vendor(answer: http::Answer) -> Answer {
    let mut headers = forwarded(&answer);
    for name in OF_THE_BODY {
        if let Some(value) = answer.headers.get(*name) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    Answer { status, headers, body: answer.body }.of_somebody_else()
}

/// A vendor's page of a list, its items byte for byte.
pub fn list(items: &[Box<RawValue>], next_cursor: Option<&str>, answer: &http::Answer) -> Answer {
    let length: usize = items.iter().map(|item| item.get().len() + 1).sum();
    let mut body = String::with_capacity(length + 128);
    body.push_str("{\"result\":[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        body.push_str(item.get());
    }
    body.push_str(&format!(
        "],\"next_cursor\":{},\"prev_cursor\":null,\"result_count\":{}}}",
        json!(next_cursor),
        items.len()
    ));
    with_headers(Answer::json(body), forwarded(answer))
}

/// The answer to a custom call: JSON as `{result, next_cursor, prev_cursor}`, anything else as it came.
pub fn custom(answer: http::Answer, next_cursor: Option<&str>) -> Answer {
    let text = std::str::from_utf8(&answer.body).ok().filter(|text| serde_json::from_str::<&RawValue>(text).is_ok());
    let Some(text) = text else { return of_vendor(answer) };
    let body = format!("{{\"result\":{},\"next_cursor\":{},\"prev_cursor\":null}}", text.trim(), json!(next_cursor));
    let headers = forwarded(&answer);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    Answer { status, ..with_headers(Answer::json(body), headers) }
}

/// The answer to a write that the vendor took, or took note of.
pub fn written(answer: Answer) -> Answer {
    let effect = if answer.status == StatusCode::ACCEPTED { "pending" } else { "applied" };
    answer.header(EFFECT, effect)
}

/// What would be sent.
pub fn plan(call: &Call) -> Answer {
    Answer::value(&json!({"plan": call.planned()})).header(EFFECT, "planned")
}

fn forwarded(answer: &http::Answer) -> HeaderMap {
    let text = |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
    let shown: Vec<(String, String)> = answer.headers.iter().filter_map(text).collect();
    vendor_headers::forwarded(&shown, &answer.rate).collect()
}

fn with_headers(mut answer: Answer, headers: HeaderMap) -> Answer {
    let content_type = answer.headers.get(CONTENT_TYPE).cloned();
    answer.headers.extend(headers);
    if let Some(content_type) = content_type {
        answer.headers.insert(CONTENT_TYPE, content_type);
    }
    answer
}
