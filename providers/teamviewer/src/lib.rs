#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what TeamViewer's HTTP is like, and how to connect. `definition.rs`: what to ask for and what is true of
//!    each action.
//! 2. `wire.rs`: TeamViewer's JSON. `map.rs`: from it to the unified schema, pure functions. `ids.rs`: the two spellings of a
//!    user's id.
//! 3. `users.rs`, `lists.rs` (of users), `groups.rs`, `roles.rs` (the catalogue), `grants.rs` (roles given and taken),
//!    `assignments.rs`, `company.rs` (organization, licences, "me"), `events.rs`: the actions.

mod assignments;
mod company;
mod definition;
mod events;
mod grants;
mod groups;
mod ids;
mod lists;
pub mod map;
mod roles;
mod users;
mod wire;

use std::sync::OnceLock;

use userdir_core::http::{Answer, Auth, ClientAuth, Connection, Fault, Grant, Http, Request, Vendor};
use userdir_core::{Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one company at TeamViewer.
#[derive(Debug)]
pub struct TeamViewer {
    http: Http,
    /// The company of the token, once it is known.
    company: OnceLock<wire::Company>,
    /// The owner of the token, once that is known; none where the token may not tell.
    owner: OnceLock<Option<String>>,
}

provider!(TeamViewer, DEFINITION);

/// What is peculiar about TeamViewer's HTTP. It documents no headers of its limits: they are told by the error's code.
static TEAMVIEWER: Vendor = Vendor { fault, ..Vendor::JSON };

/// TeamViewer's error body. Which status goes with a code is not documented, so the code decides.
fn fault(answer: &Answer) -> Option<Fault> {
    let error: wire::Error = answer.json().ok()?;
    let kind = match error.error.as_str() {
        "invalid_token" | "token_expired" | "wrong_credentials" | "invalid_client" => Some(ErrorKind::Authentication),
        "invalid_permission" => Some(ErrorKind::Permission),
        "not_found" => Some(ErrorKind::NotFound),
        "rate_limit_reached" | "too_many_retries" => Some(ErrorKind::RateLimited),
        "internal_error" => Some(ErrorKind::Unavailable),
        // the plan does not have it: other credentials do not help
        "license_required" => Some(ErrorKind::NotSupported),
        _ => None,
    };
    Some(Fault { code: Some(error.error), message: error.error_description, kind, ..Fault::default() })
}

#[async_trait]
impl Connect for TeamViewer {
    fn connect(connection: Connection) -> Result<TeamViewer> {
        let base = connection.url("base_url")?;
        if base.path().trim_end_matches('/').ends_with("/api/v1") {
            return Err(Error::config("`base_url` ends with /api/v1, which every call adds by itself")
                .hint("leave it out: https://webapi.teamviewer.com"));
        }
        let auth = match connection.scheme.name {
            "api_token" => Auth::bearer(&connection.secret("api_token")?)?,
            _ => {
                let url = match connection.get("token_url") {
                    Some(_) => connection.url("token_url")?,
                    None => {
                        base.join("/api/v1/oauth2/token").map_err(|_| Error::config("`base_url` cannot take a path"))?
                    }
                };
                Auth::token(Grant::RefreshToken {
                    url,
                    client_id: connection.require("client_id")?.to_owned(),
                    client: ClientAuth::Post(connection.secret("client_secret")?),
                    refresh_token: connection.secret("refresh_token")?,
                })
            }
        };
        let http = connection.http(base, &TEAMVIEWER, auth);
        Ok(TeamViewer { http, company: OnceLock::new(), owner: OnceLock::new() })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        let ping: wire::Ping = self.http.get("api/v1/ping").read(call).await?.json()?;
        match ping.token_valid {
            Some(false) => Err(Error::new(ErrorKind::Authentication, "TeamViewer says that the token is not valid")
                .hint("make a new one under Profile settings > Apps")),
            _ => Ok(()),
        }
    }
}

impl TeamViewer {
    /// The address of one user.
    fn user_at(&self, request: Request, user: &str) -> Result<Request> {
        Ok(request.id(&ids::user(user)?))
    }
}
