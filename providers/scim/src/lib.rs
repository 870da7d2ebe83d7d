#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what SCIM servers have in common, what to ask for and what is true of each action ([`DEFINITION`]), and
//!    how to connect.
//! 2. [`userdir_core::scim`]: users and groups in SCIM's JSON, and from it to the unified schema. `wire.rs`, `map.rs`: what
//!    is there beside them.
//! 3. Where servers differ: `discovery.rs` (what a server says about itself), `paging.rs` (which pages to ask for),
//!    `patch.rs` (the forms of a change, and falling back from one to the next).
//! 4. `users.rs`, `groups.rs`, `roles.rs`: the actions. Looking before and after a write is core's.
//!
//! Facts come from RFC 7643, RFC 7644 and RFC 9865, from vendors' descriptions, and from running servers; what stays
//! unverified stands in [`DEFINITION`]'s notes.

mod definition;
mod discovery;
mod groups;
mod map;
mod paging;
mod patch;
mod roles;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod users;
mod wire;

use std::sync::OnceLock;

use userdir_core::http::{Answer, Auth, ClientAuth, Connection, Fault, Grant, Http, Resources, Vendor};
use userdir_core::{Action, Call, Connect, IdRule, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one SCIM server.
#[derive(Debug)]
pub struct Scim {
    http: Http,
    deactivate_deletes: bool,
    /// The server never shows the members of a group.
    hides_members: bool,
    id_rule: IdRule,
    /// What the server says about itself, once it was asked.
    config: OnceLock<discovery::Config>,
    /// Whether it has groups, once it was asked; none where it does not say.
    has_groups: OnceLock<Option<bool>>,
    habits: Habits,
}

/// The forms of changes that this server takes.
#[derive(Debug, Default)]
struct Habits {
    active: patch::Habit,
    update: patch::Habit,
    add_member: patch::Habit,
    remove_member: patch::Habit,
    add_role: patch::Habit,
    remove_role: patch::Habit,
}

provider!(Scim, DEFINITION);

/// SCIM over HTTP. Limits are the products', and so are the headers that tell of them: `Retry-After` is honoured.
const fn scim(content_type: &'static str) -> Vendor {
    Vendor { fault, accept: "application/scim+json, application/json;q=0.9", content_type, ..Vendor::JSON }
}

static SCIM: Vendor = scim("application/scim+json");
/// For products that take plain JSON alone.
static SCIM_AS_JSON: Vendor = scim("application/json");

/// The server's error body. Its kind is the status's: `scimType` is told and not trusted, since servers put it anywhere.
fn fault(answer: &Answer) -> Option<Fault> {
    let error: userdir_core::scim::wire::Error = (!answer.is_success()).then(|| answer.json().ok())??;
    Some(Fault { message: error.message(), code: error.scim_type.map(|code| code.to_string()), ..Fault::default() })
}

#[async_trait]
impl Connect for Scim {
    fn connect(connection: Connection) -> Result<Scim> {
        let auth = match connection.scheme.name {
            "basic" => Auth::basic(connection.require("username")?, &connection.secret("password")?)?,
            "header" => Auth::header(connection.require("header_name")?, "", &connection.secret("header_value")?)?,
            "client_credentials" => {
                let secret = connection.secret("client_secret")?;
                let by_post = connection.get("client_authentication") == Some("post");
                Auth::token(Grant::client_credentials(
                    connection.url("token_url")?,
                    connection.require("client_id")?,
                    if by_post { ClientAuth::Post(secret) } else { ClientAuth::Basic(secret) },
                    connection.get("scope").map(str::to_owned),
                ))
            }
            _ => Auth::bearer(&connection.secret("bearer_token")?)?,
        };
        let vendor = if connection.get("content_type") == Some("application/json") { &SCIM_AS_JSON } else { &SCIM };
        Ok(Scim {
            http: connection.http(connection.url("base_url")?, vendor, auth),
            deactivate_deletes: connection.flag("deactivate_deletes"),
            hides_members: connection.flag("hides_members"),
            id_rule: if connection.flag("slashes_in_ids") { IdRule::Any } else { IdRule::Plain },
            config: OnceLock::new(),
            has_groups: OnceLock::new(),
            habits: Habits::default(),
        })
    }

    /// One user: `ServiceProviderConfig` may be public and would prove nothing.
    async fn check(&self, call: &Call) -> Result<()> {
        let users = || self.http.get("Users");
        let answer = match users().query("startIndex", "1").query("count", "1").read(call).await {
            // canaille breaks on paging parameters
            Err(error) if error.vendor().is_some_and(|answer| answer.status == 500) => users().read(call).await?,
            read => read?,
        };
        wire::ListHead::read(&answer.body).map(drop)
    }

    fn http(&self) -> &Http {
        &self.http
    }

    fn resources(&self) -> Resources {
        Resources { root: "", paging: paging::LISTS }
    }

    fn refuses(&self, action: Action) -> Option<String> {
        if action == Action::ActivateUser && self.deactivate_deletes {
            return Some("deactivating deletes the user there, and nothing is left to activate".to_owned());
        }
        self.refuses_groups(action)
    }

    fn id_rule(&self) -> IdRule {
        self.id_rule
    }
}
