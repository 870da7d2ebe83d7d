#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: Slack's three interfaces (`SLACK`), what to ask for and what is true of each action ([`DEFINITION`]), and
//!    how to connect. `fault.rs`: what its refusals mean.
//! 2. `wire.rs`: Slack's JSON. `catalogue.rs`: the roles there are. `map.rs`: from Slack's JSON to the unified schema.
//! 3. `users.rs`, `lifecycle.rs`, `roles.rs`, `grants.rs` (giving and taking roles), `groups.rs`, `members.rs`, `org.rs`,
//!    `log.rs`: the actions. Looking before and after a write is core's.
//!
//! Facts come from Slack's documentation, its description of 2021, its later method pages, and the tests of its Java SDK;
//! what stays unverified stands in [`DEFINITION`]'s notes.

mod catalogue;
mod definition;
mod fault;
mod grants;
mod groups;
mod lifecycle;
mod log;
mod map;
mod members;
mod org;
mod roles;
mod users;
mod wire;

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;
use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Grant, Http, Next, Paging, Request, TotalAt, Vendor, in_one_cloud,
};
use userdir_core::{Call, Connect, Effect, Error, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one Slack organization.
#[derive(Debug)]
pub struct SlackEnterprise {
    /// The Web API: one method, one path.
    web: Http,
    /// SCIM v2.
    scim: Http,
    /// The audit logs.
    audit: Http,
    /// Whose token it is, once that was asked.
    identity: OnceLock<wire::Identity>,
    /// Workspaces of user groups that were looked for, by the group's id.
    workspaces_of_groups: Mutex<HashMap<String, String>>,
}

provider!(SlackEnterprise, DEFINITION);

/// What is peculiar about Slack's HTTP, the same for its three interfaces. It tells of its limits by `Retry-After` alone.
static SLACK: Vendor = Vendor { fault: fault::fault, ..Vendor::JSON };

/// A list of the Web API that goes on by cursor; it ends with an empty one or none.
pub(crate) const fn by_cursor(items: &'static str, max: u32) -> Paging {
    let next = Next::BodyCursor { path: "response_metadata.next_cursor", parameter: "cursor" };
    Paging { items, limit: "limit", max, next, total: TotalAt::Nowhere }
}

/// A list of SCIM.
pub(crate) const fn by_index(max: u32) -> Paging {
    Paging {
        items: "Resources",
        limit: "count",
        max,
        next: Next::Offset { parameter: "startIndex", first: 1 },
        total: TotalAt::Body("totalResults"),
    }
}

#[async_trait]
impl Connect for SlackEnterprise {
    fn connect(connection: Connection) -> Result<SlackEnterprise> {
        let auth = || {
            if connection.scheme.name == "api_token" {
                return Auth::bearer(&connection.secret("api_token")?);
            }
            // the account's store keeps the rotated tokens, for the three interfaces together
            Ok(Auth::token(Grant::RefreshToken {
                url: connection.url("token_url")?,
                client_id: connection.require("client_id")?.to_owned(),
                client: ClientAuth::Post(connection.secret("client_secret")?),
                refresh_token: connection.secret("refresh_token")?,
            }))
        };
        let [web, scim, audit] = ["base_url", "scim_base_url", "audit_base_url"].map(|key| connection.url(key));
        let (web, scim, audit, token) = (web?, scim?, audit?, connection.url("token_url")?);
        let mut addresses = vec![("base_url", &web), ("scim_base_url", &scim), ("audit_base_url", &audit)];
        if connection.scheme.name == "refresh_token" {
            addresses.push(("token_url", &token));
        }
        in_one_cloud(&addresses, ["slack-gov.com", "slack.com"])?;
        Ok(SlackEnterprise {
            web: connection.http(web, &SLACK, auth()?),
            scim: connection.http(scim, &SLACK, auth()?),
            audit: connection.http(audit, &SLACK, auth()?),
            identity: OnceLock::new(),
            workspaces_of_groups: Mutex::default(),
        })
    }

    fn http(&self) -> &Http {
        &self.web
    }

    async fn check(&self, call: &Call) -> Result<()> {
        if self.test(call).await?.is_of_organization() {
            return Ok(());
        }
        Err(Error::config("the token is one of a workspace, and not of the organization")
            .hint("install the app on the organization, as an owner or administrator of the organization"))
    }
}

impl SlackEnterprise {
    /// A method that reads, and is posted. Its arguments go as a form, which Slack takes everywhere.
    pub(crate) fn ask<'a>(
        &self,
        method: &'static str,
        arguments: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Request {
        self.web.post(method).as_read().form(arguments)
    }

    /// A SCIM patch. Its operations decide what changes: others would go past the checks.
    pub(crate) fn scim_patch(&self, at: &'static str, id: &str, body: &Value) -> Request {
        self.scim.patch(at).id(id).json(body).guarding(&["Operations"]).primary()
    }

    /// Asks whose token it is, which proves it.
    async fn test(&self, call: &Call) -> Result<wire::Identity> {
        self.ask("auth.test", []).read(call).await?.json()
    }

    /// Whose token it is; asked once.
    pub(crate) async fn identity(&self, call: &Call) -> Result<&wire::Identity> {
        if let Some(known) = self.identity.get() {
            return Ok(known);
        }
        let identity = self.test(call).await?;
        Ok(self.identity.get_or_init(|| identity))
    }

    /// The organization's id.
    pub(crate) async fn organization(&self, call: &Call) -> Result<Option<&str>> {
        Ok(self.identity(call).await?.enterprise_id.as_deref())
    }

    /// Refuses what would end the own token, or its rights: nothing could undo it.
    pub(crate) async fn refuse_own(&self, call: &Call, user_id: &str) -> Result<()> {
        if self.identity(call).await?.user_id != user_id {
            return Ok(());
        }
        Err(Error::refused("this is the person whose token the account has")
            .about(user_id)
            .hint("use the token of another owner or administrator"))
    }
}

/// What became of a write by the Web API.
///
/// # Errors
/// One that leaves that open, where the answer does not say `ok`: it may come from somebody between Slack and here.
pub(crate) fn taken(answer: Option<Answer>) -> Result<Effect> {
    if let Some(answer) = &answer {
        answer.json::<wire::Success>()?;
    }
    Ok(Effect::of_write(answer))
}

/// Refuses an id that would be two where Slack takes several, joined by commas, or more than an id in a SCIM filter.
pub(crate) fn one_id(what: &str, id: &str) -> Result<()> {
    if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Error::invalid(format!("`{what}` is no id of Slack's: it has letters and digits alone")).about(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_the_organization_where_slack_says_so() {
        for (json, is_so) in [
            (r#"{"user_id": "W1", "enterprise_id": "E1", "is_enterprise_install": true}"#, true),
            (r#"{"user_id": "W1", "enterprise_id": "E1", "is_enterprise_install": false}"#, false),
            (r#"{"user_id": "W1", "enterprise_id": "E1"}"#, false),
            (r#"{"user_id": "W1", "is_enterprise_install": true}"#, false),
        ] {
            let identity: wire::Identity = serde_json::from_str(json).unwrap();
            assert_eq!(identity.is_of_organization(), is_so, "{json}");
        }
    }
}
