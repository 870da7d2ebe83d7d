//! What a proxied request asks: where, with which query and body.

use axum::extract::Request as HttpRequest;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use userdir::Directory;
use userdir::http::{FreePath, Paging, Request};
use userdir_store::{Account, without_address};

use super::Kind;
use crate::app::RawPath;
use crate::body::Later;
use crate::limits::Permit;
use crate::params;
use crate::problem::Problem;
use crate::query;
use crate::request_id::RequestId;
use crate::state::AppState;
use crate::writes::{Key, is_to_be_sent_again};

/// A proxied request.
pub struct Ask {
    pub kind: Kind,
    pub method: Method,
    /// The account that is named.
    pub account: Option<String>,
    /// What of the query goes to the vendor.
    pub query: Vec<(String, String)>,
    pub cursor: Option<String>,
    pub dry_run: bool,
    /// Ask nothing of the vendor.
    pub skip_api_call: bool,
    pub request_id: String,
    pub send_again: bool,
    path: Result<FreePath, Problem>,
    passthrough: bool,
    headers: HeaderMap,
    body: Bytes,
    /// The account's place; given back when the request is done.
    permit: Option<Permit>,
}

/// Bytes of a resource's name that are kept in the log.
const LONGEST_NAME: usize = 60;

impl Ask {
    /// Reads a request but for its body. What is wrong with its path is told by [`Ask::check`]: the account comes first.
    ///
    /// # Errors
    /// 400 for a query that cannot be read.
    pub fn new(kind: Kind, request: HttpRequest, state: &AppState) -> Result<(Ask, Later), Problem> {
        let (parts, body) = request.into_parts();
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        let raw = parts.extensions.get::<RawPath>().map_or(parts.uri.path(), |raw| raw.0.as_str());
        let rest = raw.trim_start_matches('/').strip_prefix(kind.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let mut ask = Ask {
            kind,
            account: None,
            query: Vec::new(),
            cursor: None,
            dry_run: false,
            skip_api_call: false,
            request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            send_again: is_to_be_sent_again(&parts.headers),
            path: FreePath::parse(rest.unwrap_or_default()).map_err(Problem::from),
            passthrough: false,
            method: parts.method,
            headers: parts.headers,
            body: Bytes::new(),
            permit: None,
        };
        for pair in query::pairs(parts.uri.query().unwrap_or_default(), state.limits()) {
            let (name, value) = pair?;
            ask.take(name, value, is_read)?;
        }
        Ok((ask, Later::new((!is_read).then_some(body))))
    }

    /// Reads its body, once.
    ///
    /// # Errors
    /// 413 where it is too large, 400 where the client broke off.
    pub async fn read(&mut self, body: &mut Later, state: &AppState) -> Result<(), Problem> {
        body.read(&mut self.body, state.limits().body_bytes).await
    }

    /// Waits for the account's turn, which the request keeps until it is done.
    ///
    /// # Errors
    /// 429.
    pub async fn enter(&mut self, state: &AppState, account: &Account) -> Result<(), Problem> {
        self.permit = Some(state.enter(account).await?);
        Ok(())
    }

    /// Takes what is ours out of the query; the rest is the vendor's.
    fn take(&mut self, name: String, value: String, is_read: bool) -> Result<(), Problem> {
        let flag = |value: &str| if value.is_empty() { Ok(false) } else { query::flag(&name, value) };
        match name.as_str() {
            "integrated_account_id" if value.is_empty() => {}
            "integrated_account_id" if self.account.as_ref().is_some_and(|named| *named != value) => {
                return Err(Problem::bad_request(format!("`{name}` is given twice and differs")));
            }
            "integrated_account_id" => self.account = Some(value),
            "next_cursor" if is_read => self.cursor = Some(value).filter(|value| !value.is_empty()),
            "truto_dry_run" => self.dry_run = flag(&value)?,
            "truto_body_passthrough" => self.passthrough = flag(&value)?,
            "truto_skip_api_call" => self.skip_api_call = flag(&value)?,
            // those that say how a unified answer looks mean nothing here
            name if params::NAMES.contains(&name.split('[').next().unwrap_or_default()) => {}
            name if name.starts_with("truto_") => return Err(params::unknown(name)),
            _ => self.query.push((name, value)),
        }
        Ok(())
    }

    /// Whether it can be sent.
    ///
    /// # Errors
    /// 400 that says what is wrong with the path or the body.
    pub fn check(&self) -> Result<(), Problem> {
        self.path.as_ref().map_err(Problem::clone)?;
        if self.json().is_some_and(|value| value.get("methodConfig").is_some()) && !self.passthrough {
            return Err(Problem::bad_request("`methodConfig` is not supported")
                .hint("put method, path, query and body into the request itself"));
        }
        if self.is_json_by_type() && !self.passthrough && !self.body.is_empty() && self.json().is_none() {
            return Err(Problem::bad_request("the body is no JSON")
                .hint("send its own content type, or `truto_body_passthrough=true` to hand it on as it is"));
        }
        Ok(())
    }

    /// The vendor's path.
    ///
    /// # Errors
    /// 400 for a path that leads elsewhere.
    pub fn path(&self, directory: &Directory) -> Result<FreePath, Problem> {
        let path = self.path.clone()?;
        Ok(match self.kind {
            Kind::Proxy => path.below(directory.resources().root),
            Kind::Custom => path,
        })
    }

    /// The first segment of the path, for log and audit: what follows may name a person.
    pub fn resource(&self) -> String {
        let first = self.path.as_ref().ok().and_then(|path| path.as_str().split('/').next()).unwrap_or("-");
        first.chars().take(LONGEST_NAME).collect()
    }

    /// Whom it is about, for the audit: the last part of the path that may be an id, since it has a digit and is no version,
    /// or is an address.
    pub fn target(&self) -> Option<String> {
        let (_, rest) = self.path.as_ref().ok()?.as_str().split_once('/')?;
        let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
        let is_version = |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.parse::<f64>().is_ok());
        let is_target = |part: &&str| *part != without_address(part) || has_digit(part) && !is_version(part);
        rest.rsplit('/').find(is_target).map(without_address)
    }

