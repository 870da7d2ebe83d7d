//! What was asked of the vendor and answered, for the formats that show it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use userdir::observer::{Exchange, Observer, Recorder};

use crate::answer::Answer;
use crate::vendor_headers;

/// Keeps the last exchange that carried data, however large: of those that the action is about, where there are any, since
/// others fill in parts of the resource.
#[derive(Default)]
pub struct Last(Mutex<Option<Exchange>>);

impl Observer for Last {
    fn wants_exchanges(&self) -> bool {
        true
    }

    fn exchange(&self, exchange: Exchange) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fills_in = last.as_ref().is_some_and(|last| last.is_primary && !exchange.is_primary);
        if carries_data(&exchange) && !fills_in {
            *last = Some(exchange);
        }
    }
}

impl Last {
    /// The vendor's body as it came, with its content type; `null` where no exchange carried data.
    pub fn answer(&self) -> Answer {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(exchange) => Answer::of(content_type(&exchange), exchange.response_body).of_somebody_else(),
            None => Answer::json("null"),
        }
    }
}

/// Keeps what the vendor's last answer says of its limits, and whether it took the credentials.
#[derive(Default)]
pub struct Heads {
    limits: Mutex<Vec<(HeaderName, HeaderValue)>>,
    taken: AtomicBool,
}

impl Observer for Heads {
    fn wants_exchanges(&self) -> bool {
        true
    }

    fn wants_bodies(&self) -> bool {
        false
    }

    fn exchange(&self, exchange: Exchange) {
        let headers = vendor_headers::forwarded(&exchange.response_headers, &exchange.rate).collect();
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = headers;
        self.taken.fetch_or(exchange.status < 400, Ordering::Relaxed);
    }
}

impl Heads {
    /// The answer with what the vendor said of its limits.
    pub fn put(&self, mut answer: Answer) -> Answer {
        answer.headers.extend(self.limits.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
        answer
    }

    /// Whether the vendor took the credentials.
    pub fn credentials_work(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }
}

/// A successful answer with more than an empty object in it.
fn carries_data(exchange: &Exchange) -> bool {
    let empty = exchange.response_body.trim_ascii();
    (200..300).contains(&exchange.status) && !empty.is_empty() && empty != b"{}"
}

fn content_type(exchange: &Exchange) -> HeaderValue {
    let given = exchange.response_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    let given = given.and_then(|(_, value)| HeaderValue::try_from(value).ok());
    given.unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// What `debug` shows of a list.
pub struct OfList<'a> {
    /// Where to go on.
    pub next_cursor: Option<&'a str>,
    /// Items in the answer.
    pub count: usize,
}

/// The member `debug`: the last exchange that carried data, with the account's secrets masked by the library.
pub fn debug(recorder: &Recorder, list: Option<OfList<'_>>) -> Value {
    let exchanges = recorder.exchanges();
    let Some(shown) = exchanges.iter().rfind(|exchange| carries_data(exchange)).or(exchanges.last()) else {
        return Value::Null;
    };
    let mut debug = json!({
        "requestUrl": shown.url,
        "requestOptions": {
            "method": shown.method,
            "headers": headers(&shown.request_headers),
            "body": shown.request_body.as_deref().map(text_or_json),
        },
        "data": data(&shown.response_body),
        "responseHeaders": headers(&shown.response_headers),
    });
    if let (Some(list), Some(members)) = (list, debug.as_object_mut()) {
        members.insert("nextCursor".into(), json!(list.next_cursor));
        // a list that led in a circle would have been an error
        members.insert("isLooping".into(), Value::Bool(false));
        members.insert("isEmptyResult".into(), Value::Bool(list.count == 0));
        members.insert("resultCount".into(), json!(list.count));
    }
    debug
}

fn headers(headers: &[(String, String)]) -> Map<String, Value> {
    headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

fn data(body: &Bytes) -> Value {
    text_or_json(&String::from_utf8_lossy(body))
}

fn text_or_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}
