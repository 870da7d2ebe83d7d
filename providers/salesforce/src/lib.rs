#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Salesforce is like (`SALESFORCE`), what to ask for and what is true of each action
//!    ([`DEFINITION`]), and how to connect.
//! 2. `id.rs` and `soql.rs`: ids of 15 and 18 characters, and queries. `query.rs`: the calls that everything is made of.
//! 3. `wire.rs`: Salesforce's JSON. `map.rs`: from it to the unified schema, pure functions.
//! 4. `users.rs`, `profile.rs`, `lifecycle.rs`, `groups.rs`, `roles.rs`, `seats.rs`, `assignments.rs`, `licenses.rs`, `org.rs`,
//!    `log.rs`: the actions. Each says what is called in which order; looking before and after a write is core's.
//!
//! Facts come from Salesforce's Enterprise WSDL 60.0, its REST and object references, and its Postman collection; what
//! stays unverified stands in [`DEFINITION`]'s notes.

mod assignments;
mod definition;
mod groups;
mod id;
mod licenses;
mod lifecycle;
mod log;
mod map;
mod org;
mod profile;
mod query;
mod roles;
mod seats;
mod soql;
mod users;
mod wire;

use std::sync::{Mutex, OnceLock};

use userdir_core::http::{Answer, Auth, ClientAuth, Connection, Discovery, Fault, Grant, Http, Vendor};
use userdir_core::{Call, Connect, Effect, Error, ErrorKind, IdRule, Result, async_trait, provider};
use userdir_schema::UserOrganization;

use crate::soql::Query;

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one Salesforce organization.
#[derive(Debug)]
pub struct Salesforce {
    http: Http,
    /// Number of the API's version; three come out a year.
    version: u32,
    /// Kinds of users that lists show; none for every kind.
    user_types: Option<Vec<String>>,
    /// Whether a user who cannot be deactivated is frozen instead.
    freeze_when_blocked: bool,
    /// The user whose token this is, once that was asked; none where it may not be known.
    own: OnceLock<Option<String>>,
    /// The one organization, once it was read and until it is changed.
    organization: Mutex<Option<UserOrganization<'static>>>,
}

provider!(Salesforce, DEFINITION);

/// What is peculiar about Salesforce's HTTP. Its limit is a day's, told in `Sforce-Limit-Info` as used and allowed, with
/// no time to wait until: there is nothing to pace by.
static SALESFORCE: Vendor = Vendor { fault, ..Vendor::JSON };

/// Salesforce's errors: always an array. The code decides, since the status of one code varies.
fn fault(answer: &Answer) -> Option<Fault> {
    let errors: Vec<wire::Error> = (!answer.is_success()).then(|| answer.json().ok())??;
    let message = errors.iter().filter_map(|error| error.message.as_deref()).collect::<Vec<_>>().join("; ");
    let code = errors.into_iter().next()?.error_code;
    let mut fault = Fault { message: Some(message.clone()), ..Fault::default() };
    fault.kind = match code.as_str() {
        "REQUEST_LIMIT_EXCEEDED" => {
            // too many long requests at once is the same code, and over in a moment
            fault.quota_used_up = !message.to_ascii_lowercase().contains("concurren");
            Some(ErrorKind::RateLimited)
        }
        // locked by somebody else's write: nothing was done, and it is free again in a moment, as after a short limit
        "UNABLE_TO_LOCK_ROW" => Some(ErrorKind::RateLimited),
        "NOT_FOUND" | "ENTITY_IS_DELETED" => Some(ErrorKind::NotFound),
        // an object that the token's user may not see is said to be none
        "INSUFFICIENT_ACCESS_OR_READONLY" | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" | "INVALID_TYPE" => {
            Some(ErrorKind::Permission)
        }
        "LICENSE_LIMIT_EXCEEDED" | "CANNOT_DISABLE_LAST_ADMIN" | "CANNOT_FREEZE_SELF" => Some(ErrorKind::Conflict),
        code if code.starts_with("DUPLICATE_") => Some(ErrorKind::Conflict),
        _ => None,
    };
    fault.code = Some(code);
    Some(fault)
}

/// Where the API is: the token's answer says so, and may say another address after a migration.
fn instance_url(answer: &Answer) -> Option<String> {
    answer.json::<wire::Granted>().ok()?.instance_url
}

/// Whose the token is: the last part of an address.
fn user(answer: &Answer) -> Option<String> {
    let identity = answer.json::<wire::Granted>().ok()?.id?;
    id::spelling(identity.rsplit('/').next()?).filter(|user| user.starts_with(id::USER))
}

#[async_trait]
impl Connect for Salesforce {
    fn connect(connection: Connection) -> Result<Salesforce> {
        let base = connection.url("base_url")?;
        let url = match connection.get("token_url") {
            Some(_) => connection.url("token_url")?,
            None => base.join("/services/oauth2/token").map_err(|_| Error::config("`base_url` cannot take a path"))?,
        };
        let client_id = connection.require("client_id")?.to_owned();
        let client = |connection: &Connection| connection.secret("client_secret").map(ClientAuth::Post);
        let grant = match connection.scheme.name {
            "refresh_token" => Grant::RefreshToken {
                url,
                client_id,
                client: client(&connection)?,
                refresh_token: connection.secret("refresh_token")?,
            },
            "jwt_bearer" => Grant::JwtBearer {
                url,
                issuer: client_id,
                subject: connection.require("username")?.to_owned(),
                audience: connection.require("audience")?.to_owned(),
                private_key: connection.secret("private_key")?,
                key_id: None,
            },
            _ => Grant::client_credentials(url, client_id, client(&connection)?, None),
        };
        let auth = Auth::token(grant)
            .discovering(Discovery { read: instance_url, hosts: definition::HOSTS })
            .telling_user(user);
        let types = connection.require("user_types")?;
        Ok(Salesforce {
            version: version(connection.require("api_version")?)?,
            user_types: (types != "all").then(|| types.split(',').map(|word| word.trim().to_owned()).collect()),
            freeze_when_blocked: connection.flag("freeze_when_blocked"),
            own: OnceLock::new(),
            organization: Mutex::default(),
            http: connection.http(base, &SALESFORCE, auth),
        })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.select(&Query::new("Id", "Organization"), None).probe(call).await
    }

    fn id_rule(&self) -> IdRule {
        IdRule::Form(id::spelling)
    }
}

/// `60.0`, or `60`.
fn version(text: &str) -> Result<u32> {
    let number = text.strip_suffix(".0").unwrap_or(text);
    number.parse().map_err(|_| Error::config(format!("`api_version` is `{text}`; it must be a number such as 60.0")))
}

/// The effect of a create: what is there already is what was wanted.
fn effect_of_create(sent: Result<Option<Answer>>) -> Result<Effect> {
    match sent {
        Err(error) if error.vendor_code() == Some("DUPLICATE_VALUE") => Ok(Effect::Already),
        sent => sent.map(Effect::of_write),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_number() {
        assert_eq!((version("60.0").unwrap(), version("62").unwrap()), (60, 62));
        for text in ["v60.0", "60.1", "", "-1", "60.0.0"] {
            assert!(version(text).is_err(), "{text}");
        }
    }
}
