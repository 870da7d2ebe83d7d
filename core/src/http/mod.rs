//! The vendor HTTP layer: one client and one policy for all vendors, told each vendor's peculiarities as data.
//!
//! A provider makes an [`Http`] from its [`Connection`], a [`Vendor`] and an [`Auth`], and builds requests with it:
//! `self.http.get("api/v1/users").id(id).read(call).await?`. Authentication, pacing, retry, limits, egress, plan mode,
//! observers and redaction are here, and in no provider.

mod assertion;
mod auth;
pub(crate) mod egress;
mod free;
mod guarded;
mod names;
pub(crate) mod paging;
mod passes;
mod prepared;
pub(crate) mod rate;
pub(crate) mod redact;
mod request;
mod send;
mod slice;
mod token;

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use url::Url;
use userdir_schema::{IntoOwned, Unified};

pub use auth::Auth;
pub use egress::{Egress, in_one_cloud};
pub use free::{Found, FreeGet, FreePath, Resources};
pub use names::{NameCache, Names};
pub use paging::{Next, Paging, TotalAt};
pub use passes::{Pass, Passes};
pub use rate::{Rate, RateHeaders, Reset};
pub use request::Request;
pub use reqwest::Method;
pub(crate) use send::root_cause;
pub use slice::Slice;
pub use token::{ClientAuth, Discovery, Encoding, Grant};

use crate::call::Call;
use crate::definition::{Definition, Scheme, SettingKind};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::page::{MapItem, Mapped, Shape, map_one};
use crate::runtime::Runtime;
use crate::settings::{Secret, Settings};

/// What is peculiar about a vendor's HTTP, as data.
#[derive(Debug)]
pub struct Vendor {
    /// How it tells of its limits.
    pub rate: RateHeaders,
    /// Reads its error body; for answers of any status, so that a fault inside a 200 is found too.
    pub fault: fn(&Answer) -> Option<Fault>,
    /// Header with its id of an exchange.
    pub request_id: &'static str,
    /// `Accept` of every request.
    pub accept: &'static str,
    /// `Content-Type` of JSON bodies.
    pub content_type: &'static str,
    /// Whether a read is repeated after a 500 too, as the vendor recommends: a plain 500 is a fault of the request as often
    /// as of the server. What became of a write is settled by reading.
    pub repeats_500: bool,
}

impl Vendor {
    /// JSON with nothing peculiar: limits are told by `Retry-After` alone, errors by their status, and exchanges have no
    /// ids.
    pub const JSON: Vendor = Vendor {
        rate: RateHeaders::NONE,
        fault: |_| None,
        request_id: "",
        accept: "application/json",
        content_type: "application/json",
        repeats_500: false,
    };
}

/// What a vendor's error body says.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's words.
    pub message: Option<String>,
    /// The kind, where the status alone would say another.
    pub kind: Option<ErrorKind>,
    /// A wait that the body asks for.
    pub retry_after: Option<Duration>,
    /// A quota of hours or days is used up: the caller is told at once instead of waiting.
    pub quota_used_up: bool,
}

/// A vendor's answer.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most as large as the limits allow.
    pub body: Bytes,
    /// What it says of the vendor's limits.
    pub rate: Rate,
    /// Whether mapped items keep the vendor's own bytes.
    keep_remote_data: bool,
    /// Whether it answers a write: one that cannot be read was carried out all the same.
    of_write: bool,
}

