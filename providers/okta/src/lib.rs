#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Okta is like (`OKTA`), what to ask for and what is true of each action ([`DEFINITION`]), and how
//!    to connect.
//! 2. `wire.rs`: Okta's JSON. `map.rs`: from Okta's JSON to the unified schema, pure functions.
//! 3. `users.rs`, `lifecycle.rs`, `groups.rs`, `roles.rs`, `apps.rs`, `org.rs`, `log.rs`: the actions. Each says what is
//!    called in which order, and nothing else; looking before and after a write is core's.
//!
//! Facts come from Okta's management API description 2026.06.3 and its guides; what stays unverified stands in
//! [`DEFINITION`]'s notes.

mod apps;
mod definition;
mod groups;
mod lifecycle;
mod log;
pub mod map;
mod org;
mod roles;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod users;
mod wire;

use std::sync::OnceLock;

use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Fault, Grant, Http, Next, Paging, RateHeaders, Reset, Resources, TotalAt,
    Vendor,
};
use userdir_core::{Action, Call, Connect, Effect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one Okta organization.
#[derive(Debug)]
pub struct Okta {
    http: Http,
    /// Service apps act for nobody: there is no "me".
    is_service_app: bool,
    /// The administrator whose token this is, once that is known.
    own: OnceLock<Option<lifecycle::Own>>,
}

provider!(Okta, DEFINITION);

/// What is peculiar about Okta's HTTP.
static OKTA: Vendor = Vendor {
    rate: RateHeaders {
        remaining: "x-rate-limit-remaining",
        reset: "x-rate-limit-reset",
        reset_as: Reset::EpochSeconds,
        retry_after: None,
    },
    fault,
    request_id: "x-okta-request-id",
    ..Vendor::JSON
};

/// Okta's error body. Only the code is stable enough to branch on.
fn fault(answer: &Answer) -> Option<Fault> {
    let error: wire::Error = (!answer.is_success()).then(|| answer.json().ok())??;
    let kind = match error.error_code.as_str() {
        // the feature is switched off for the organization: other credentials do not help
        "E0000015" => Some(ErrorKind::Permission),
        // wrong state of the user, although the status says 403
        "E0000016" | "E0000032" | "E0000038" => Some(ErrorKind::Conflict),
        // a user that is being activated is free again in a moment, but that is the caller's to decide
        "E0000062" | "E0000090" | "E0000112" => Some(ErrorKind::Conflict),
        // "an object with this field already exists" is told as a failed validation
        "E0000001" if error.says_exists() => Some(ErrorKind::Conflict),
        _ => None,
    };
    Some(Fault { message: Some(error.message()), code: Some(error.error_code), kind, ..Fault::default() })
}

#[async_trait]
impl Connect for Okta {
    fn connect(connection: Connection) -> Result<Okta> {
        let base = connection.url("base_url")?;
        if base.host_str().is_some_and(|host| host.contains("-admin.okta")) {
            return Err(Error::config("`base_url` is the address of the admin console")
                .hint("leave out `-admin`: https://acme.okta.com"));
        }
        let is_service_app = connection.scheme.name == "private_key_jwt";
        let auth = if is_service_app {
            let url = base.join("/oauth2/v1/token").map_err(|_| Error::config("`base_url` cannot take a path"))?;
            let private_key = connection.secret("private_key")?;
            let key_id = connection.require("key_id")?.to_owned();
            Auth::token(Grant::client_credentials(
                url,
                connection.require("client_id")?,
                ClientAuth::PrivateKeyJwt { private_key, key_id },
                connection.get("scopes").map(str::to_owned),
            ))
        } else {
            Auth::authorization("SSWS ", &connection.secret("api_token")?)?
        };
        Ok(Okta { http: connection.http(base, &OKTA, auth), is_service_app, own: OnceLock::new() })
    }

    async fn check(&self, call: &Call) -> Result<()> {
        let path = if self.is_service_app { "api/v1/org" } else { "api/v1/users/me" };
        self.http.get(path).probe(call).await
    }

    fn http(&self) -> &Http {
        &self.http
    }

    fn resources(&self) -> Resources {
        Resources { root: "api/v1", paging: users::USERS }
    }

    fn refuses(&self, action: Action) -> Option<String> {
        (action == Action::ListMe && self.is_service_app)
            .then(|| "a service app acts for nobody; connect with an API token to have a \"me\"".to_owned())
    }
}

/// Lists that belong to a user or a group. Okta documents no pages for them; should a next link appear, it is followed.
const ROWS: Paging = Paging { items: "", limit: "", max: u32::MAX, next: Next::LinkHeader, total: TotalAt::Nowhere };

/// The effect of one write among several.
fn effect(sent: Result<Option<Answer>>) -> Result<Effect> {
    match sent {
        Ok(Some(_)) => Ok(Effect::Applied),
        Ok(None) => Ok(Effect::Planned),
        // the role is held already
        Err(error) if error.vendor_code() == Some("E0000090") => Ok(Effect::Already),
        Err(error) => Err(error),
    }
}
