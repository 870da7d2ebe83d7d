#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what PagerDuty is like (`PAGERDUTY`), what to ask for and what is true of each action ([`DEFINITION`]),
//!    and how to connect.
//! 2. `wire.rs`: PagerDuty's JSON. `map.rs`: from it to the unified schema, pure functions.
//! 3. `users.rs`, `seats.rs` (licences, roles, downgrade), `teams.rs`, `account.rs`, `audit.rs`: the actions. Each says
//!    what is called in which order; looking before and after a write is core's.
//!
//! Facts come from PagerDuty's description of its REST API (2.0.0) and its developer pages; what stays unverified stands
//! in [`DEFINITION`]'s notes.

mod account;
mod audit;
mod definition;
pub mod map;
mod seats;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod teams;
mod users;
mod wire;

use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Fault, Grant, Http, Next, Paging, RateHeaders, Request, Reset, TotalAt,
    Vendor,
};
use userdir_core::{Action, Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one PagerDuty account.
#[derive(Debug)]
pub struct PagerDuty {
    http: Http,
    /// In whose name changes are made.
    from: Option<String>,
    /// An app with a token of its own acts for nobody: there is no "me".
    is_app: bool,
}

provider!(PagerDuty, DEFINITION);

/// What is peculiar about PagerDuty's HTTP. The reset is a duration, not a time.
static PAGERDUTY: Vendor = Vendor {
    rate: RateHeaders {
        remaining: "ratelimit-remaining",
        reset: "ratelimit-reset",
        reset_as: Reset::Seconds,
        retry_after: None,
    },
    fault,
    // the version stands here, and nowhere else
    accept: "application/vnd.pagerduty+json;version=2",
    content_type: JSON,
    repeats_500: true,
    ..Vendor::JSON
};

const JSON: &str = "application/json";

/// PagerDuty's error body; it may be missing.
fn fault(answer: &Answer) -> Option<Fault> {
    let wire::Fault { error } = (!answer.is_success()).then(|| answer.json().ok())??;
    let says = |words: &str| error.errors().any(|text| text.contains(words));
    // both come as 400
    let kind = (says("already been taken") || error.code == Some(6006)).then_some(ErrorKind::Conflict);
    let code = error.code.filter(|code| *code != 0).map(|code| code.to_string());
    Some(Fault { code, message: Some(error.message()), kind, ..Fault::default() })
}

#[async_trait]
impl Connect for PagerDuty {
    fn connect(connection: Connection) -> Result<PagerDuty> {
        let region = connection.require("region")?;
        let base = connection.url_or("base_url", host(region))?;
        let client = || -> Result<_> {
            let url = connection.url("token_url")?;
            let secret = ClientAuth::Post(connection.secret("client_secret")?);
            Ok((url, connection.require("client_id")?.to_owned(), secret))
        };
        let auth = match connection.scheme.name {
            "api_key" => Auth::authorization("Token token=", &connection.secret("api_key")?)?,
            "access_token" => Auth::bearer(&connection.secret("access_token")?)?,
            "refresh_token" => {
                let (url, client_id, client) = client()?;
                let refresh_token = connection.secret("refresh_token")?;
                Auth::token(Grant::RefreshToken { url, client_id, client, refresh_token })
            }
            _ => {
                let (url, client_id, client) = client()?;
                let account = format!("as_account-{region}.{}", connection.require("subdomain")?);
                let scope = format!("{account} {}", connection.require("scopes")?);
                // what is not granted is left out without a word
                Auth::token(Grant::client_credentials(url, client_id, client, Some(scope))).checking_scopes()
            }
        };
        let is_app = connection.scheme.name == "client_credentials";
        let from = connection.get("from").map(str::to_owned);
        Ok(PagerDuty { http: connection.http(base, &PAGERDUTY, auth), from, is_app })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.get("users").query("limit", "1").probe(call).await
    }

    fn refuses(&self, action: Action) -> Option<String> {
        (action == Action::ListMe && self.is_app)
            .then(|| "an app with a token of its own acts for nobody; connect with a user's key or token".to_owned())
    }
}

/// Where the accounts of a region are.
fn host(region: &str) -> &'static str {
    if region == "eu" { "https://api.eu.pagerduty.com" } else { "https://api.pagerduty.com" }
}

impl PagerDuty {
    /// PagerDuty's description wants the content type on every request, a GET too.
    fn get(&self, path: &'static str) -> Request {
        self.http.get(path).header("content-type", JSON)
    }

    /// A change, in the name of whoever is configured.
    fn change(&self, request: Request) -> Request {
        let request = request.header("content-type", JSON);
        match &self.from {
            Some(from) => request.header("from", from),
            None => request,
        }
    }
}

/// A list read by offset, which goes on by the limit of the answer. PagerDuty answers 400 where `offset` and `limit` together
/// pass 10,000.
const fn paged(items: &'static str) -> Paging {
    let next = Next::OffsetWithin { parameter: "offset", first: 0, window: 10_000, more: "more", size: "limit" };
    Paging { items, limit: "limit", max: 100, next, total: TotalAt::Body("total") }
}

/// Adds a hint to a request that the vendor refused as wrong.
fn refused_as_wrong(hint: &'static str) -> impl Fn(Error) -> Error {
    move |error| if error.kind() == ErrorKind::InvalidRequest { error.hint(hint) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_a_host_of_its_own() {
        assert_eq!((host("us"), host("eu")), ("https://api.pagerduty.com", "https://api.eu.pagerduty.com"));
    }
}
