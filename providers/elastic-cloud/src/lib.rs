#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Elastic Cloud is like (`ELASTIC`), what to ask for and what is true of each action
//!    ([`DEFINITION`]), and how to connect.
//! 2. `wire.rs`: Elastic Cloud's JSON; role assignments among it, which go back as they came. `roles.rs`: the table of
//!    roles, and where a role belongs. `map.rs`: to the unified schema, pure functions.
//! 3. `users.rs`, `seats.rs`, `downgrade.rs`, `assignments.rs`, `places.rs`: the actions. Each says what is called in which order;
//!    looking before and after a write is core's.
//!
//! Facts come from the vendor's API description (`apidocs-user.json`, SDK 1.24), its Terraform provider and its guides;
//! what stays unverified stands in [`DEFINITION`]'s notes.

mod assignments;
mod definition;
mod downgrade;
mod map;
mod places;
mod roles;
mod seats;
mod users;
mod wire;

use std::sync::OnceLock;

use userdir_core::http::{Answer, Auth, Connection, Fault, Http, RateHeaders, Reset, Vendor};
use userdir_core::{Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one organization of Elastic Cloud.
#[derive(Debug)]
pub struct ElasticCloud {
    http: Http,
    /// The organization that the key belongs to: as set, or once it was asked.
    organization: OnceLock<String>,
}

provider!(ElasticCloud, DEFINITION);

/// What is peculiar about Elastic Cloud's HTTP. `x-ratelimit-interval` is the length of the window, in a unit that is
/// unverified: it counts after a refusal alone, and only where it is a number of seconds.
static ELASTIC: Vendor = Vendor {
    rate: RateHeaders { retry_after: Some(("x-ratelimit-interval", Reset::Seconds)), ..RateHeaders::NONE },
    fault,
    ..Vendor::JSON
};

/// Elastic Cloud's error body.
fn fault(answer: &Answer) -> Option<Fault> {
    let body: wire::Errors = (!answer.is_success()).then(|| answer.json().ok())??;
    let message = body.errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ");
    let code = body.errors.into_iter().next()?.code;
    let kind = match code.as_str() {
        "organization.invitation_already_exists" | "organization.user_organization_already_belongs" => {
            Some(ErrorKind::Conflict)
        }
        "role_assignments.invalid_target_user_id" => Some(ErrorKind::NotFound),
        "root.invalid_authentication" | "root.unauthorized" => Some(ErrorKind::Authentication),
        _ => None,
    };
    Some(Fault { message: Some(message), code: Some(code), kind, ..Fault::default() })
}

#[async_trait]
impl Connect for ElasticCloud {
    fn connect(connection: Connection) -> Result<ElasticCloud> {
        let mut base = connection.url("base_url")?;
        if base.path() == "/" {
            base.set_path("/api/v1");
        }
        let auth = Auth::authorization("ApiKey ", &connection.secret("api_key")?)?;
        let organization = OnceLock::new();
        if let Some(id) = connection.get("organization_id") {
            let _ = organization.set(id.to_owned());
        }
        Ok(ElasticCloud { http: connection.http(base, &ELASTIC, auth), organization })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("organizations").probe(call).await
    }
}

impl ElasticCloud {
    /// The organization that is named, or the one that the key belongs to.
    async fn organization(&self, call: &Call, named: Option<&str>) -> Result<String> {
        if let Some(known) = named.or(self.organization.get().map(String::as_str)) {
            return Ok(known.to_owned());
        }
        let answer = self.http.get("organizations").read(call).await?;
        let found: wire::Organizations = answer.json()?;
        match (found.organizations.as_slice(), found.after.has_more()) {
            ([one], false) => Ok(self.organization.get_or_init(|| one.id.clone()).clone()),
            (several, more) => {
                let count = several.len();
                let or_more = if more { " and says there are more" } else { "" };
                Err(Error::config(format!("the key sees {count} organizations{or_more}"))
                    .hint("set `organization_id` to the one that is meant"))
            }
        }
    }
}
