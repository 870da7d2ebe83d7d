//! A request that is ready to be sent, and what observers see of it.

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use super::Http;
use crate::call::{Call, PassedBody};
use crate::error::{Error, Result};
use crate::observer::WriteStep;

/// A request's body.
#[derive(Clone, Debug, Default)]
pub(crate) enum Body {
    #[default]
    None,
    Json(Vec<u8>),
    Form(Vec<(String, String)>),
    /// As a caller sent them.
    Bytes {
        content_type: Option<HeaderValue>,
        bytes: Vec<u8>,
    },
}

/// Whether a request may be sent again when its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It changes nothing.
    Read,
    /// The vendor takes it twice without harm.
    Idempotent,
    /// Never.
    Never,
}

/// A request that is ready to be sent, as often as the policy allows.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub method: Method,
    pub url: Url,
    pub template: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body,
    pub repeat: Repeat,
    /// A request for a token: authenticated by itself, answered in OAuth's words.
    pub token: Option<Option<HeaderValue>>,
    /// To a caller's own path: the answer is masked.
    pub free: bool,
    /// The one that the action is about.
    pub is_primary: bool,
}

impl Prepared {
    pub fn to_token_address(
        url: Url,
        method: Method,
        body: Body,
        authorization: Option<HeaderValue>,
        repeat: Repeat,
    ) -> Prepared {
        let template = format!("token:{}", url.path());
        Prepared {
            method,
            url,
            template,
            headers: Vec::new(),
            body,
            repeat,
            token: Some(authorization),
            free: false,
            is_primary: false,
        }
    }
}

/// Merges `remote_data` into a body at the top level; it wins.
pub(super) fn merged(method: &Method, body: Body, remote_data: &Map<String, Value>) -> Result<Body> {
    let no_object = || {
        Error::invalid("`remote_data` cannot be merged: this action's vendor request has no JSON object as its body")
    };
    match body {
        Body::None if *method == Method::GET => {
            Err(Error::invalid("this action's vendor request has no body, so `remote_data` cannot be sent")
                .hint("`remote_query` adds to its query"))
        }
        Body::None => serde_json::to_vec(remote_data).map(Body::Json).map_err(|error| no_object().caused_by(error)),
        Body::Json(bytes) => {
            let mut object: Map<String, Value> =
                serde_json::from_slice(&bytes).map_err(|error| no_object().caused_by(error))?;
            object.extend(remote_data.clone());
            serde_json::to_vec(&object).map(Body::Json).map_err(|error| no_object().caused_by(error))
        }
        Body::Form(mut fields) => {
            for (name, value) in remote_data {
                fields.retain(|(field, _)| field != name);
                fields.push((name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
            Ok(Body::Form(fields))
        }
        Body::Bytes { .. } => Err(no_object()),
    }
}

/// The caller's own body in place of the mapped one.
pub(super) fn passed(method: &Method, body: &PassedBody) -> Result<Body> {
    if matches!(*method, Method::GET | Method::DELETE) {
        return Err(Error::invalid("this action's vendor request has no body, so none can be passed on"));
    }
    let content_type = body.content_type.as_deref().map(HeaderValue::try_from).transpose();
    let content_type = content_type.map_err(|_| Error::invalid("the content type of the body cannot be a header"))?;
    Ok(Body::Bytes { content_type, bytes: body.bytes.clone() })
}

impl Prepared {
    /// What observers see of a write.
    pub fn step(&self, http: &Http, call: &Call) -> WriteStep {
        let redactor = http.redactor(call, self, None);
        let mut digest = Sha256::new();
        digest.update(self.method.as_str());
        digest.update([0]);
        digest.update(self.url.as_str());
        digest.update([0]);
        let body = match &self.body {
            Body::None => None,
            Body::Json(bytes) | Body::Bytes { bytes, .. } => {
                digest.update(bytes);
                let text = String::from_utf8_lossy(bytes);
                serde_json::from_str(&redactor.text(&text)).ok().or_else(|| {
                    // a secret that looks like a number: only texts are masked then
                    let mut value: Value = serde_json::from_str(&text).ok()?;
                    redactor.json(&mut value);
                    serde_json::value::to_raw_value(&value).ok()
                })
            }
            Body::Form(fields) => {
                let object: Map<String, Value> =
                    fields.iter().map(|(name, value)| (name.clone(), Value::from(redactor.text(value)))).collect();
                digest.update(self.body.encoded().unwrap_or_default());
                serde_json::value::to_raw_value(&object).ok()
            }
        };
        WriteStep {
            step: call.next_step(),
            method: self.method.to_string(),
            url: redactor.text(self.url.as_str()).into_owned(),
            body,
            fingerprint: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            idempotent: self.repeat != Repeat::Never,
            after: None,
            precondition: None,
        }
    }
}

impl Body {
    /// The bytes to send.
    pub fn encoded(&self) -> Option<Vec<u8>> {
        match self {
            Body::None => None,
            Body::Json(bytes) | Body::Bytes { bytes, .. } => Some(bytes.clone()),
            Body::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields);
                Some(form.finish().into_bytes())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(body: Body) -> Result<String> {
        let data = json!({ "title": { "a": 1 } });
        let merged = merged(&Method::POST, body, data.as_object().unwrap())?;
        Ok(String::from_utf8(merged.encoded().unwrap()).unwrap())
    }

    #[test]
    fn remote_data_is_merged_at_the_top_of_objects_alone() {
        let json = |text: &str| Body::Json(text.as_bytes().to_vec());
        let merged: Value = serde_json::from_str(&after(json(r#"{"title": {"b": 2}, "name": "M"}"#)).unwrap()).unwrap();
        assert_eq!(merged, json!({ "title": { "a": 1 }, "name": "M" }), "it wins, and inner objects are one value");
        assert_eq!(after(Body::None).unwrap(), r#"{"title":{"a":1}}"#);
        let form = Body::Form(vec![("title".into(), "Director".into()), ("x".into(), "y".into())]);
        assert_eq!(after(form).unwrap(), "x=y&title=%7B%22a%22%3A1%7D");
        for body in [json("[]"), json("\"text\""), Body::Bytes { content_type: None, bytes: b"{}".to_vec() }] {
            assert_eq!(after(body).unwrap_err().kind(), crate::ErrorKind::InvalidRequest);
        }
    }
}