/// Without the body: it may hold other people's data.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Bytes, keep_remote_data: bool) -> Answer {
        Answer { status, headers, body, rate: Rate::default(), keep_remote_data, of_write: false }
    }

    /// The same, of a write.
    pub(crate) fn of_write(mut self) -> Answer {
        self.of_write = true;
        self
    }

    /// The same without secrets, in body and headers; of the headers those stay that may be shown.
    fn masked(self, redactor: &redact::Redactor) -> Answer {
        let shown = redactor.headers(&self.headers).into_iter();
        let headers = shown.filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?))).collect();
        Answer { headers, body: redactor.bytes(&self.body).into(), ..self }
    }

    fn unreadable(&self, error: &serde_json::Error) -> Error {
        let error = unreadable(error);
        if self.of_write { error.with_outcome(Outcome::Unknown) } else { error }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, read as JSON into a type of the provider's, which may borrow from it.
    ///
    /// # Errors
    /// `UnexpectedResponse`.
    pub fn json<'a, W: Deserialize<'a>>(&'a self) -> Result<W> {
        serde_json::from_slice(&self.body).map_err(|error| self.unreadable(&error))
    }

    /// The body, mapped to a unified resource that keeps it as `remote_data`.
    ///
    /// # Errors
    /// `UnexpectedResponse`.
    pub fn map<T, F>(&self, map: F) -> Result<T>
    where
        T: Unified,
        // says which `T` it is; a mapping is a function for every lifetime
        F: Fn(&'static RawValue) -> Mapped<T> + MapItem<T>,
    {
        self.map_at("", map)
    }

    /// What stands at a path of the body, such as `data.user`, mapped to a unified resource that keeps it as
    /// `remote_data`.
    ///
    /// # Errors
    /// `UnexpectedResponse`.
    pub fn map_at<T, F>(&self, path: &str, map: F) -> Result<T>
    where
        T: Unified,
        F: Fn(&'static RawValue) -> Mapped<T> + MapItem<T>,
    {
        let item = self.at(path).and_then(|raw| map_one::<T>(raw, &map, self.keep_remote_data));
        Ok(item.map_err(|error| self.unreadable(&error))?.into_owned())
    }

    fn at(&self, path: &str) -> Mapped<&RawValue> {
        let body: &RawValue = serde_json::from_slice(&self.body)?;
        path.split('.').filter(|member| !member.is_empty()).try_fold(body, |raw, member| {
            let mut members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw.get())?;
            members.remove(member).ok_or_else(|| serde_json::Error::custom("a member is missing"))
        })
    }

    /// The same answer with a part of its body in place of the whole, for vendors that wrap what they answer.
    #[must_use]
    pub fn part(&self, part: &RawValue) -> Answer {
        Answer { body: Bytes::copy_from_slice(part.get().as_bytes()), ..self.clone() }
    }

    /// The body as a list, each item mapped to something that is no resource of its own, such as a role a user holds.
    /// An item that cannot be read fails the whole: a list must not be short without a word.
    ///
    /// # Errors
    /// `UnexpectedResponse`.
    pub fn each<R>(&self, map: impl Fn(&RawValue) -> Mapped<R>) -> Result<Vec<R>> {
        let items: Vec<&RawValue> = self.json()?;
        items.into_iter().map(map).collect::<Mapped<Vec<R>>>().map_err(|error| self.unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::unexpected(format!("the vendor's answer cannot be read: {}", Shape(error)))
        .hint("check `base_url`; if it is right, the vendor changed its answer")
}

/// What a provider is connected with.
#[derive(Debug)]
pub struct Connection {
    /// The provider's own page.
    pub definition: &'static Definition,
    /// The way to authenticate that the given settings are complete for.
    pub scheme: &'static Scheme,
    settings: Settings,
    runtime: Runtime,
}

impl Connection {
    pub(crate) fn new(
        definition: &'static Definition,
        scheme: &'static Scheme,
        settings: Settings,
        runtime: Runtime,
    ) -> Result<Connection> {
        let connection = Connection { definition, scheme, settings, runtime };
        for setting in definition.settings {
            if matches!(setting.kind, SettingKind::Url { .. }) && connection.get(setting.key).is_some() {
                connection.url(setting.key)?;
            }
        }
        Ok(connection)
    }

    /// A setting or its default.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.definition.value(&self.settings, key)
    }

    /// Whether a flag is set.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key) == Some("true")
    }

    /// A setting that must be there.
    ///
    /// # Errors
    /// `Config`.
    pub fn require(&self, key: &str) -> Result<&str> {
        self.get(key).ok_or_else(|| Error::config(format!("setting `{key}` is missing")))
    }

    /// A secret that must be there.
    ///
    /// # Errors
    /// `Config`.
    pub fn secret(&self, key: &str) -> Result<Secret> {
        self.settings.get_secret(key).ok_or_else(|| Error::config(format!("secret `{key}` is missing")))
    }

    /// An address, checked by the egress guard and against the definition's host patterns.
    ///
    /// # Errors
    /// `Config` or `Refused`.
    pub fn url(&self, key: &str) -> Result<Url> {
        self.checked_url(key, self.require(key)?)
    }

    /// The same, or `default` where none is given: for vendors whose address follows from another setting, such as a
    /// region.
    ///
    /// # Errors
    /// As [`Connection::url`].
    pub fn url_or(&self, key: &str, default: &str) -> Result<Url> {
        self.checked_url(key, self.get(key).unwrap_or(default))
    }

    fn checked_url(&self, key: &str, text: &str) -> Result<Url> {
        let wrong = |why: String| {
            Error::config(format!("setting `{key}`: {why}")).hint("write it as https://host or https://host/path")
        };
        // with an `@` it may hold a password
        let shown = if text.contains('@') { "what is given" } else { text };
        let url = Url::parse(text).map_err(|error| wrong(format!("`{shown}` is no address: {error}")))?;
        if url.cannot_be_a_base() || url.host_str().is_none() {
            return Err(wrong(format!("`{shown}` names no host")));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it must end with its path, without `?` and `#`".into()));
        }
        self.runtime.shared.egress.check(&url)?;
        if let Some(SettingKind::Url { hosts }) = self.definition.setting(key).map(|setting| setting.kind) {
            self.runtime.shared.egress.check_host(&url, hosts)?;
        }
        Ok(url)
    }

    /// The HTTP side of a connection to `base`.
    pub fn http(&self, base: Url, vendor: &'static Vendor, auth: Auth) -> Http {
        Http(Arc::new(Shared {
            provider: self.definition.slug,
            pacer: self.runtime.pacer(),
            redactor: redact::Redactor::of(&self.settings),
            runtime: self.runtime.clone(),
            base,
            vendor,
            auth,
        }))
    }
}

/// Sends requests to one vendor as one account. Cheap to clone.
#[derive(Clone)]
pub struct Http(Arc<Shared>);

struct Shared {
    provider: &'static str,
    base: Url,
    vendor: &'static Vendor,
    auth: Auth,
    runtime: Runtime,
    pacer: Arc<rate::Pacer>,
    redactor: redact::Redactor,
}

impl Http {
    /// A GET of this path below the base address.
    pub fn get(&self, path: &'static str) -> Request {
        Request::new(self, reqwest::Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &'static str) -> Request {
        Request::new(self, reqwest::Method::POST, path)
    }

    /// A PUT: idempotent by RFC 9110.
    pub fn put(&self, path: &'static str) -> Request {
        Request::new(self, reqwest::Method::PUT, path).idempotent()
    }

    /// A PATCH.
    pub fn patch(&self, path: &'static str) -> Request {
        Request::new(self, reqwest::Method::PATCH, path)
    }

    /// A DELETE: idempotent by RFC 9110.
    pub fn delete(&self, path: &'static str) -> Request {
        Request::new(self, reqwest::Method::DELETE, path).idempotent()
    }

    /// The time of day, by the runtime's clock.
    pub fn now(&self) -> userdir_schema::DateTime {
        self.0.runtime.shared.clock.now().into()
    }

    /// Fetches a new token, where requests carry one.
    pub(crate) async fn renew(&self, call: &Call) -> Result<()> {
        let Auth::Token(tokens) = &self.0.auth else { return Ok(()) };
        let current = tokens.ready(self, call, None).await?;
        tokens.ready(self, call, Some(&current)).await.map(drop)
    }

    /// Id of the user whose token this is, where [`Auth::telling_user`] reads it and the vendor says so.
    ///
    /// # Errors
    /// As of a token that is fetched.
    pub async fn token_user(&self, call: &Call) -> Result<Option<String>> {
        let Auth::Token(tokens) = &self.0.auth else { return Ok(None) };
        Ok(tokens.ready(self, call, None).await?.user().map(str::to_owned))
    }

    /// Where requests go: the origin of the base address, or the one that came with the token.
    ///
    /// # Errors
    /// As of a token that is fetched.
    pub async fn origin(&self, call: &Call) -> Result<String> {
        Ok(self.at_discovered(call, self.0.base.clone(), None).await?.origin().ascii_serialization())
    }

    /// The base address.
    pub fn base(&self) -> &Url {
        &self.0.base
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http")
            .field("provider", &self.0.provider)
            .field("base", &self.0.base.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use userdir_schema::User;

    use super::*;
    use crate::definition::{Consistency, Setting};

    fn user(raw: &RawValue) -> Mapped<User<'_>> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            id: userdir_schema::Text<'a>,
        }
        let it: Wire = serde_json::from_str(raw.get())?;
        Ok(User { id: it.id, ..User::default() })
    }

    #[test]
    fn a_resource_is_found_where_the_vendor_wraps_it() {
        let answer = |body: &'static str| Answer::new(200, HeaderMap::new(), Bytes::from_static(body.as_bytes()), true);
        let found: User = answer(r#"{"data": {"x": 1, "user": {"id": "u1"}}}"#).map_at("data.user", user).unwrap();
        assert_eq!((found.id.as_str(), found.remote_data.unwrap().get()), ("u1", r#"{"id": "u1"}"#));
        for body in ["{}", r#"{"data": null}"#, r#"{"data": {"user": null}}"#, "[]", ""] {
            assert!(answer(body).map_at::<User, _>("data.user", user).is_err(), "{body}");
        }
    }

    static DEFINITION: Definition = Definition {
        slug: "acme",
        aliases: &[],
        name: "Acme",
        documentation: "https://acme.example",
        settings: &[Setting::url("base_url", "Address", &["*.acme.example"], "the address")],
        schemes: &[Scheme { name: "none", needs: &[] }],
        actions: &[],
        lacks: &[],
        notes: &[],
        consistency: Consistency::Immediate,
    };

    fn url(settings: Settings, default: &str) -> Result<Url> {
        let runtime = Runtime::new().unwrap();
        Connection::new(&DEFINITION, &DEFINITION.schemes[0], settings, runtime).unwrap().url_or("base_url", default)
    }

    #[test]
    fn a_default_address_is_checked_like_a_given_one() {
        let eu = "https://eu.acme.example/api";
        assert_eq!(url(Settings::new(), eu).unwrap().as_str(), eu);
        let own = "https://own.acme.example/";
        assert_eq!(url(Settings::new().set("base_url", own), eu).unwrap().as_str(), own);
        for wrong in ["https://acme.example.org", "http://eu.acme.example", "https://eu.acme.example?x=1", "eu"] {
            assert!(url(Settings::new(), wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_part_of_an_answer_is_an_answer_of_its_own() {
        let whole = Answer::new(201, HeaderMap::new(), r#"{"role": {"id": "r1"}}"#.into(), true);
        #[derive(Deserialize)]
        struct Wrapped<'a> {
            #[serde(borrow)]
            role: &'a RawValue,
        }
        let wrapped: Wrapped<'_> = whole.json().unwrap();
        let part = whole.part(wrapped.role);
        assert_eq!((part.status, &part.body[..]), (201, &br#"{"id": "r1"}"#[..]));
        fn role(raw: &RawValue) -> Mapped<userdir_schema::Role<'_>> {
            serde_json::from_str(raw.get())
        }
        let role: userdir_schema::Role<'static> = part.map(role).unwrap();
        assert_eq!(role.remote_data.unwrap().get(), r#"{"id": "r1"}"#);
    }
}
