//! The request builder: paths from literals and encoded ids, bodies from typed structs, and three ways to send:
//! [`Request::read`], [`Request::write`] and, for lists, [`Request::page`].

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

use super::paging::same_origin;
use super::prepared::{Body, Prepared, Repeat, merged, passed};
use super::{Answer, Http, guarded};
use crate::call::Call;
use crate::error::Outcome;
use crate::error::{Error, Result};
use crate::observer::{Observer, Verdict, WriteOutcome};

/// What is not encoded: the unreserved characters of RFC 3986.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request under construction.
#[must_use]
pub struct Request {
    http: Http,
    method: Method,
    path: String,
    /// The path with `{id}` in place of ids: for pacing, logs and metrics.
    template: String,
    query: Vec<(Cow<'static, str>, String)>,
    /// A whole address in place of path and query: a vendor's next link.
    address: Option<Url>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
    primary: bool,
    /// A second look of the primary one's, which is not what the action is about.
    second_look: bool,
    repeat: Repeat,
    precondition: Option<String>,
    follows: bool,
    /// Members of query and body that may not be passed through.
    guarded: &'static [&'static str],
    /// A fault of the builder's arguments, told when the request is sent.
    fault: Option<Error>,
    /// To a caller's own path: its answer goes to the caller as it came, but for secrets.
    free: bool,
}

impl Request {
    pub(super) fn new(http: &Http, method: Method, path: &'static str) -> Request {
        let repeat = if method == Method::GET { Repeat::Read } else { Repeat::Never };
        Request {
            http: http.clone(),
            method,
            path: path.to_owned(),
            template: path.to_owned(),
            query: Vec::new(),
            address: None,
            headers: Vec::new(),
            body: Body::None,
            primary: false,
            second_look: false,
            repeat,
            precondition: None,
            follows: false,
            guarded: &[],
            fault: None,
            free: false,
        }
    }

    /// To a path that a caller wrote and [`FreePath`](super::FreePath) has checked. All of them have one name for pacing and
    /// logs, since callers could make up any number.
    pub(super) fn free(http: &Http, method: Method, path: &str) -> Request {
        // what a PUT or DELETE of the vendor's does the second time is not known: Okta's second DELETE purges a person
        let repeat = if matches!(method, Method::GET | Method::HEAD) { Repeat::Read } else { Repeat::Never };
        let template = "{path}".to_owned();
        Request { path: path.to_owned(), template, repeat, free: true, ..Request::new(http, method, "") }
    }

    /// Appends an id, encoded as one path segment.
    pub fn id(mut self, id: &str) -> Request {
        // Core has checked ids of the input; this holds for those that came from the vendor.
        if let Some(fault) = crate::registry::IdRule::Any.fault(id) {
            self.fault.get_or_insert_with(|| Error::invalid(format!("an id {fault}")));
        }
        self.path.push('/');
        self.path.extend(utf8_percent_encode(id, ENCODED));
        self.template.push_str("/{id}");
        self
    }

    /// Appends literal segments.
    pub fn path(mut self, path: &'static str) -> Request {
        for text in [&mut self.path, &mut self.template] {
            text.push('/');
            text.push_str(path);
        }
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Request {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter of paging: to the form, where one is sent.
    pub(super) fn parameter(mut self, name: &'static str, value: impl Into<String>) -> Request {
        match &mut self.body {
            Body::Form(fields) => fields.push((name.to_owned(), value.into())),
            _ => return self.query(name, value),
        }
        self
    }

    /// Adds a query parameter where there is a value.
    pub fn query_if(self, name: &'static str, value: Option<impl Into<String>>) -> Request {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Request {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => {
                self.fault.get_or_insert_with(|| {
                    Error::invalid(format!("header `{name}` holds characters that cannot stand there"))
                });
            }
        }
        self
    }

