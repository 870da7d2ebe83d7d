//! The policy of sending: authentication, pacing, retry, limits, and turning an answer into a result.

use std::borrow::Cow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::value::RawValue;
use tracing::{Instrument, debug, info_span};
use url::Url;

use super::egress::{PrivateName, check_host, shown};
use super::prepared::{Body, Prepared, Repeat};
use super::rate::{Rate, back_off};
use super::redact::Redactor;
use super::token::{Ready, oauth_fault, refused_token};
use super::{Answer, Auth, Fault, Http, Vendor};
use crate::call::Call;
use crate::error::{Error, ErrorKind, Outcome, Result, RetryState, VendorAnswer};
use crate::observer::Exchange;

/// Bytes of a vendor's error body that are kept.
const ERROR_BODY: usize = 64 << 10;

/// How an attempt without an answer ended.
enum Unanswered {
    /// The request did not leave.
    NotSent(Error),
    /// It left, and no whole answer came back.
    Broken(Error),
}

impl Http {
    /// Sends a request as often as the policy allows and gives its successful answer.
    pub(super) async fn exchange(&self, call: &Call, request: &Prepared) -> Result<Answer> {
        let mut unclear = false;
        let span =
            info_span!("vendor", provider = self.0.provider, method = %request.method, endpoint = %request.template);
        let result = self.try_exchange(call, request, &mut unclear).instrument(span).await;
        // Once an attempt may have been carried out, nothing later unsays it: a repeated DELETE is answered 404 because
        // the first one was done.
        result.map_err(|error| if unclear { error.with_outcome(Outcome::Unknown) } else { error })
    }

    async fn try_exchange(&self, call: &Call, request: &Prepared, unclear: &mut bool) -> Result<Answer> {
        let runtime = &self.0.runtime.shared;
        runtime.egress.check(&request.url)?;
        let mut attempt = 0;
        let mut refused_token = None;
        let mut request = Cow::Borrowed(request);
        let mut looked_where = false;
        loop {
            self.wait(call, self.0.pacer.wait(&request.template, runtime.clock.monotonic()), &request, attempt).await?;
            attempt += 1;
            let authorization = self.authorize(call, &request, refused_token.as_ref()).await?;
            let attempted = self.attempt(call, &request, authorization.as_ref()).await;
            let mut quota_used_up = false;
            let mut unsent = false;
            let error = match attempted {
                Ok(answer) => {
                    self.0.pacer.observe(&request.template, &answer.rate, runtime.clock.monotonic());
                    let fault = self.fault(&request, &answer);
                    quota_used_up = fault.as_ref().is_some_and(|fault| fault.quota_used_up);
                    match self.judge_by(fault, call, &request, authorization.as_ref(), answer) {
                        Ok(answer) => return Ok(answer),
                        Err(error) => error,
                    }
                }
                Err(Unanswered::NotSent(error)) => {
                    unsent = matches!(error.kind(), ErrorKind::Transport | ErrorKind::Timeout);
                    error
                }
                Err(Unanswered::Broken(error)) => self.unknown(&request, error),
            };
            *unclear |= error.outcome() == Outcome::Unknown;
            // The vendor may have ended a token early: once, with a new one.
            if error.kind() == ErrorKind::Authentication
                && error.vendor().is_some()
                && request.token.is_none()
                && refused_token.is_none()
                && let Some(Authorization::Token(ready)) = authorization
            {
                refused_token = Some(ready);
                continue;
            }
            // nobody is at the address that came with the token: once, whether a new one names another
            if unsent
                && !std::mem::replace(&mut looked_where, true)
                && let Some(Authorization::Token(ready)) = &authorization
                && ready.base_url().is_some()
            {
                let url = self.at_discovered(call, request.url.clone(), Some(ready)).await?;
                if url != request.url {
                    request.to_mut().url = url;
                    continue;
                }
            }
            if !may_repeat(self.0.vendor, request.repeat, &error) || call.cancellation.is_cancelled() || quota_used_up {
                return Err(error);
            }
            if attempt >= runtime.limits.attempts {
                return Err(error.with_retry(RetryState::GaveUp { attempts: attempt }));
            }
            let hint = match error.retry() {
                RetryState::Later(hint) => hint,
                _ => None,
            };
            let pause = back_off(attempt, hint, (runtime.random)());
            if self.is_too_long(call, pause) {
                return Err(error.with_retry(RetryState::Later(hint)));
            }
            debug!(provider = self.0.provider, endpoint = %request.template, attempt, ?pause, kind = error.kind().as_str(), "trying again");
            runtime.meter.retry(self.0.provider, error.kind(), pause);
            self.sleep(call, pause).await?;
        }
    }

