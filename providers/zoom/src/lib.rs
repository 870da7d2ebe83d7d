#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Zoom is like (`ZOOM`), what to ask for and what is true of each action ([`DEFINITION`]), and how to
//!    connect.
//! 2. `wire.rs`: Zoom's JSON. `map.rs` and `log_map.rs`: from it to the unified schema, pure functions. `names.rs`: names
//!    of roles and groups. `passes.rs`: users status by status.
//! 3. `users.rs`, `seats.rs` (deactivate, activate, downgrade), `groups.rs`, `roles.rs`, `licenses.rs`, `logs.rs`,
//!    `account.rs`: the actions. Each says what is called in which order; looking before and after a write is core's.
//!
//! Facts come from Zoom's description of its API (2.0.0 of 2021), and from its current pages and client types for what is
//! newer; what stays unverified stands in [`DEFINITION`]'s notes.

mod account;
mod definition;
mod groups;
mod licenses;
mod log_map;
mod logs;
pub mod map;
mod names;
mod paging;
mod passes;
mod roles;
mod seats;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod users;
mod wire;

use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Discovery, Encoding, Fault, Grant, Http, NameCache, RateHeaders, Vendor,
    in_one_cloud,
};
use userdir_core::{Action, Call, Connect, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one Zoom account.
#[derive(Debug)]
pub struct Zoom {
    http: Http,
    /// A server-to-server app acts for nobody: there is no "me".
    is_app: bool,
    /// The account's id, where it is among the settings.
    account_id: Option<String>,
    role_names: NameCache,
    group_names: NameCache,
}

provider!(Zoom, DEFINITION);

/// What is peculiar about Zoom's HTTP.
static ZOOM: Vendor = Vendor { rate: RateHeaders::COMMON, fault, ..Vendor::JSON };

/// Larger answers inside a 200 are no errors, and not worth reading twice.
const LARGEST_FAULT: usize = 4096;

/// Zoom's error body. Its code is not the HTTP status, and some calls answer it inside a 200.
fn fault(answer: &Answer) -> Option<Fault> {
    if answer.is_success() && answer.body.len() > LARGEST_FAULT {
        return None;
    }
    let error: wire::Fault = answer.json().ok()?;
    let is_daily = answer.header("x-ratelimit-type").is_some_and(|kind| kind.eq_ignore_ascii_case("daily-limit"))
        || error.says("daily rate limit");
    Some(Fault {
        code: Some(error.code.to_string()),
        message: Some(error.message()),
        kind: kind_of(&error, answer.status),
        quota_used_up: answer.status == 429 && is_daily,
        ..Fault::default()
    })
}

/// What Zoom's code stands for; none where the status tells.
fn kind_of(error: &wire::Fault, status: u16) -> Option<ErrorKind> {
    match error.code {
        // a token of this app that lacks a scope, whatever the status
        4711 => Some(ErrorKind::Permission),
        4700 if status != 401 => Some(ErrorKind::Permission),
        // no permission, or a plan that lacks it, or a user of a kind that this cannot be done to
        200 | 1108 => Some(ErrorKind::Permission),
        // somebody of another account, or a role that is no more
        1001 | 1010 | 1034 | 4130 => Some(ErrorKind::NotFound),
        300 if error.says("not found") => Some(ErrorKind::NotFound),
        // an invitation that has ended; managed elsewhere; no seat left; a bundle that cannot be taken off
        1000 | 1005 | 1009 | 1107 | 1117 | 1120 | 2033 | 2034 | 2038 | 2039 | 3412 | 4132 => Some(ErrorKind::Conflict),
        _ => (status < 300).then_some(ErrorKind::InvalidRequest),
    }
}

#[async_trait]
impl Connect for Zoom {
    fn connect(connection: Connection) -> Result<Zoom> {
        let client = || -> Result<_> {
            let url = connection.url("token_url")?;
            let secret = ClientAuth::Basic(connection.secret("client_secret")?);
            Ok((url, connection.require("client_id")?.to_owned(), secret))
        };
        let auth = match connection.scheme.name {
            "server_to_server" => {
                let (url, client_id, client) = client()?;
                Auth::token(Grant::ClientCredentials {
                    url,
                    grant_type: "account_credentials",
                    encoding: Encoding::Form,
                    client_id,
                    client,
                    scope: None,
                    extra: vec![("account_id".to_owned(), connection.require("account_id")?.to_owned())],
                })
            }
            "refresh_token" => {
                let (url, client_id, client) = client()?;
                let refresh_token = connection.secret("refresh_token")?;
                Auth::token(Grant::RefreshToken { url, client_id, client, refresh_token })
            }
            _ => Auth::bearer(&connection.secret("access_token")?)?,
        };
        // the address that comes with the token counts unless the account says another
        let auth = match connection.get("base_url") {
            Some(_) => auth,
            None => auth.discovering(Discovery { read: api_url, hosts: definition::API_HOSTS }),
        };
        let base = connection.url_or("base_url", "https://api.zoom.us/v2")?;
        if connection.scheme.name != "access_token" {
            let token = connection.url("token_url")?;
            in_one_cloud(&[("base_url", &base), ("token_url", &token)], ["zoomgov.com", "zoom.us"])?;
        }
        Ok(Zoom {
            http: connection.http(base, &ZOOM, auth),
            is_app: connection.scheme.name == "server_to_server",
            account_id: connection.get("account_id").map(str::to_owned),
            role_names: NameCache::default(),
            group_names: NameCache::default(),
        })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        match self.http.get("users").query("page_size", "1").probe(call).await {
            // a user's token may be for the own user alone; an access token does not say whose it is
            Err(error) if error.kind() == ErrorKind::Permission && !self.is_app => {
                self.http.get("users/me").probe(call).await
            }
            probed => probed,
        }
    }

    fn refuses(&self, action: Action) -> Option<String> {
        (action == Action::ListMe && self.is_app)
            .then(|| "a server-to-server app acts for nobody; connect with a user's token to have a \"me\"".to_owned())
    }
}

/// The region's address, which the answer with the token may name.
fn api_url(answer: &Answer) -> Option<String> {
    let granted: wire::Granted = answer.json().ok()?;
    granted.api_url.filter(|url| !url.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_tells_more_than_the_status() {
        use ErrorKind::{Conflict, InvalidRequest, NotFound, Permission};
        for (codes, status, kind) in [
            (&[1000, 1005, 1009, 1107, 1117, 1120, 2033, 2034, 2038, 2039, 3412, 4132][..], 400, Some(Conflict)),
            (&[1001, 1010, 1034, 4130], 400, Some(NotFound)),
            (&[200, 1108, 4700, 4711], 400, Some(Permission)),
            (&[4711], 401, Some(Permission)),
            (&[4700, 124], 401, None),
            (&[300, 1109, 9999], 400, None),
            (&[300, 9999], 200, Some(InvalidRequest)),
        ] {
            for code in codes {
                let error = format!(r#"{{"code": {code}, "message": "Validation Failed."}}"#);
                assert_eq!(kind_of(&serde_json::from_str(&error).unwrap(), status), kind, "{code} {status}");
            }
        }
        let gone = r#"{"code": 300, "message": "Group member not found."}"#;
        assert_eq!(kind_of(&serde_json::from_str(gone).unwrap(), 400), Some(NotFound));
    }
}
