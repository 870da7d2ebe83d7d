//! An answer that is complete, so that it can be kept and given again.

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;
use userdir_store::StoredAnswer;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer that is complete.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// 200 with a JSON text.
    pub fn json(body: impl Into<Bytes>) -> Answer {
        Answer::of(JSON, body)
    }

    /// 200 with a JSON value.
    pub fn value(value: &Value) -> Answer {
        Answer::json(value.to_string())
    }

    /// 200 with a body of some type.
    pub fn of(content_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
        Answer { status: StatusCode::OK, headers, body: body.into() }
    }

    /// With the headers of a body that somebody else has made: whatever it is, it is no page of this server's.
    #[must_use]
    pub fn of_somebody_else(mut self) -> Answer {
        self.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        self.headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
        self
    }

    /// With a header more; one that cannot stand there is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Answer {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, self.headers, Body::from(self.body)).into_response()
    }
}

impl From<&Answer> for StoredAnswer {
    fn from(answer: &Answer) -> StoredAnswer {
        let text =
            |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
        StoredAnswer {
            status: answer.status.as_u16(),
            headers: answer.headers.iter().filter_map(text).collect(),
            body: answer.body.to_vec(),
        }
    }
}

impl From<StoredAnswer> for Answer {
    fn from(kept: StoredAnswer) -> Answer {
        let header = |(name, value): &(String, String)| Some((name.parse().ok()?, value.parse().ok()?));
        Answer {
            status: StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK),
            headers: kept.headers.iter().filter_map(header).collect(),
            body: kept.body.into(),
        }
    }
}