    /// Waits for the pacer, unless that takes longer than the call may.
    async fn wait(&self, call: &Call, pause: Duration, request: &Prepared, attempts: u32) -> Result<()> {
        if call.cancellation.is_cancelled() {
            return Err(cancelled());
        }
        if call.time_left(self.0.runtime.shared.clock.monotonic()).is_some_and(|left| left.is_zero()) {
            let retry = if attempts == 0 { RetryState::Never } else { RetryState::GaveUp { attempts } };
            return Err(Error::new(ErrorKind::Timeout, "the call's deadline has passed").with_retry(retry));
        }
        if pause.is_zero() {
            return Ok(());
        }
        if self.is_too_long(call, pause) {
            return Err(Error::new(ErrorKind::RateLimited, "the vendor's rate limit is used up")
                .with_retry(RetryState::Later(Some(pause))));
        }
        debug!(provider = self.0.provider, endpoint = %request.template, ?pause, "the vendor's window is used up");
        self.0.runtime.shared.meter.wait(self.0.provider, pause);
        self.sleep(call, pause).await
    }

    fn is_too_long(&self, call: &Call, pause: Duration) -> bool {
        let shared = &self.0.runtime.shared;
        pause > shared.limits.patience || call.time_left(shared.clock.monotonic()).is_some_and(|left| pause >= left)
    }

    async fn sleep(&self, call: &Call, pause: Duration) -> Result<()> {
        let slept = call.cancellation.run_until_cancelled(self.0.runtime.shared.clock.sleep(pause)).await;
        slept.ok_or_else(cancelled)
    }

    /// The credential of the next attempt.
    async fn authorize(
        &self,
        call: &Call,
        request: &Prepared,
        refused: Option<&Ready>,
    ) -> Result<Option<Authorization>> {
        if let Some(own) = &request.token {
            return Ok(own.clone().map(|value| Authorization::Header(AUTHORIZATION, value)));
        }
        match &self.0.auth {
            Auth::Header(name, value) => Ok(Some(Authorization::Header(name.clone(), value.clone()))),
            Auth::Token(tokens) => {
                tokens.ready(self, call, refused).await.map(|ready| Some(Authorization::Token(ready)))
            }
        }
    }

    /// The address with the origin that the token's answer gave, where the vendor tells it so; with that of a new token,
    /// where nobody was at that of an `old` one.
    pub(super) async fn at_discovered(&self, call: &Call, mut url: Url, old: Option<&Ready>) -> Result<Url> {
        let Auth::Token(tokens) = &self.0.auth else { return Ok(url) };
        let Some(discovery) = tokens.discovery else { return Ok(url) };
        let ready = tokens.ready(self, call, old).await?;
        let Some(base) = ready.base_url() else { return Ok(url) };
        let strange = || Error::unexpected("the vendor's token answer names no address for its API");
        let base = Url::parse(base).map_err(|_| strange())?;
        self.0.runtime.shared.egress.check(&base)?;
        let from = tokens.grant.url();
        if base.host() != self.0.base.host() && base.host() != from.host() {
            check_host(&base, discovery.hosts)?;
        }
        if base.scheme() == "http" && from.scheme() == "https" {
            return Err(Error::unexpected("the vendor's token answer names an address without TLS"));
        }
        url.set_scheme(base.scheme()).map_err(|()| strange())?;
        url.set_host(base.host_str()).map_err(|_| strange())?;
        url.set_port(base.port()).map_err(|()| strange())?;
        Ok(url)
    }