    /// What is done, for the log.
    pub fn verb(&self) -> &'static str {
        match self.method {
            Method::POST => "post",
            Method::PUT => "put",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            Method::HEAD => "head",
            _ => "get",
        }
    }

    /// `limit` as the vendor's own page size, where it has one of another name.
    pub fn paged(&self, paging: &Paging) -> (Option<u32>, Vec<(String, String)>) {
        let is_ours = |name: &str| self.kind == Kind::Proxy && name == "limit" && !matches!(paging.limit, "" | "limit");
        let limit = self.query.iter().find(|(name, _)| is_ours(name)).and_then(|(_, value)| value.parse().ok());
        let rest = self.query.iter().filter(|(name, _)| limit.is_none() || !is_ours(name)).cloned().collect();
        (limit, rest)
    }

    /// The `Idempotency-Key`, for this method, path, query and body.
    pub fn key(&self) -> Result<Option<Key>, Problem> {
        let path = self.path.as_ref().map(FreePath::as_str).unwrap_or_default();
        let mut hash = Sha256::new();
        for (name, value) in &self.query {
            for part in [name, value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hash.update([0]);
        hash.update(&self.body);
        Key::of(&self.headers, format!("{} {}/{path}", self.method, self.kind.as_str()), hash.finalize().into())
    }

    /// Adds the body: JSON under the vendor's content type, anything else under its own.
    pub fn with_body(&self, request: Request) -> Request {
        if self.body.is_empty() {
            return request;
        }
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let raw: Option<&RawValue> = serde_json::from_slice(&self.body).ok();
        match raw.filter(|_| !self.passthrough && !self.is_multipart()) {
            Some(json) => request.json(&json),
            None => request.bytes(content_type, self.body.to_vec()),
        }
    }

    fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn content_type(&self) -> String {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
    }

    fn is_multipart(&self) -> bool {
        self.content_type().trim_start().starts_with("multipart/")
    }

    fn is_json_by_type(&self) -> bool {
        let content_type = self.content_type();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.is_empty() || essence == "application/json" || essence.ends_with("+json")
    }
}

#[cfg(test)]
mod tests {
    use userdir::http::{Next, TotalAt};

    use super::*;

    #[test]
    fn limit_becomes_the_vendors_own_page_size() {
        let ask = |kind| Ask {
            kind,
            method: Method::GET,
            account: None,
            query: vec![("limit".into(), "5".into()), ("filter".into(), "x".into())],
            cursor: None,
            dry_run: false,
            skip_api_call: false,
            request_id: String::new(),
            send_again: false,
            path: FreePath::parse("Users").map_err(Problem::from),
            passthrough: false,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            permit: None,
        };
        let paging = |limit| Paging { items: "", limit, max: 100, next: Next::Whole, total: TotalAt::Nowhere };
        let names = |(limit, query): (Option<u32>, Vec<(String, String)>)| {
            (limit, query.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(","))
        };
        assert_eq!(names(ask(Kind::Proxy).paged(&paging("count"))), (Some(5), "filter".into()));
        // of the same name, or of a vendor without one, it is the vendor's to read
        assert_eq!(names(ask(Kind::Proxy).paged(&paging("limit"))), (None, "limit,filter".into()));
        assert_eq!(names(ask(Kind::Proxy).paged(&paging(""))), (None, "limit,filter".into()));
        assert_eq!(names(ask(Kind::Custom).paged(&paging("count"))), (None, "limit,filter".into()));
    }
}
