#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what JumpCloud is like (`JUMPCLOUD`), what to ask for and what is true of each action ([`DEFINITION`]),
//!    and how to connect.
//! 2. `wire.rs`: JumpCloud's JSON. `map.rs`: from JumpCloud's JSON to the unified schema, pure functions.
//! 3. `administrators.rs`: who is behind a directory user when it comes to roles, and the guards. `assign.rs`: giving
//!    roles and taking them away.
//! 4. `list_users.rs`, `users.rs`, `lifecycle.rs`, `groups.rs`, `roles.rs`, `organizations.rs`, `insights.rs`: the other actions.
//!
//! Facts come from JumpCloud's descriptions of its three APIs (August 2026) and its own command line; what stays
//! unverified stands in [`DEFINITION`]'s notes.

mod administrators;
mod assign;
mod definition;
mod groups;
mod insights;
mod lifecycle;
mod list_users;
mod map;
mod organizations;
mod roles;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod users;
mod wire;

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Fault, Grant, Http, Next, Paging, Request, TotalAt, Vendor,
};
use userdir_core::{Action, Call, Connect, ErrorKind, Reply, Result, async_trait, provider};
use userdir_schema::Unified;

use administrators::Catalogue;
pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one JumpCloud organization.
#[derive(Debug)]
pub struct JumpCloud {
    /// Users, administrators, organizations.
    v1: Api,
    /// Groups, roles.
    v2: Api,
    /// Events.
    insights: Api,
    /// Service accounts act for nobody: there is no "me".
    is_service_account: bool,
    /// The list of roles, and when it was read in seconds since 1970.
    kept_roles: Mutex<Option<(i64, Arc<Catalogue>)>>,
}

provider!(JumpCloud, DEFINITION);

/// One of JumpCloud's three APIs, with the organization that the account is about.
#[derive(Debug)]
struct Api {
    http: Http,
    organization: Option<String>,
}

impl Api {
    fn get(&self, path: &'static str) -> Request {
        self.within(self.http.get(path))
    }

    fn post(&self, path: &'static str) -> Request {
        self.within(self.http.post(path))
    }

    fn put(&self, path: &'static str) -> Request {
        self.within(self.http.put(path))
    }

    fn delete(&self, path: &'static str) -> Request {
        self.within(self.http.delete(path))
    }

    /// Names the organization, which is needed where the credentials reach several.
    fn within(&self, request: Request) -> Request {
        match &self.organization {
            Some(id) => request.header("x-org-id", id),
            None => request,
        }
    }
}

/// What is peculiar about JumpCloud's HTTP. It documents no headers of its limits.
static JUMPCLOUD: Vendor = Vendor { fault, request_id: "x-request-id", repeats_500: true, ..Vendor::JSON };

/// JumpCloud's error body: JSON with a message, or plain text.
fn fault(answer: &Answer) -> Option<Fault> {
    if answer.is_success() {
        return None;
    }
    let (message, code) = match answer.json::<wire::Error>() {
        Ok(error) => (error.text(), error.status),
        Err(_) => (std::str::from_utf8(&answer.body).ok().map(|text| text.trim().to_owned()), None),
    };
    // "User already exists" comes as a bad request
    let exists = message.as_deref().is_some_and(|text| text.to_lowercase().contains("already exists"))
        || code.as_deref() == Some("ALREADY_EXISTS");
    let kind = (answer.status == 400 && exists).then_some(ErrorKind::Conflict);
    Some(Fault { message: message.filter(|text| !text.is_empty()), code, kind, ..Fault::default() })
}

#[async_trait]
impl Connect for JumpCloud {
    fn connect(connection: Connection) -> Result<JumpCloud> {
        let domain = match connection.get("region") {
            Some(region @ ("eu" | "in")) => format!("{region}.jumpcloud.com"),
            _ => "jumpcloud.com".to_owned(),
        };
        let address = |key, host: &str, path| connection.url_or(key, &format!("https://{host}.{domain}/{path}"));
        let v1 = address("base_url", "console", "api")?;
        let v2 = connection.url_or("v2_base_url", &format!("{}/v2", v1.as_str().trim_end_matches('/')))?;
        let insights = address("insights_base_url", "api", "insights/directory/v1")?;
        let token_url = address("token_url", "admin-oauth.id", "oauth2/token")?;
        let is_service_account = connection.scheme.name == "client_credentials";
        let auth = || -> Result<Auth> {
            if !is_service_account {
                return Auth::header("x-api-key", "", &connection.secret("api_key")?);
            }
            let client = ClientAuth::Basic(connection.secret("client_secret")?);
            let client_id = connection.require("client_id")?;
            Ok(Auth::token(Grant::client_credentials(token_url.clone(), client_id, client, Some("api".to_owned()))))
        };
        let organization = connection.get("organization_id").map(str::to_owned);
        let api = |base| -> Result<Api> {
            Ok(Api { http: connection.http(base, &JUMPCLOUD, auth()?), organization: organization.clone() })
        };
        Ok(JumpCloud {
            v1: api(v1)?,
            v2: api(v2)?,
            insights: api(insights)?,
            is_service_account,
            kept_roles: Mutex::default(),
        })
    }

    fn http(&self) -> &Http {
        &self.v1.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        let list = match self.v1.organization {
            // organizations are listed whichever one is named: a wrong one shows where it is looked into
            Some(_) => self.v1.get("systemusers"),
            None => self.v1.http.get("organizations"),
        };
        list.query("limit", "1").probe(call).await
    }

    fn refuses(&self, action: Action) -> Option<String> {
        (action == Action::ListMe && self.is_service_account)
            .then(|| "a service account acts for no administrator; connect with an API key to have a \"me\"".to_owned())
    }
}

/// How the lists that count are paged: most of v1, and roles.
const COUNTED: Paging = Paging {
    items: "results",
    limit: "limit",
    max: 100,
    next: Next::Offset { parameter: "skip", first: 0 },
    total: TotalAt::Body("totalCount"),
};

/// Lists of v2 that are their body; the total is in a header.
const GRAPH: Paging = Paging { items: "", total: TotalAt::Header("x-total-count"), ..COUNTED };

/// Reads each of what a list named by its id.
async fn each(call: &Call, ids: &[String], get: impl Fn(&str) -> Request) -> Result<Vec<Answer>> {
    let mut found = Vec::new();
    for id in ids {
        match get(id).read(call).await {
            Ok(answer) => found.push(answer),
            // deleted since the list was read; where JumpCloud counts what is listed, the count tells
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The members that have a value.
fn given(members: Value) -> Map<String, Value> {
    let Value::Object(mut members) = members else { return Map::new() };
    members.retain(|_, value| !value.is_null());
    members
}

/// The body of a `PUT` that replaces: what is there and may be written, with what changes.
fn replaced(answer: &Answer, writable: &[&str], changes: Value) -> Result<Map<String, Value>> {
    let mut body = given(answer.json()?);
    body.retain(|name, value| writable.contains(&name.as_str()) && *value != "");
    body.extend(given(changes));
    Ok(body)
}

/// Says where a user who was blocked or deleted is an administrator too: that account is not touched by it.
fn noted<T: Unified>(reply: Reply<T>, answer: Option<Answer>) -> Reply<T> {
    let user = answer.as_ref().and_then(|answer| answer.json::<wire::SystemUser>().ok());
    match user.and_then(|user| user.admin).and_then(|admin| admin.id) {
        Some(id) => reply.note(format!(
            "the user is an administrator too (`{id}`), and that account stays: `users unassign-role` takes its roles away"
        )),
        None => reply,
    }
}