    /// One request on the wire.
    async fn attempt(
        &self,
        call: &Call,
        request: &Prepared,
        authorization: Option<&Authorization>,
    ) -> std::result::Result<Answer, Unanswered> {
        let shared = &self.0.runtime.shared;
        let mut headers = HeaderMap::new();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static(if request.token.is_some() { "application/json" } else { self.0.vendor.accept }),
        );
        let body = request.body.encoded();
        match &request.body {
            Body::Json(_) => drop(headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.0.vendor.content_type))),
            Body::Form(_) => {
                drop(headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")))
            }
            Body::Bytes { content_type: Some(content_type), .. } => {
                drop(headers.insert(CONTENT_TYPE, content_type.clone()));
            }
            Body::Bytes { content_type: None, .. } | Body::None => {}
        }
        for (name, value) in &request.headers {
            headers.insert(name, value.clone());
        }
        match authorization {
            Some(Authorization::Header(name, value)) => drop(headers.insert(name, value.clone())),
            Some(Authorization::Token(ready)) => drop(headers.insert(AUTHORIZATION, ready.header.clone())),
            None => {}
        }
        let mut time = shared.limits.request_timeout;
        if let Some(left) = call.time_left(shared.clock.monotonic()) {
            time = time.min(left);
        }
        let mut sent =
            shared.client.request(request.method.clone(), request.url.clone()).headers(headers.clone()).timeout(time);
        sent = match body {
            Some(body) => sent.body(body),
            // an empty body, so that `Content-Length: 0` is sent: some vendors answer 411 without it
            None if request.method == reqwest::Method::POST || request.method == reqwest::Method::PUT => {
                sent.header(reqwest::header::CONTENT_LENGTH, 0).body(Vec::new())
            }
            None => sent,
        };
        let answered = async {
            let response = sent.send().await.map_err(|error| transport(error, request))?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = self.body(response, request).await?;
            let rate = self.0.vendor.rate.read(&headers, shared.clock.now());
            Ok(Answer { rate, ..Answer::new(status, headers, body, !call.keep_remote_data.dropped) })
        };
        let sent_at = shared.clock.monotonic();
        let answer = if request.repeat == Repeat::Read {
            let answered = call.cancellation.run_until_cancelled(answered).await;
            answered.unwrap_or_else(|| Err(Unanswered::NotSent(cancelled())))
        } else {
            // a write that may have left is waited for
            answered.await
        };
        let took = shared.clock.monotonic().saturating_sub(sent_at);
        shared.meter.request(self.0.provider, answer.as_ref().ok().map(|answer| answer.status), took);
        let answer = answer?;
        self.show(call, request, authorization, &headers, &answer);
        Ok(answer)
    }

    /// Reads a body up to the limit.
    async fn body(&self, response: reqwest::Response, request: &Prepared) -> std::result::Result<Bytes, Unanswered> {
        let limit = self.0.runtime.shared.limits.body_bytes;
        let mut body = BytesMut::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Unanswered::Broken(transport_error(&error, request)))?;
            if body.len() + chunk.len() > limit {
                let error = Error::unexpected(format!("the vendor's answer is larger than {} KiB", limit >> 10))
                    .hint("ask for smaller pages with a limit");
                return Err(Unanswered::Broken(error));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Shows an exchange to the observers that want it.
    fn show(
        &self,
        call: &Call,
        request: &Prepared,
        authorization: Option<&Authorization>,
        headers: &HeaderMap,
        answer: &Answer,
    ) {
        debug!(provider = self.0.provider, method = %request.method, endpoint = %request.template, status = answer.status, bytes = answer.body.len(), "answered");
        if request.token.is_some() {
            return;
        }
        for observer in call.observers.iter().filter(|observer| observer.wants_exchanges()) {
            let redactor = self.redactor(call, request, authorization);
            let (mut sent, mut answered) = (None, Bytes::new());
            if observer.wants_bodies() {
                sent = request.body.encoded().map(|body| redactor.text(&String::from_utf8_lossy(&body)).into_owned());
                answered = redactor.bytes(&answer.body).into();
            }
            observer.exchange(Exchange {
                method: request.method.to_string(),
                url: redactor.text(request.url.as_str()).into_owned(),
                request_headers: redactor.headers(headers),
                request_body: sent,
                status: answer.status,
                response_headers: redactor.headers(&answer.headers),
                response_body: answered,
                rate: answer.rate,
                is_primary: request.is_primary,
            });
        }
    }

    /// What a vendor's own object may show of it: without the account's secrets and the call's. None where nothing is
    /// left that is JSON.
    pub(crate) fn masked(&self, call: &Call, raw: &str) -> Option<Box<RawValue>> {
        RawValue::from_string(self.redactor_of(call).text(raw).into_owned()).ok()
    }

    /// Knows the account's secrets and the call's.
    fn redactor_of(&self, call: &Call) -> Redactor {
        let mut redactor = self.0.redactor.clone();
        call.masks().iter().for_each(|secret| redactor.add_text(secret));
        redactor
    }

    /// The same, and those that this very request carries.
    pub(super) fn redactor(&self, call: &Call, request: &Prepared, authorization: Option<&Authorization>) -> Redactor {
        let mut redactor = self.redactor_of(call);
        match authorization {
            Some(Authorization::Header(_, value)) => redactor.add_credential(value),
            Some(Authorization::Token(ready)) => redactor.add_credential(&ready.header),
            None => {}
        }
        if let (Some(_), Body::Form(fields)) = (&request.token, &request.body) {
            let secrets = fields.iter().filter(|(name, _)| SECRET_FIELDS.contains(&name.as_str()));
            secrets.for_each(|(_, secret)| redactor.add_text(secret));
        }
        redactor
    }

    /// Whether an answer is a success: by its status, and by what the vendor's body says.
    pub(super) fn judge(
        &self,
        call: &Call,
        request: &Prepared,
        authorization: Option<&Authorization>,
        answer: Answer,
    ) -> Result<Answer> {
        self.judge_by(self.fault(request, &answer), call, request, authorization, answer)
    }

    /// What the body says of a fault.
    fn fault(&self, request: &Prepared, answer: &Answer) -> Option<Fault> {
        let said = || (self.0.vendor.fault)(answer);
        if request.token.is_some() { oauth_fault(answer).or_else(|| refused_token(answer, said())) } else { said() }
    }

    fn judge_by(
        &self,
        fault: Option<Fault>,
        call: &Call,
        request: &Prepared,
        authorization: Option<&Authorization>,
        answer: Answer,
    ) -> Result<Answer> {
        let is_good = answer.is_success() && fault.as_ref().is_none_or(|fault| fault.kind.is_none());
        if is_good && !request.free {
            return Ok(answer);
        }
        let redactor = self.redactor(call, request, authorization);
        if is_good {
            return Ok(answer.masked(&redactor));
        }
        Err(self.refusal(request, &redactor, answer, fault.unwrap_or_default()))
    }

    /// The error of an answer that is no success.
    fn refusal(&self, request: &Prepared, redactor: &Redactor, answer: Answer, fault: Fault) -> Error {
        let kind = fault.kind.unwrap_or_else(|| ErrorKind::from_status(answer.status));
        let masked = |text: &str| redactor.text(text).into_owned();
        let code = fault.code.as_deref().map(masked);
        let what = match kind {
            ErrorKind::Authentication => "the vendor refused the credentials",
            ErrorKind::Permission => "the credentials may not do this",
            ErrorKind::NotFound => "the vendor has no such thing",
            ErrorKind::Conflict => "the vendor says it conflicts with what is there",
            ErrorKind::InvalidRequest => "the vendor refused the request as wrong",
            ErrorKind::RateLimited => "the vendor's rate limit is used up",
            ErrorKind::Unavailable => "the vendor has no answer now",
            ErrorKind::NotSupported => "the vendor does not offer this",
            _ => "the vendor's answer makes no sense",
        };
        // the vendor's code is shown on terminals: no control characters, and not for ever
        let short = |code: &str| code.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
        let code_shown = code.as_deref().map(|code| format!(" {}", short(code))).unwrap_or_default();
        let mut error = Error::new(kind, format!("{what} ({}{code_shown})", answer.status));
        error = match (kind, answer.status) {
            (ErrorKind::Authentication, _) => {
                error.hint("check the account's credentials, and change what is wrong: `userdir accounts update`")
            }
            (_, 300..400) => {
                error.hint(masked(&format!("the vendor redirects from {}; check `base_url`", shown(&request.url))))
            }
            _ => error,
        };
        let later = matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable | ErrorKind::Timeout);
        if later {
            // the end of the window is a hint for a refusal by limit alone
            let hint = if kind == ErrorKind::RateLimited { answer.rate.pause() } else { answer.rate.retry_after };
            error = error.with_retry(RetryState::Later(fault.retry_after.or(hint)));
        }
        // a redirect after a write may well mean that it was done
        let unclear =
            matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout) || (300..400).contains(&answer.status);
        if unclear && request.repeat != Repeat::Read {
            error = error.with_outcome(Outcome::Unknown);
        }
        // masked first and cut then: a secret across the cut would show its first half
        let mut body = redactor.bytes(&answer.body);
        body.truncate(ERROR_BODY);
        error.from_vendor(VendorAnswer {
            status: answer.status,
            headers: redactor.headers(&answer.headers),
            rate: Rate { retry_after: fault.retry_after.or(answer.rate.retry_after), ..answer.rate },
            body,
            code,
            message: fault.message.as_deref().map(masked),
            request_id: answer.headers.get(self.0.vendor.request_id).and_then(|id| id.to_str().ok()).map(masked),
        })
    }

    /// A request that left without an answer: for a write the outcome is unknown.
    fn unknown(&self, request: &Prepared, error: Error) -> Error {
        if request.repeat == Repeat::Read { error } else { error.with_outcome(Outcome::Unknown) }
    }
}

