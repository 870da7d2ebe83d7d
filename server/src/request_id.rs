//! `x-request-id`: on every answer, in every line of the log.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use uuid::Uuid;

/// The header.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a client.
const LONGEST: usize = 128;

/// The id of a request, for handlers.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl RequestId {
    /// The client's own, where it has one that can stand in a log, or a new one.
    pub fn of(headers: &HeaderMap) -> RequestId {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let fits = |id: &&str| {
            !id.is_empty()
                && id.len() <= LONGEST
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        };
        RequestId(given.filter(fits).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned))
    }

    /// As a header's value.
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(&self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_is_kept_unless_it_could_forge_a_log() {
        let of = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).unwrap());
            RequestId::of(&headers).0
        };
        assert_eq!(of("abc-1.2:3_x"), "abc-1.2:3_x");
        for id in ["", "a b", "a\tb", "a\"b", &"x".repeat(129)] {
            assert_ne!(of(id), id);
            assert_eq!(of(id).len(), 36);
        }
    }
}