    /// Sends this as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Request {
        match serde_json::to_vec(body) {
            Ok(body) => self.body = Body::Json(body),
            Err(error) => {
                self.fault.get_or_insert_with(|| Error::invalid("the body cannot be written as JSON").caused_by(error));
            }
        }
        self
    }

    /// Sends these as a form.
    pub fn form(mut self, fields: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Request {
        self.body = Body::Form(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Sends these bytes as they are.
    pub fn bytes(mut self, content_type: Option<&str>, bytes: Vec<u8>) -> Request {
        match content_type.map(HeaderValue::try_from).transpose() {
            Ok(content_type) => self.body = Body::Bytes { content_type, bytes },
            Err(_) => {
                self.fault
                    .get_or_insert_with(|| Error::invalid("the content type holds characters that cannot stand there"));
            }
        }
        self
    }

    /// Marks the one vendor call of the action that `remote_query` and `remote_data` belong to.
    pub fn primary(mut self) -> Request {
        self.primary = true;
        self
    }

    /// The same question as the primary one's, with what is passed through, asked once more to compare: its answer is not the
    /// one that is shown.
    pub(super) fn primary_again(mut self) -> Request {
        self.second_look = true;
        self.primary()
    }

    /// The vendor takes it twice without harm.
    pub fn idempotent(mut self) -> Request {
        self.repeat = Repeat::Idempotent;
        self
    }

    /// It changes nothing, although its method says otherwise: a search by POST.
    pub fn as_read(mut self) -> Request {
        self.repeat = Repeat::Read;
        self
    }

    /// What must be so for the write to make sense, for plans.
    pub fn precondition(mut self, what: impl Into<String>) -> Request {
        self.precondition = Some(what.into());
        self
    }

    /// The write before this one must have been done, for plans.
    pub fn then(mut self) -> Request {
        self.follows = true;
        self
    }

    /// What the action has looked at or decides: passing it through would go past its checks, and is refused. A name stands
    /// for its parts too: `emails` for `emails.0` and `emails[0]`.
    pub fn guarding(mut self, names: &'static [&'static str]) -> Request {
        self.guarded = names;
        self
    }

    /// The same request once more, for the pages of a list.
    pub(super) fn again(&mut self) -> Request {
        Request {
            http: self.http.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            template: self.template.clone(),
            query: self.query.clone(),
            address: self.address.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            primary: self.primary,
            second_look: self.second_look,
            repeat: self.repeat,
            precondition: self.precondition.clone(),
            follows: self.follows,
            guarded: self.guarded,
            fault: self.fault.take(),
            free: self.free,
        }
    }

    /// Whether it is the one that `remote_query` and `remote_data` belong to.
    pub(super) fn is_primary(&self) -> bool {
        self.primary
    }

    /// Goes to a next link instead; it must be on the account's own origin.
    pub(super) fn follow(mut self, address: &str) -> Result<Request> {
        let base = &self.http.0.base;
        let url = self.url().join(address).map_err(|_| Error::unexpected("the vendor's next link is no address"))?;
        same_origin(base, &url)?;
        self.address = Some(url);
        Ok(self)
    }

    /// Goes on at a page's cursor that is an address, where [`Request::page`] does not fit.
    ///
    /// # Errors
    /// `UnexpectedResponse` where it is on another origin.
    pub fn at(self, cursor: Option<&str>) -> Result<Request> {
        match cursor {
            Some(address) => self.follow(address),
            None => Ok(self),
        }
    }

    /// The address, which links are relative to.
    pub(super) fn origin(&self) -> Url {
        self.address.clone().unwrap_or_else(|| self.url())
    }

    /// Sends a read.
    ///
    /// # Errors
    /// The whole taxonomy but `NotSupported` and `Incomplete`.
    pub async fn read(self, call: &Call) -> Result<Answer> {
        let http = self.http.clone();
        let prepared = self.prepare(call).await?;
        http.exchange(call, &prepared).await
    }

    /// Sends a read that shows whether the account works: a page to sign in comes with 200 too.
    ///
    /// # Errors
    /// As [`Request::read`], and `UnexpectedResponse` for what is no JSON.
    pub async fn probe(self, call: &Call) -> Result<()> {
        let answer = self.read(call).await?;
        answer.json::<serde::de::IgnoredAny>().map(drop).map_err(|error| error.hint("check the address of the account"))
    }

    /// Sends a write, unless an observer of the call says otherwise; none in plan mode.
    ///
    /// # Errors
    /// As [`Request::read`]; `outcome()` tells whether the vendor may have carried it out.
    pub async fn write(self, call: &Call) -> Result<Option<Answer>> {
        let http = self.http.clone();
        let (precondition, follows) = (self.precondition.clone(), self.follows);
        let prepared = self.prepare(call).await?;
        let mut step = prepared.step(&http, call);
        step.after = follows.then(|| step.step - 1).filter(|before| *before > 0);
        step.precondition = precondition;
        let observers = || {
            call.plan.iter().map(|plan| plan.as_ref() as &dyn Observer).chain(call.observers.iter().map(AsRef::as_ref))
        };
        let mut result = None;
        let mut asked = 0;
        for observer in observers() {
            match observer.before_write(&step).await {
                Ok(Verdict::Send) => asked += 1,
                Ok(Verdict::Planned) => {
                    call.tally.planned();
                    result = Some(Ok(None));
                }
                Ok(Verdict::Known { status, body }) => {
                    let answer = Answer::new(status, Default::default(), body, !call.keep_remote_data.dropped);
                    result = Some(http.judge(call, &prepared, None, answer).map(Some));
                }
                Err(error) => result = Some(Err(error)),
            }
            if result.is_some() {
                break;
            }
        }
        let result = match result {
            Some(result) => result,
            None => http.exchange(call, &prepared).await.map(Some),
        };
        // those that said yes are told what became of it, also where a later one kept it from being sent
        for observer in observers().take(asked) {
            let planned = || Error::refused("another observer of the call took it for a plan");
            match &result {
                Ok(Some(answer)) => {
                    let request_id = answer.header(http.0.vendor.request_id);
                    observer.after_write(&step, WriteOutcome::Sent { status: answer.status, request_id }).await;
                }
                Ok(None) => observer.after_write(&step, WriteOutcome::NotSent(&planned())).await,
                Err(error) if error.outcome() == Outcome::Unknown => {
                    observer.after_write(&step, WriteOutcome::Unknown(error)).await;
                }
                Err(error) => observer.after_write(&step, WriteOutcome::NotSent(error)).await,
            }
        }
        if result.as_ref().is_err_and(|error| error.outcome() == Outcome::Unknown) {
            call.tally.unclear();
        }
        Ok(result?.map(|answer| {
            call.tally.accepted();
            answer.of_write()
        }))
    }

    /// Puts address, headers and body together.
    async fn prepare(mut self, call: &Call) -> Result<Prepared> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let passes = self.primary && call.passes_through;
        if passes {
            guarded::check(self.guarded, &self.body, call)?;
            self.query.extend(call.remote_query.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone())));
            if let Some(body) = &call.body {
                self.body = passed(&self.method, body)?;
            }
            if !call.remote_data.is_empty() {
                self.body = merged(&self.method, std::mem::take(&mut self.body), &call.remote_data)?;
            }
        }
        let url = match self.address.take() {
            Some(url) => url,
            None => self.url(),
        };
        Ok(Prepared {
            method: self.method,
            url: self.http.at_discovered(call, url, None).await?,
            template: self.template,
            headers: self.headers,
            body: self.body,
            repeat: self.repeat,
            token: None,
            free: self.free,
            is_primary: self.primary && !self.second_look,
        })
    }

    fn url(&self) -> Url {
        let mut url = self.http.0.base.clone();
        let base = url.path().trim_end_matches('/');
        let path = if self.path.is_empty() { base.to_owned() } else { format!("{base}/{}", self.path) };
        url.set_path(&path);
        // written here, since form encoding has `+` for a space, which not every vendor reads
        let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let query: Vec<String> = self
            .query
            .iter()
            .map(
                |(name, value)| {
                    if value.is_empty() { encoded(name) } else { format!("{}={}", encoded(name), encoded(value)) }
                },
            )
            .collect();
        url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
        url
    }
}