/// Fields of a token request that are secret.
const SECRET_FIELDS: &[&str] = &["client_secret", "client_assertion", "assertion", "refresh_token", "password"];

/// The credential of an attempt.
pub(super) enum Authorization {
    Header(reqwest::header::HeaderName, HeaderValue),
    Token(Ready),
}

/// Whether the failure allows a repeat: it shows that nothing was done, or a repeat does no harm.
fn may_repeat(vendor: &Vendor, repeat: Repeat, error: &Error) -> bool {
    let harmless = repeat != Repeat::Never;
    match error.kind() {
        // refused before it was carried out
        ErrorKind::RateLimited => true,
        // 2xx: the vendor says it in the body
        ErrorKind::Unavailable => {
            let repeats_500 = vendor.repeats_500 && repeat == Repeat::Read;
            let is_passing = |status| matches!(status, 200..=299 | 502..=504) || status == 500 && repeats_500;
            harmless && error.vendor().is_none_or(|answer| is_passing(answer.status))
        }
        // a connection that never was is safe for any request; `unknown` marks those that left
        ErrorKind::Transport | ErrorKind::Timeout => {
            harmless || error.outcome() == Outcome::NotDone && error.vendor().is_none()
        }
        _ => false,
    }
}

/// Sorts a client error into "did not leave" and "left".
fn transport(error: reqwest::Error, request: &Prepared) -> Unanswered {
    if let Some(refused) = PrivateName::find(&error) {
        return Unanswered::NotSent(refused);
    }
    let not_sent = error.is_connect() || error.is_builder();
    let error = transport_error(&error, request);
    if not_sent { Unanswered::NotSent(error) } else { Unanswered::Broken(error) }
}

/// Says what broke. The client's own text is left out: it has the whole address, with its query.
fn transport_error(error: &reqwest::Error, request: &Prepared) -> Error {
    let host = request.url.host_str().unwrap_or_default();
    let timed_out = error.is_timeout();
    let error = if error.is_connect() {
        let kind = if timed_out { ErrorKind::Timeout } else { ErrorKind::Transport };
        Error::new(kind, format!("no connection to `{host}`: {}", root_cause(error)))
            .hint("check `base_url` and the network; behind a proxy set HTTPS_PROXY, with own certificates `--ca-file`")
    } else if timed_out {
        Error::new(ErrorKind::Timeout, format!("`{host}` did not answer in time"))
    } else if error.is_builder() {
        Error::invalid(format!("the request to `{host}` cannot be built"))
    } else {
        Error::new(ErrorKind::Transport, format!("the connection to `{host}` broke before the answer was complete"))
    };
    error.with_retry(RetryState::Later(None))
}

/// The innermost cause: "connection refused", "invalid peer certificate".
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Timeout, "the call was cancelled")
}
