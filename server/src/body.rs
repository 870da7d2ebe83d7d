//! The body of a request: JSON, whatever its content type says.

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::state::AppState;

/// Reads a body to its end.
///
/// # Errors
/// 413 where it is larger than allowed, 400 where the client broke off.
pub async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {} KiB", most >> 10));
    // told before any of it is read: a client that asked whether to send it need not
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::bad_request("the body ended before it was complete")),
    }
}

/// A body of this size takes no room worth waiting for.
const SMALL: u64 = 64 << 10;

/// A body that is read when there is room for it.
#[derive(Debug)]
pub struct Later(Option<Body>);

impl Later {
    /// This one; none where there is none to read.
    pub fn new(body: Option<Body>) -> Later {
        Later(body)
    }

    /// Whether it takes no room worth waiting for.
    pub fn is_small(&self) -> bool {
        let size = self.0.as_ref().map(HttpBody::size_hint);
        size.is_none_or(|size| size.upper().is_some_and(|upper| upper <= SMALL))
    }

    /// Reads it to its end, once: nothing is left of it then.
    ///
    /// # Errors
    /// Those of [`read`].
    pub async fn read(&mut self, into: &mut Bytes, most: usize) -> Result<(), Problem> {
        if let Some(body) = self.0.take() {
            *into = read(body, most).await?;
        }
        Ok(())
    }
}

/// The members of a JSON body; none where it is empty or null.
///
/// # Errors
/// 400 where it is something else.
pub fn members(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return Err(Problem::bad_request("a multipart body cannot be read as parameters")
            .hint("send JSON, or `truto_body_passthrough=true` to hand the body on to the vendor as it is"));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(Problem::bad_request("the body must be a JSON object")),
        // the words of serde_json name the place and not the text
        Err(error) => Err(Problem::bad_request(format!("the body is no JSON: {error}"))),
    }
}

/// The members of a JSON body, as an extractor.
#[derive(Clone, Debug, Default)]
pub struct JsonBody(pub Map<String, Value>);

impl FromRequest<AppState> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<JsonBody, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, state.limits().body_bytes).await?;
        members(&parts.headers, &bytes).map(JsonBody)
    }
}
